"""Files of records that appear while a finding is active: real files, a real observer, and what must not happen."""

from __future__ import annotations

import json
import os
import struct
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import ExportWritten
from agent.model.health import Condition
from agent.sensors.columns import KINDS, kinds_of
from agent.sensors.exports import Exports
from agent.sensors.tables import HEAD_BYTES, Table, look_into
from agent.settings.clock import SystemClock

PEOPLE = "Full Name;E-Mail;Profile URL;Company\n" + "A B;a@b.example;https://c.example/in/ab;D\n" * 20


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (["First Name", "Last Name", "E-mail 1", "Mobile Phone"], ("email", "name", "phone")),
        (["profileUrl", "fullName", "headline", "companyName", "location"], ("employer", "name", "place", "profile")),
        (["username", "followers_count", "bio"], ("followers", "profile", "username")),
        (["Nachname", "Vorname", "Firma", "Straße", "Telefon"], ("employer", "name", "phone")),
        (["Prénom", "Téléphone", "Courriel"], ("email", "name", "phone")),
        (["tweet_id", "user.screen_name", "likeCount"], ("post", "username")),
        (["name", "company", "email"], ("email", "employer", "name")),
        (["date", "amount", "currency", "description"], ()),
        (["name", "version", "license"], ()),
        (["city", "latitude", "longitude"], ()),
        (["name", "price", "sku"], ()),
        (["email"], ()),
        (["timestamp", "cpu", "memory"], ()),
        ([], ()),
    ],
)
def test_columns_of_people_and_their_posts_are_told_from_others(names: list[str], kinds: tuple[str, ...]) -> None:
    assert kinds_of(names) == kinds


@given(st.lists(st.text(max_size=100), max_size=30))
def test_kinds_come_from_the_closed_list_whatever_the_columns_are_called(names: list[str]) -> None:
    assert set(kinds_of(names)) <= set(KINDS)


def workbook(path: Path, header: list[str], rows: int, texts: str | None = None) -> None:
    shared = "".join(f"<si><t>{name}</t></si>" for name in header) if texts is None else texts
    cells = "".join(f'<c r="A1" t="s"><v>{at}</v></c>' for at in range(len(header)))
    sheet = f'<worksheet><dimension ref="A1:D{rows + 1}"/><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", f"<sst>{shared}</sst>")


def test_every_format_is_told_by_its_columns_and_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(PEOPLE)
    (tmp_path / "b.tsv").write_bytes(("\ufeff" + PEOPLE.replace(";", "\t")).encode("utf-16"))
    people = [{"username": "a", "followers": n, "posts": [{"caption": "x"}]} for n in range(30)]
    (tmp_path / "c.json").write_text(json.dumps(people))
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, people)))
    workbook(tmp_path / "e.xlsx", ["Email", "Full name"], 1200)
    (tmp_path / "f.vcf").write_text("BEGIN:VCARD\nFN:A B\nEMAIL;TYPE=work:a@b\nitem1.TEL:+1\nEND:VCARD\n" * 7)
    (tmp_path / "g.csv").write_text("a@b.example,+1 555 0100 22,x\n" * 9)
    assert [look_into(path) for path in sorted(tmp_path.iterdir())] == [
        Table("csv", ("email", "employer", "name", "profile"), 20),
        Table("tsv", ("email", "employer", "name", "profile"), 20),
        Table("json", ("followers", "post", "username"), 30),
        Table("jsonl", ("followers", "post", "username"), 30),
        Table("xlsx", ("email", "name"), 1200),
        Table("vcf", ("email", "name", "phone"), 7),
        Table("csv", ("email", "phone"), 9),
    ]


def test_of_a_large_file_only_the_beginning_is_read_and_the_rows_are_a_lower_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email,first name\n" + "a@b.example,A\n" * 100_000)
    found = look_into(path)
    assert found is not None
    assert 1000 < found.rows <= HEAD_BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_fifos_bombs_and_nonsense_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "dir.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "zero.csv").write_bytes(b"\0" * 100)
    (tmp_path / "not.xlsx").write_bytes(b"PK\x05\x06" + b"\xff" * 30)
    with zipfile.ZipFile(tmp_path / "wide.xlsx", "w") as archive:
        for number in range(6000):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", "")
    assert not [path.name for path in tmp_path.iterdir() if (found := look_into(path)) and found.columns]
    workbook(tmp_path / "bomb.xlsx", ["Email", "Name"], 9, texts="<si><t>" + "A" * (64 << 20))
    tracemalloc.start()
    try:
        assert look_into(tmp_path / "bomb.xlsx") == Table("xlsx", (), 9)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20, "only the beginning was unpacked"
    finally:
        tracemalloc.stop()


def test_a_damaged_workbook_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook(path, [os.urandom(9).hex() for _ in range(300)], 9)
    whole = path.read_bytes()
    begins = 30 + len("xl/worksheets/sheet1.xml")
    for at in range(begins, begins + 200, 5):
        path.write_bytes(whole[:at] + b"\xff" * 20 + whole[at + 20 :])
        found = look_into(path)
        assert found is None or found.columns == ()


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_packed_as_none_is_would_not_be_bounded_and_says_nothing(tmp_path: Path, packed: int) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet>" + " " * (64 << 20))
        archive.writestr("xl/sharedStrings.xml", "<sst>")
    tracemalloc.start()
    try:
        assert look_into(path) == Table("xlsx", (), 0)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20, "nothing was unpacked"
    finally:
        tracemalloc.stop()


