"""The log: four documented fields a line, a known size, its owner's alone, and never what somebody else wrote."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.logs import FILE_NAME, LEFT_OUT, LOG_FIELDS, LineFormat, LogFile, keep_log

SECRET = "s3cret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def loggers() -> Iterator[None]:
    """Give the process its loggers back as they were."""
    names = ("agent", "native_host")
    before = {name: logging.getLogger(name).level for name in names}, list(logging.getLogger().handlers)
    yield
    for name in names:
        logging.getLogger(name).setLevel(before[0][name])
    for handler in set(logging.getLogger().handlers) - set(before[1]):
        logging.getLogger().removeHandler(handler)
        handler.close()


def lines(folder: Path) -> list[str]:
    return (folder / FILE_NAME).read_text("utf-8").splitlines()


def test_a_line_has_exactly_the_documented_fields_in_their_order(folder: Path, loggers: None) -> None:
    keep_log(folder)
    logging.getLogger("agent.watching").warning("watching: %s", "KeyError\n  agent/watching.py:7 in _take")
    (line,) = lines(folder)
    fields = dict(zip(LOG_FIELDS, line.split(" ", 3), strict=True))
    assert datetime.fromisoformat(fields["time"]).utcoffset() is not None
    assert fields["level"] == "WARNING"
    assert fields["module"] == "agent.watching"
    assert fields["message"] == "watching: KeyError |   agent/watching.py:7 in _take"


def test_of_a_library_only_its_name_is_kept_and_of_an_exception_no_text(folder: Path, loggers: None) -> None:
    keep_log(folder)
    logging.getLogger("aiohttp.access").error("GET /people/%s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved %s", SECRET)
        logging.getLogger("agent.x").exception("it failed")
    assert SECRET not in (folder / FILE_NAME).read_text("utf-8")
    assert [line.split(" ", 3)[2:] for line in lines(folder)] == [
        ["aiohttp.access", LEFT_OUT],
        ["asyncio", LEFT_OUT],
        ["agent.x", "it failed"],
    ]


def test_a_library_that_only_chats_is_not_kept_at_all(folder: Path, loggers: None) -> None:
    keep_log(folder)
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("agent.cli.run").info("stopped")
    assert [line.split(" ", 3)[2] for line in lines(folder)] == ["agent.cli.run"]


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_whatever_is_said_it_is_one_printable_line(text: str) -> None:
    record = logging.LogRecord("agent.x", logging.ERROR, "", 0, "%s", (text,), None)
    line = LineFormat().format(record)
    assert line.isprintable()
    assert re.match(r"\S+Z ERROR agent\.x ", line)


def test_it_never_grows_beyond_its_files(folder: Path) -> None:
    file = LogFile(folder, max_bytes=2_000, files=3)
    for number in range(500):
        file.handle(logging.LogRecord("agent.x", logging.ERROR, "", 0, "line %d", (number,), None))
    file.close()
    kept = sorted(folder.iterdir())
    assert [one.name for one in kept] == [FILE_NAME, f"{FILE_NAME}.1", f"{FILE_NAME}.2"]
    assert all(one.stat().st_size <= 2_000 for one in kept)
    assert lines(folder)[-1].endswith("line 499")


def test_folder_and_every_file_are_the_owners_alone(folder: Path) -> None:
    file = LogFile(folder, max_bytes=200, files=3)
    for number in range(20):
        file.handle(logging.LogRecord("agent.x", logging.ERROR, "", 0, "line %d", (number,), None))
    file.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}


def test_a_link_in_its_place_is_not_followed_and_the_agent_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], loggers: None
) -> None:
    folder.mkdir()
    (folder / FILE_NAME).symlink_to(tmp_path / "elsewhere")
    assert keep_log(folder) is None
    assert not (tmp_path / "elsewhere").exists()
    assert "no log is kept" in capsys.readouterr().err


def test_what_cannot_be_written_is_counted_and_printed_nowhere(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = LogFile(folder)
    file.stream.close()
    file.handle(logging.LogRecord("agent.x", logging.ERROR, "", 0, "%s", (SECRET,), None))
    assert file.lost == 1
    assert SECRET not in capfd.readouterr().err
