"""Doctor: each link of the chain is broken for real; the right one is named, and its mend is run and mends it."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from rich.console import Console

from agent.cli import chain
from agent.cli.chain import Check, State, Surroundings
from agent.cli.doctor import show
from agent.keys.keystore import database_key
from agent.settings.instance import locate
from native_host.browsers import places
from tests.support.places import EXTENSION
from tests.unit.cli.living import Living, broken, living

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the relay does not run on Windows yet")


@pytest.fixture(scope="module")
def whole() -> Iterator[Living]:
    """A whole chain, with its agent running; tests put back what they break."""
    with living() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Living]:
    """A whole chain of a test's own, thrown away afterwards."""
    with living() as one:
        yield one


def around(one: Living, **more: Any) -> Surroundings:
    """The chain as this process looks at it."""
    found = Surroundings(
        locate(one.env, sys.platform, one.folder, os.getuid()),
        os.getuid(),
        sys.platform,
        places(sys.platform, one.folder, one.env),
        EXTENSION,
    )
    return replace(found, **more)


def test_a_whole_chain_is_whole_at_every_link(whole: Living) -> None:
    document = whole.doctor()
    assert document["ok"], broken(document)
    links = list(dict.fromkeys(check["link"] for check in document["checks"]))
    assert links == ["settings", "extension", "host", "browser", "socket", "agent", "store", "ledger"]
    host = [check for check in document["checks"] if check["link"] == "host" and check["what"].startswith("started")]
    assert {check["found"] for check in host} == {"it starts, and the agent answers through it"}
    assert len(host) == 2, "as Chromium starts it and as Firefox does"


def test_looking_leaves_nothing(whole: Living) -> None:
    def state() -> tuple[Any, Any, Any]:
        status = whole.run("status", "--json").json
        return status["counters"], status["browsers"], whole.run("ledger", "checkpoint", "--json").json["note"]

    before = state()
    whole.doctor()
    assert state() == before


def test_people_get_lines_that_end_in_a_verdict(whole: Living) -> None:
    ran = whole.run("doctor")
    assert ran.code == 0, ran.out
    assert "Every link of the chain works." in ran.out
    assert ran.err == "", "no progress where nobody looks"


