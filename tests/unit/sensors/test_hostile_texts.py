"""Files of other people's making are read in time of their length, whatever stands in them.

A text that makes a pattern look at everything again at every place would stop the whole agent: Python's `re` lets no
other thread run meanwhile. Each case is read at two lengths, one four times the other, and must cost about four times
as much; what looks again costs sixteen times as much. Times are of this thread's own work.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.sensors.extensions import find_extensions
from agent.sensors.tables import look_into
from agent.sensors.userdirs import user_folders
from tests.support.growth import grows_with_the_length

KIB = 1024


def workbook(path: Path, sheet: str, texts: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", texts)


@pytest.mark.parametrize(
    "piece", ["<t ", "<t>", "<t", "<t/>", "<t a>", "<", ">", "</si>", "<t></si>", "</t>", "<t>a</t>"]
)
@pytest.mark.parametrize("last", ["", ">", "</t></si>"])
def test_a_workbooks_table_of_texts(tmp_path: Path, piece: str, last: str) -> None:
    def read(length: int) -> Callable[[], object]:
        path = tmp_path / f"{length}.xlsx"
        workbook(path, "", piece * (length // len(piece)) + last)
        return lambda: look_into(path)

    assert grows_with_the_length(read, 256 * KIB)


@pytest.mark.parametrize("first", ["", "<row>"])
@pytest.mark.parametrize(
    "piece", ["<row ", "<row>", "<row", "<row/>", "<c ", "<c>", "<c", "<c/>", "<c><t ", "<v>1", "<cols>"]
)
@pytest.mark.parametrize("last", ["", "</row>"])
def test_a_workbooks_first_sheet(tmp_path: Path, first: str, piece: str, last: str) -> None:
    def read(length: int) -> Callable[[], object]:
        path = tmp_path / f"{length}.xlsx"
        workbook(path, first + piece * ((length - 40) // len(piece)) + last, "")
        return lambda: look_into(path)

    assert grows_with_the_length(read, 64 * KIB)


@pytest.mark.parametrize("ending", [".csv", ".json", ".vcf"])
@pytest.mark.parametrize(
    "piece", ['"', '"a" ', '"a"', " ", "\n", "A", "A-", "a.", "a@", "a@b.", "+1", ",", "https://a/"]
)
def test_tables_of_text(tmp_path: Path, ending: str, piece: str) -> None:
    def read(length: int) -> Callable[[], object]:
        path = tmp_path / f"{length}{ending}"
        path.write_text(piece * (length // len(piece)))
        return lambda: look_into(path)

    assert grows_with_the_length(read, 64 * KIB)


@dataclass(frozen=True)
class Root:
    browser: str
    path: Path
    kind: str


@pytest.mark.parametrize("piece", ["\n", " ", "\r", "\r\n", " \n", "\t", "/", "//", "//\n", "\f"])
def test_a_manifest_with_comments(tmp_path: Path, piece: str) -> None:
    def read(length: int) -> Callable[[], object]:
        root = tmp_path / str(length)
        folder = root / "Default/Extensions" / ("a" * 32) / "1.0_0"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text('{"name": "//", ' + piece * (length // len(piece)) + "!")
        return lambda: list(find_extensions([Root("chromium", root, "chromium")], ["example.org"]))

    assert grows_with_the_length(read, 256 * KIB)


@pytest.mark.parametrize(
    "piece", ['XDG_A_DIR="/', 'XDG_A_DIR="/a"', 'XDG_A_DIR="/a"\n', "XDG_", "A", "\n", '"', 'XDG_A_DIR="/\n']
)
def test_the_list_of_a_persons_folders(tmp_path: Path, piece: str) -> None:
    def read(length: int) -> Callable[[], object]:
        config = tmp_path / str(length)
        config.mkdir()
        (config / "user-dirs.dirs").write_text("XDG_" + piece * (length // len(piece) - 1))
        return lambda: user_folders("linux", tmp_path, {"XDG_CONFIG_HOME": str(config)})

    assert grows_with_the_length(read, 64 * KIB)