def test_an_archive_that_tells_two_sizes_of_its_directory_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook(path, ["Email", "Full name"], 9)
    whole = path.read_bytes()
    at = whole.rindex(b"PK\x05\x06")
    size, start = (int.from_bytes(whole[at + n : at + n + 4], "little") for n in (12, 16))
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    path.write_bytes(whole[:at] + record + locator + whole[at:])
    assert zipfile.ZipFile(path).namelist(), "which others do read, by the second size"
    assert look_into(path) is None
    path.write_bytes(whole[: at + 12] + b"PK\x05\x06" + whole[at + 16 :])
    assert look_into(path) is None


def test_rows_and_cells_without_content_hide_nothing_that_follows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    cells = '<c r="A1" s="1"/><c r="B1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Username</t></is></c>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f'<cols><col min="1"/></cols><row r="1"/><row>{cells}</row><row/>')
        archive.writestr("xl/sharedStrings.xml", '<sst><si><t xml:space="preserve">Em</t><t>ail</t></si></sst>')
    assert look_into(path) == Table("xlsx", ("email", "username"), 2)


@given(st.binary(max_size=400), st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".vcf"]))
def test_no_content_breaks_the_look(tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(content)
    found = look_into(path)
    assert found is None or set(found.columns) <= set(KINDS)


class Told:
    """Collects callbacks."""

    def __init__(self) -> None:
        self.exports: list[ExportWritten] = []
        self._arrived = threading.Condition()

    def __call__(self, export: ExportWritten) -> None:
        with self._arrived:
            self.exports.append(export)
            self._arrived.notify_all()

    def wait(self, reached: Callable[[], bool]) -> None:
        with self._arrived:
            assert self._arrived.wait_for(reached, 20)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def exports(tmp_path: Path, told: Told) -> Iterator[Exports]:
    for name in ("Downloads", "Desktop"):
        (tmp_path / name).mkdir()
    folders = {"downloads": tmp_path / "Downloads", "desktop": tmp_path / "Desktop", "gone": tmp_path / "gone"}
    watching = Exports(folders, told, SystemClock(), quiet_seconds=0.05)
    yield watching
    watching.deactivate()


def test_an_export_is_told_when_it_is_complete_and_only_while_a_finding_is_active(
    tmp_path: Path, exports: Exports, told: Told
) -> None:
    (tmp_path / "Downloads/before.csv").write_text(PEOPLE)
    assert not exports.active
    exports.activate()
    exports.activate()
    assert exports.health().condition is Condition.WORKING
    (tmp_path / "Downloads/leads.csv.crdownload").write_text(PEOPLE)
    (tmp_path / "Downloads/leads.csv.crdownload").rename(tmp_path / "Downloads/leads.csv")
    (tmp_path / "Desktop/notes.csv").write_text("date,amount\n" + "1,2\n" * 50)
    (tmp_path / "Desktop/few.csv").write_text("email,first name\na@b.example,A\n")
    (tmp_path / "Downloads/deeper").mkdir()
    (tmp_path / "Downloads/deeper/x.csv").write_text(PEOPLE)
    workbook(tmp_path / "Desktop/w.xlsx", ["Email", "Username"], 90)
    told.wait(lambda: len(told.exports) >= 2)
    exports.deactivate()
    (tmp_path / "Downloads/after.csv").write_text(PEOPLE)
    time.sleep(0.3)
    assert sorted((one.format, one.rows, one.place) for one in told.exports) == [
        ("csv", 20, "downloads"),
        ("xlsx", 90, "desktop"),
    ]


def test_a_file_that_grows_is_told_again_once_it_has_doubled(tmp_path: Path, exports: Exports, told: Told) -> None:
    exports.activate()
    path = tmp_path / "Downloads/a.csv"
    for rows in (10, 12, 40):
        path.write_text("email,username\n" + "a@b.example,c\n" * rows)
        if rows == 12:
            time.sleep(0.3)
        else:
            told.wait(lambda rows=rows: [one for one in told.exports if one.rows == rows] != [])  # type: ignore[misc]
    assert [one.rows for one in told.exports] == [10, 40]


def test_a_file_that_cannot_be_looked_into_costs_no_other_and_is_counted(
    tmp_path: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    def told_or_fails(export: ExportWritten) -> None:
        told(export)
        if len(told.exports) == 1:
            raise ValueError(export.format)

    (tmp_path / "Downloads").mkdir()
    watching = Exports({"downloads": tmp_path / "Downloads"}, told_or_fails, SystemClock(), quiet_seconds=0.3)
    watching.activate()
    try:
        for number in range(3):
            (tmp_path / f"Downloads/{number}.csv").write_text(PEOPLE)
        told.wait(lambda: len(told.exports) == 3)
        health = watching.health()
    finally:
        watching.deactivate()
    assert "could not be looked into: 1" in health.missed
    assert "ValueError" in caplog.text


def test_where_closing_is_not_told_a_file_left_alone_is_complete(tmp_path: Path, told: Told) -> None:
    (tmp_path / "Downloads").mkdir()
    watching = Exports({"downloads": tmp_path / "Downloads"}, told, SystemClock(), quiet_seconds=0.3, closes=False)
    watching.activate()
    try:
        with (tmp_path / "Downloads/a.csv").open("w") as file:
            for line in PEOPLE.splitlines(keepends=True):
                file.write(line)
                file.flush()
        told.wait(lambda: bool(told.exports))
        assert [one.rows for one in told.exports] == [20]
    finally:
        watching.deactivate()


def test_nothing_of_the_file_is_in_what_is_told(tmp_path: Path, exports: Exports, told: Told) -> None:
    exports.activate()
    (tmp_path / "Downloads/s3cret.csv").write_text("s3cret_email,s3cret_username\n" + "s3cret@x.example,s3cret\n" * 9)
    told.wait(lambda: bool(told.exports))
    assert "s3cret" not in repr(told.exports)