def change(path: Path, /, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def delete_manifest(one: Living) -> None:
    one.chromium.unlink()


def other_extension(one: Living) -> None:
    change(one.chromium, allowed_origins=["chrome-extension://" + "a" * 32 + "/"])


def other_program(one: Living) -> None:
    change(one.chromium, name="org.example.other")


def other_installation(one: Living) -> None:
    change(one.chromium, path="/nowhere/gleanwatch_native_host")


def not_json(one: Living) -> None:
    one.chromium.write_text("{", "utf-8")


def delete_launcher(one: Living) -> None:
    one.launcher.unlink()


def launcher_without_right(one: Living) -> None:
    one.launcher.chmod(0o600)


def launcher_that_ends(one: Living) -> None:
    one.launcher.write_text("#!/bin/sh\n# Written by Gleanwatch's installer\nexit 3\n", "utf-8")


def relay_without_code(one: Living) -> None:
    (relay,) = one.launcher.parent.glob("lib-*/native_host/relay.py")
    relay.write_text("", "utf-8")
    shutil.rmtree(relay.parent / "__pycache__")


def socket_folder_open(one: Living) -> None:
    (one.home / "run").chmod(0o755)


def socket_folder_shut(one: Living) -> None:
    (one.home / "run").chmod(0o600)


def database_open(one: Living) -> None:
    one.database.chmod(0o640)


@pytest.mark.parametrize(
    ("breaks", "link", "says"),
    [
        (delete_manifest, "browser", "has no manifest"),
        (other_extension, "browser", "does not name this release's host and extension"),
        (other_program, "browser", "Another program's file has our name"),
        (other_installation, "browser", "Another Gleanwatch is registered there"),
        (not_json, "browser", "Another program's file has our name"),
        (delete_launcher, "host", "is not there: browsers find nothing to start"),
        (launcher_without_right, "host", "may not be started"),
        (launcher_that_ends, "host", "does not answer: it ended with status 3"),
        (relay_without_code, "host", "does not answer"),
        (socket_folder_open, "socket", "is open to other users"),
        (database_open, "store", "other users may open gleanwatch.db"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_link_is_named_and_its_mend_mends_it(
    whole: Living, breaks: Callable[[Living], None], link: str, says: str
) -> None:
    breaks(whole)
    found = broken(whole.doctor())
    mine = [check for check in found if check["link"] == link and says in check["found"]]
    assert mine, found
    assert all(check["do"] for check in found), "every failure names its mend"
    assert whole.shell(mine[0]["do"]) == 0, mine[0]["do"]
    assert whole.doctor()["ok"], broken(whole.doctor())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may enter any folder")
def test_a_socket_folder_that_cannot_be_entered(whole: Living) -> None:
    socket_folder_shut(whole)
    found = broken(whole.doctor())
    assert whole.shell(next(check for check in found if check["link"] == "socket")["do"]) == 0
    assert whole.doctor()["ok"]


def test_without_an_agent_only_the_agent_is_broken(other: Living) -> None:
    """What merely cannot be tried, because the agent is gone, is not called broken; the store is tried all the same."""
    other.end(signal.SIGKILL)
    document = other.doctor()
    assert [(check["link"], check["do"]) for check in broken(document)] == [("agent", "gleanwatch run")]
    by_link = {check["link"]: check for check in document["checks"]}
    assert "nobody listens" in by_link["socket"]["found"]
    assert by_link["ledger"]["state"] == "fine"
    assert any("it says that no agent runs" in check["found"] for check in document["checks"])
    ran = other.run("doctor")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "gleanwatch run" in ran.err


def test_a_damaged_database_and_a_rewritten_ledger_are_told_apart(other: Living) -> None:
    other.end()
    kept = other.database.read_bytes()
    data = bytearray(kept)
    for at in range(4096 * 2, len(data), 4096):
        data[at + 50] ^= 1
    other.database.write_bytes(data)
    (store,) = [check for check in broken(other.doctor()) if check["link"] == "store"]
    assert "damaged" in store["found"]
    assert store["do"] == "gleanwatch run --set-aside"

    other.database.write_bytes(kept)
    rewrite_newest_checkpoint(other)
    (ledger,) = [check for check in broken(other.doctor()) if check["link"] in ("store", "ledger")]
    assert ledger["do"] == "gleanwatch ledger verify"


def rewrite_newest_checkpoint(one: Living) -> None:
    """Change one letter of the newest checkpoint's root, as somebody with the key could."""
    key = database_key(locate(one.env, sys.platform, one.folder, os.getuid()), None).key
    found = apsw.Connection(str(one.database))
    for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{key.hex()}'"):
        found.execute(statement).fetchall()
    guards = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'ledger_checkpoint'"
    for (name,) in found.execute(guards).fetchall():
        found.execute(f"DROP TRIGGER {name}")
    log, size, note = found.execute("SELECT log, size, note FROM ledger_checkpoint ORDER BY number DESC LIMIT 1").get
    lines = note.split(b"\n") if isinstance(note, bytes) else note.encode().split(b"\n")
    lines[2] = (b"A" if lines[2][:1] != b"A" else b"B") + lines[2][1:]
    changed = b"\n".join(lines)
    value = changed if isinstance(note, bytes) else changed.decode()
    found.execute("UPDATE ledger_checkpoint SET note = ? WHERE log = ? AND size = ?", (value, log, size))
    found.close()


def test_an_agent_that_is_stopped_in_its_tracks_is_told_from_none(other: Living) -> None:
    assert other.process is not None
    other.process.send_signal(signal.SIGSTOP)
    try:
        (agent,) = chain.agent(around(other, patience=0.3))
        (socket,) = chain.relay_socket(around(other, patience=0.3))
        hosts = list(chain.host(around(other, patience=1.0)))
    finally:
        other.process.send_signal(signal.SIGCONT)
    assert (agent.state, socket.state) == (State.BROKEN, State.BROKEN)
    assert "does not answer" in agent.found
    assert "does not answer" in socket.found
    assert {host.found for host in hosts} == {"it reached the agent, which did not answer in time"}


def test_before_the_first_start_nothing_is_called_broken_but_what_is_missing() -> None:
    with living(started=False) as fresh:
        document = fresh.doctor()
        assert {check["link"] for check in broken(document)} == {"host", "browser", "agent"}
        (store,) = [check for check in document["checks"] if check["link"] == "store"]
        assert store["state"] == "note"
        assert not fresh.database.exists(), "looking makes nothing"


def test_a_policy_with_an_error_is_named(other: Living, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[monitoring\n", "utf-8")
    ran = other.run("doctor", "--json", GLEANWATCH_POLICY=str(policy))
    first = next(check for check in ran.json["checks"] if check["state"] == "broken")
    assert (ran.code, first["link"]) == (1, "settings")
    assert str(policy) in first["do"]


def without_file(folder: Path) -> None:
    (folder / "popup.html").unlink()


def with_another_key(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"key": "MIIB', '"key": "MIIC'), "utf-8")


def with_another_addon_id(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("gleanwatch@gleanwatch.org", "x@example.org"), "utf-8")


def without_sense(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}", "utf-8")


@pytest.mark.parametrize(
    ("breaks", "what"),
    [(without_file, "files"), (with_another_key, "id"), (with_another_addon_id, "id"), (without_sense, "manifest")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_extension_that_no_browser_could_use(tmp_path: Path, breaks: Callable[[Path], None], what: str) -> None:
    folder = tmp_path / "extension"
    shutil.copytree(EXTENSION, folder)
    assert [check.state for check in chain.extension(folder)] == [State.FINE]
    breaks(folder)
    (found,) = chain.extension(folder)
    assert (found.what, found.state) == (what, State.BROKEN)
    assert found.do


def test_only_our_own_host_is_started(whole: Living, tmp_path: Path) -> None:
    """A manifest of our name that names another program is reported; that program is not run."""
    foreign = tmp_path / "foreign"
    foreign.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n", "utf-8")
    foreign.chmod(0o700)
    kept = whole.chromium.read_text("utf-8")
    change(whole.chromium, path=str(foreign))
    try:
        assert broken(whole.doctor())
    finally:
        whole.chromium.write_text(kept, "utf-8")
    assert not (tmp_path / "ran").exists()


def test_a_browser_that_is_shut_in_is_named_as_such(whole: Living) -> None:
    """A flatpak's browser cannot start a program outside of its box: registered or not, that is said."""
    app = whole.folder / ".var/app/org.mozilla.firefox"
    app.mkdir(parents=True)
    try:
        assert whole.run("browser", "install").code == 0
        shut = [check for check in whole.doctor()["checks"] if "flatpak" in check["what"]]
    finally:
        shutil.rmtree(whole.folder / ".var")
    assert [check["state"] for check in shut] == ["note"]
    assert "shut in" in shut[0]["found"]


def test_each_link_has_one_heading_and_a_path_takes_no_full_stop_along() -> None:
    say = Console(width=200, record=True, file=io.StringIO())
    show(
        say,
        [
            Check("host", "launcher", State.FINE, "/opt/gw/host"),
            Check("browser", "Chromium", State.NOTE, "none is there"),
            Check("host", "started", State.FINE, "it answers"),
        ],
    )
    lines = say.export_text().splitlines()
    assert [line for line in lines if line in ("Host", "Browser")] == ["Host", "Browser"]
    assert "launcher: /opt/gw/host" in lines[1] and not lines[1].rstrip().endswith(".")
    assert lines[-1] == "Every link of the chain works. What has a • is worth knowing."
