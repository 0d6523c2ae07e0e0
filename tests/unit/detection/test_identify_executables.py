"""Executables that were looked into: which Go programs are somebody's own, and whose file a verdict rests on.

The files hold the few bytes that say what they are, as a linker leaves them; the helper process that reads them is the
real one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identified import Identified
from agent.detection.identify.golang import MARK
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import CommandLine, ProcessKey, ProcessStarted

LOOP = (
    "import requests, csv\nfrom bs4 import BeautifulSoup\nw = csv.writer(open('o.csv','w'))\n"
    "for page in range(60):\n    soup = BeautifulSoup(requests.get(f'https://site.example/people?page={page}').text)\n"
    "    for li in soup.select('li.person'):\n        w.writerow([li.text, li.select_one('.email').text])\n"
)


@pytest.fixture
def identifier(catalogue: Catalogue, reader: CodeReader) -> Identifier:
    return Identifier(catalogue, reader)


async def started(identifier: Identifier, path: Path, *arguments: str) -> Identified | None:
    command = CommandLine((str(path), *arguments), str(path), str(path.parent))
    return await identifier.identify(ProcessStarted(ProcessKey(1000, 1), 1, path.name[:15], command, 1))


def go_program(path: Path, text: str) -> Path:
    """Write what Go's linker leaves of a build: the mark, the version and the text between two sentinels."""
    body = bytes(16) + text.encode() + bytes(16)
    length = bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
    path.write_bytes(b"\x7fELF" + bytes(60) + MARK + b"\x08\x02" + bytes(16) + b"\x08go1.22.1" + length + body)
    return path


def interpreter(path: Path) -> Path:
    path.write_bytes(b"\x7fELF" + bytes(60) + b"Py_BytesMain\0")
    return path


@pytest.mark.parametrize("module", ["leads", "me/leads", "command-line-arguments", "cmds/leads"])
async def test_a_go_program_that_names_no_public_source_is_somebodys_own(
    identifier: Identifier, tmp_path: Path, module: str
) -> None:
    found = await started(identifier, go_program(tmp_path / "it", f"path\t{module}\n"))
    assert found is not None
    assert [piece.rule for piece in found.evidence] == ["unread.own-build"]


@pytest.mark.parametrize(
    "text",
    [
        "path\tcmd/go\n",
        "path\tcmd/gofmt\nmod\tcmd\t(devel)\t\n",
        "path\tstd\n",
        "path\tgithub.com/someone/editor\nmod\tgithub.com/someone/editor\tv1.0.0\n",
    ],
)
async def test_gos_own_toolchain_and_what_names_its_source_is_not(
    identifier: Identifier, tmp_path: Path, text: str
) -> None:
    assert await started(identifier, go_program(tmp_path / "it", text)) is None


async def test_the_verdict_on_a_renamed_interpreter_follows_its_script(identifier: Identifier, tmp_path: Path) -> None:
    program, script = interpreter(tmp_path / "helperd"), tmp_path / "job.py"
    script.write_text("print('nothing yet')\n")
    assert await started(identifier, program, "job.py") is None
    script.write_text(LOOP)
    found = await started(identifier, program, "job.py")
    assert found is not None and found.tool == "script:bs4,requests"
    script.write_text("print('not any more')\n")
    assert await started(identifier, program, "job.py") is None


async def test_the_verdict_on_a_renamed_interpreter_without_a_script_follows_its_own_file(
    identifier: Identifier, tmp_path: Path
) -> None:
    program = interpreter(tmp_path / "helperd")
    code = LOOP.replace("\n    ", "\n  ")
    found = await started(identifier, program, "-c", code)
    assert found is not None and found.tool == "script:bs4,requests"
    program.write_bytes(b"\x7fELF" + bytes(60))
    assert await started(identifier, program, "-c", code) is None


async def test_what_a_renamed_interpreter_reads_from_its_input_is_not_remembered(
    identifier: Identifier, tmp_path: Path
) -> None:
    program = interpreter(tmp_path / "helperd")
    command = CommandLine((str(program),), str(program), str(tmp_path))
    event = ProcessStarted(ProcessKey(1000, 1), 1, "helperd", command, 1)
    assert await identifier.identify(event) is None
    assert not identifier.plain(event)


@pytest.mark.skipif(sys.platform == "win32", reason="folders of other systems")
@pytest.mark.parametrize(
    ("folder", "own"), [("/usr/local/bin", True), ("/usr/bin", False), ("/bin", False), ("/usr/lib/x/bin", False)]
)
async def test_only_where_a_package_manager_alone_writes_scripts_are_not_read(
    identifier: Identifier, reader: CodeReader, folder: str, own: bool
) -> None:
    script = f"{folder}/no-program-is-called-this"
    command = CommandLine(("python3", script), "/usr/bin/python3", "/")
    await identifier.identify(ProcessStarted(ProcessKey(1000, 1), 1, "python3", command, 1))
    assert reader.unread == ({"unreadable": 1} if own else {}), "it is not there, which only who reads it knows"
