"""«My data» is whole: a column, a field of an event or a message, a line of the log that it does not list fails here.

What is listed is held against the real things: a real database's tables, the types of events, the messages that the
agent takes and makes, the code that logs.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, get_args

import apsw
import msgspec
import pytest

from agent.content.looked_at import LookedAtError, looked_at, parse
from agent.crashes import FAULT_FIELDS, FaultReport
from agent.link import messages
from agent.logs import LOG_FIELDS
from agent.model import events
from agent.model.findings import Finding, Level, Stage
from agent.model.purposes import Gate, GateState, Mode, Purpose
from agent.store import inspection, schema
from agent.web.wording import AGENT_FIELDS, EXTENSION_FIELDS, TABLES
from native_host import copying
from native_host.frames import Decoder
from tests.unit.web.served import Page

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def columns() -> dict[str, dict[str, str]]:
    """Table → column → type, of a database that every migration was run on."""
    conn = apsw.Connection(":memory:")
    for _version, sql in schema.MIGRATIONS:
        conn.execute(sql)
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        table: {row[1]: row[2] for row in conn.execute(f"PRAGMA table_info({table})")}
        for table in tables
        if not table.startswith("sqlite_")
    }


# What is kept


def test_every_table_has_a_place_a_name_and_a_way_to_be_looked_at(columns: dict[str, dict[str, str]]) -> None:
    placed = [table for kind in looked_at().kinds for table in kind.tables]
    assert sorted(placed) == sorted(columns)
    assert set(TABLES) == set(inspection.TABLES) == set(schema.FIELDS) == set(columns)


def test_every_column_is_listed_and_no_other(columns: dict[str, dict[str, str]]) -> None:
    assert {table: set(fields) for table, fields in schema.FIELDS.items()} == {t: set(c) for t, c in columns.items()}


def test_all_bytes_that_are_not_text_are_told_by_their_number_alone(columns: dict[str, dict[str, str]]) -> None:
    blobs = {(table, name) for table, found in columns.items() for name, type_ in found.items() if type_ == "BLOB"}
    assert blobs == inspection.SIZED | inspection.READABLE
    assert {("ledger_key", "seed"), ("ledger_content", "key"), ("ledger_content", "salt")} <= inspection.SIZED


async def test_the_page_shows_every_column_with_its_meaning(inside: Page, columns: dict[str, dict[str, str]]) -> None:
    text = unescape(await text_of(inside, "/data"))
    for table, found in columns.items():
        assert f'href="/data/{table}"' in text
        one = unescape(await text_of(inside, f"/data/{table}"))
        for name in found:
            entry = f"<dt><code>{name}</code></dt><dd>{schema.FIELDS[table][name]}</dd>"
            assert entry in text, (table, name)
            assert entry in one, (table, name)


# What is looked at


def test_every_field_of_every_event_is_listed_and_no_other() -> None:
    types = {
        name: {field.name for field in dataclasses.fields(one)}
        for name, one in vars(events).items()
        if inspect.isclass(one) and dataclasses.is_dataclass(one)
    }
    listed = {name: set(fields) for kind in looked_at().kinds for name, fields in kind.fields.items()}
    assert listed == types


async def test_the_page_shows_every_field_of_every_event(inside: Page) -> None:
    text = unescape(await text_of(inside, "/data"))
    for kind in looked_at().kinds:
        for name, fields in kind.fields.items():
            assert f"<h5><code>{name}</code></h5>" in text
            for field, meaning in fields.items():
                assert f"<dt><code>{field}</code></dt><dd>{meaning}</dd>" in text, (name, field)


def test_a_description_that_says_something_twice_or_wrongly_is_refused() -> None:
    text = (ROOT / "agent" / "content" / "looked_at.yaml").read_text("utf-8")
    with pytest.raises(LookedAtError, match="table twice: client"):
        parse(text.replace("tables: [finding]", "tables: [finding, client]"))
    with pytest.raises(LookedAtError, match="not well formed"):
        parse(text.replace("  sent: []", "  sends: []", 1))


# What passes between browser and agent


def test_every_field_that_a_browser_may_send_is_listed_and_no_other() -> None:
    taken = [
        set(one.__struct_fields__) - {"v"} for one in get_args(messages.Message) if set(one.__struct_fields__) != {"v"}
    ]
    listed = [set(fields) for fields in EXTENSION_FIELDS.values()]
    assert sorted(map(sorted, listed)) == sorted(map(sorted, taken))


def said_to_a_browser() -> Iterator[Any]:
    """Every message that the agent makes, with everything in it that can be."""
    gate = Gate(Purpose.DETECT, GateState.OPEN, 1)
    found = Finding("f", "t", "T", "f", Stage.RUNNING, 0.5, Level.LOW, True, ("x",), 1, 2, 1)
    answer = messages.Answer(1, "f", "stopped", 1, 1)
    refusal = messages.Refusal("unknown_version", "d", "hello")
    yield from (
        messages.encode_welcome("1", Mode.PERSONAL, "", 1),
        messages.encode_gate([gate]),
        messages.encode_ack(1, [(1, "bad_field")]),
        messages.encode_refuse(refusal),
        messages.encode_flags([found]),
        messages.encode_answered(answer, recorded=True),
        messages.encode_page("u"),
        *messages.encode_told(1, {}),
        messages.encode_not_told(1, "w"),
        messages.PONG,
    )


def names(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(names(inner) for inner in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(names(inner) for inner in value)) if value else set()
    return set()


def test_every_message_to_a_browser_is_tried_here() -> None:
    made = {name for name in vars(messages) if name.startswith("encode_")}
    source = inspect.getsource(said_to_a_browser)
    assert all(f"messages.{name}(" in source for name in made)


def said_by_the_relay() -> Iterator[bytes]:
    """What the relay says for itself, without a JSON library: that the agent is there, and that it is not."""
    assert sys.platform != "win32", "the relay is not built there"
    with tempfile.TemporaryDirectory(prefix="gw") as folder, socket.socket(socket.AF_UNIX) as agent:
        path = Path(folder) / "relay.sock"
        yield from relayed(path)
        agent.bind(str(path))
        agent.listen()
        yield from relayed(path)


def relayed(path: Path) -> list[bytes]:
    """Return what a relay says to a browser that closes its pipe at once."""
    assert sys.platform != "win32"
    source, browser = os.pipe()
    heard, output = os.pipe()
    os.close(browser)
    try:
        copying.Copying(source, output, bytes(path), os.getuid(), "1").run()
        said = Decoder().feed(os.read(heard, copying.PIECE))
    finally:
        for descriptor in (source, heard, output):
            os.close(descriptor)
    assert said, "the relay says how the agent is"
    return said


def test_every_field_that_a_browser_is_sent_is_listed_and_no_other() -> None:
    by_kind: dict[str, set[str]] = {}
    for body in said_to_a_browser():
        message = msgspec.json.decode(body)
        by_kind.setdefault(message["kind"], set()).update(names(message) - {"v", "kind"})
    for body in said_by_the_relay():
        message = json.loads(body)
        assert message["kind"] == "agent"
        by_kind.setdefault("agent", set()).update(names(message) - {"v", "kind"})
    listed = [set(fields) for fields in AGENT_FIELDS.values()]
    assert sorted(map(sorted, listed)) == sorted(sorted(fields) for fields in by_kind.values() if fields)


async def test_the_page_shows_every_field_of_every_message(inside: Page) -> None:
    text = unescape(await text_of(inside, "/data"))
    for table in (EXTENSION_FIELDS, AGENT_FIELDS):
        for title, fields in table.items():
            assert f"<summary>{title}</summary>" in text
            for field, meaning in fields.items():
                assert f"<dt><code>{field}</code></dt><dd>{meaning}</dd>" in text, (title, field)


# What is logged


def test_every_field_of_every_file_is_listed_in_its_own_words() -> None:
    listed = {file.id: file.fields for file in looked_at().files}
    assert listed == {"log": dict(LOG_FIELDS), "faults": dict(FAULT_FIELDS)}
    assert set(FAULT_FIELDS) == set(FaultReport.__struct_fields__)


def logged() -> Iterator[tuple[str, str | None]]:
    """Every call of a logger in our code: where, and its text; None where that is not written out."""
    for folder in ("agent", "native_host"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in {"log", "_log", "logger", "logging"}
                    and node.func.attr in {"debug", "info", "warning", "error", "exception", "critical", "log"}
                ):
                    first = node.args[0] if node.args else None
                    said = first.value if isinstance(first, ast.Constant) else None
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", said if isinstance(said, str) else None


def test_every_line_that_the_agent_can_log_is_listed_and_no_other() -> None:
    found = list(logged())
    assert not [where for where, said in found if said is None], "a line of the log is written out where it is logged"
    assert {said for _, said in found} == {line.says for line in looked_at().log}


def test_no_line_of_the_log_holds_an_error_with_its_text() -> None:
    """`log.exception` and `exc_info` would write a traceback with the error's own text."""
    for folder in ("agent", "native_host"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            assert "log.exception(" not in text, path
            assert "exc_info=" not in text, path


async def test_the_page_shows_every_line_of_the_log(inside: Page) -> None:
    text = unescape(await text_of(inside, "/data"))
    for line in looked_at().log:
        assert (
            f'<code lang="en">{line.says.replace("%s", "…").replace("%d", "…")}</code></dt><dd>{line.holds}</dd>'
            in text
        ), line.says


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()
