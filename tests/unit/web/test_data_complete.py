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
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
from agent.opening import open_instance
from agent.settings.instance import locate
from agent.store import inspection, schema
from agent.web.wording import AGENT_FIELDS, EXTENSION_FIELDS, TABLES
from native_host import copying
from native_host.frames import Decoder
from tests.unit.web.fake_face import StillClock
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
    assert list(listed) == ["log", "faults", "browser", "session", "beside"]
    assert (listed["log"], listed["faults"]) == (dict(LOG_FIELDS), dict(FAULT_FIELDS))
    assert set(FAULT_FIELDS) == set(FaultReport.__struct_fields__)


async def test_the_page_shows_every_field_of_every_file(inside: Page) -> None:
    text = unescape(await text_of(inside, "/data"))
    for file in looked_at().files:
        assert f"<h3>{file.title}</h3>\n    <p>{file.what}</p>" in text
        for field, meaning in file.fields.items():
            assert f"<dt><code>{field}</code></dt><dd>{meaning}</dd>" in text, field


SEQUENCE = "e1, e2, …"
"""How the keys `e1`, `e2` and so on are listed, which `keyOf` makes."""
STORES = re.compile(r"(?:(?:\.|#)(?P<area>local|session|sync)\.set|#save)\((?P<what>.)")
OTHER_STORES = re.compile(r"localStorage|sessionStorage|indexedDB|caches\.|document\.cookie|storage\.sync|\[\"?storage")


def kept_in_the_browser(source: str) -> dict[str, set[str]]:
    """Area of the browser's storage → its keys that a file of the extension writes.

    Keys are written out where something is stored, so that they can be found: `set({ [KEY]: … })`, `#save({ a: … })`,
    or `items` with its keys. Any other form fails here.
    """
    names = dict(re.findall(r'^const ([A-Z_]+) = "(\w+)";$', source, re.MULTILINE))
    found: dict[str, set[str]] = {}
    for call in STORES.finditer(source):
        area = found.setdefault(call["area"] or "session", set())
        if call["what"] == "{":
            area |= keys_of(source, call.end(), names)
        elif call["what"] != ")":
            assert source.startswith("items)", call.end() - 1), "write the keys out where something is stored"
    if literal := re.search(r"\bitems = .*?\(\{", source):
        found["session"] |= keys_of(source, literal.end(), names)
    for key in re.findall(r'\bitems\["(\w+)"\] =', source):
        found["session"].add(key)
    return found


def keys_of(source: str, start: int, names: Mapping[str, str]) -> set[str]:
    """The keys of an object that is written out, from behind its bracket on."""
    depth, parts = 1, [""]
    for letter in source[start:]:
        depth += (letter in "{([") - (letter in "})]")
        if depth == 0:
            break
        if depth == 1 and letter == ",":
            parts.append("")
        else:
            parts[-1] += letter
    keys = set()
    for key in (part.partition(":")[0].strip() for part in parts if part.strip()):
        if key.startswith("["):
            inner = key.strip("[]")
            keys.add(SEQUENCE if inner.startswith("keyOf(") else names[inner])
        else:
            assert key.isidentifier(), f"what is stored under {key}?"
            keys.add(key)
    return keys


def test_every_key_of_the_browsers_storage_is_listed_and_no_other() -> None:
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "extension").rglob("*.js")):
        source = path.read_text("utf-8")
        assert not OTHER_STORES.search(source), f"{path.name} keeps something in a place that is not looked at here"
        for area, keys in kept_in_the_browser(source).items():
            found.setdefault(area, set()).update(keys)
    listed = {file.id: set(file.fields) for file in looked_at().files}
    assert found == {"local": listed["browser"], "session": listed["session"]}


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("api.storage.local.set({ fresh: [1, 2], [NEW]: { a: 1 } })", {"local": {"fresh", "new"}}),
        ("this.#local.set({ [NEW]: f(a, { b: 1 }), fresh: 1 })", {"local": {"fresh", "new"}}),
        ("this.#edges.session.set({ fresh })", {"session": {"fresh"}}),
        ("this.#save({ fresh: 1, [keyOf(load.seq)]: entry })", {"session": {"fresh", SEQUENCE}}),
    ],
)
def test_a_new_key_is_found_in_every_form(source: str, keys: dict[str, set[str]]) -> None:
    assert kept_in_the_browser(f'const NEW = "new";\n{source}') == keys


@pytest.mark.parametrize("source", ["this.#local.set(all)", 'this.#save({ "a b": 1 })', "this.#local.set({ ...all })"])
def test_a_key_that_cannot_be_found_is_refused(source: str) -> None:
    with pytest.raises(AssertionError):
        kept_in_the_browser(source)


async def test_every_small_file_beside_the_database_is_listed(tmp_path: Path) -> None:
    instance = locate({"GLEANWATCH_HOME": str(tmp_path / "home")}, sys.platform, tmp_path, 1000)
    named = {
        name for file in looked_at().files if file.id == "beside" for field in file.fields for name in field.split(", ")
    }
    opened = open_instance(instance, _uid(), StillClock(), find_backend=lambda: None, say=lambda _text: None)
    try:
        await opened.store.write(lambda _tx: None)
        lying = {path.name for path in instance.root.rglob("*") if path.is_file()}
    finally:
        await opened.store.close()
        opened.close()
    assert lying - {instance.database.name} <= named
    assert {instance.key_file.name, instance.lock_file.name, instance.config_file.name} <= named


def _uid() -> int:
    return os.getuid() if sys.platform != "win32" else 0


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
