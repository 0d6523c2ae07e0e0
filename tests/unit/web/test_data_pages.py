"""«My data» and its files: rows as they are stored, escaped; secrets by their size; CSV and JSON that read back."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.face import KeptTable
from agent.store import inspection
from agent.store.database import open_store
from agent.store.retention import Limits
from agent.store.schema import FIELDS
from agent.web.exports import csv_lines
from tests.unit.web.fake_face import DAY, NOW, StillClock, fill
from tests.unit.web.served import Page

EVIL = "=cmd|' /C calc'!A0<script>alert(1)</script>"


async def text_of(page: Page, path: str, status: int = 200) -> str:
    async with page.get(path) as answer:
        assert answer.status == status, path
        return await answer.text()


def a_row(table: str, **values: str | float | None) -> dict[str, str | int | float | None]:
    return {column: values.get(column) for column in FIELDS[table]}


async def test_the_earlier_address_leads_here(inside: Page) -> None:
    async with inside.get("/fields") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/data")


async def test_every_kind_has_its_four_columns(inside: Page) -> None:
    text = await text_of(inside, "/data")
    kinds = text.split('<section class="kind"')[1:]
    assert len(kinds) == 8
    for kind in kinds:
        for head in ("Looked at and forgotten", "Kept", "Sent", "Seen by"):
            assert f"<h4>{head}</h4>" in kind


async def test_the_page_says_how_much_is_kept_how_long_and_when_the_next_row_goes(inside: Page, tmp_path: Path) -> None:
    store = open_store(tmp_path / "db", bytes(32), StillClock())
    await store.write(lambda tx: tx.execute("INSERT INTO page_load VALUES (1, 1, 1, 1, ?, 0)", (NOW - DAY // 2,)))
    kept = await store.read(lambda tx: inspection.kept(tx, Limits()))
    await store.close()

    async def told() -> list[KeptTable]:
        return kept

    async def told_of(table: str) -> KeptTable:
        return next(one for one in kept if one.table == table)

    inside.face.kept, inside.face.kept_in = told, told_of  # type: ignore[method-assign]
    row = (await text_of(inside, "/data")).split('<a href="/data/page_load">')[1].split("</tr>")[0]
    for words in ("Page loads", ">1<", "12 hours ago", "Deleted 24 hours after the page was opened.", "in 12 hours"):
        assert words in row, words
    table = await text_of(inside, "/data/finding")
    assert "Deleted 90 days after it was closed." in table


async def test_a_table_shows_its_newest_rows_escaped_and_secrets_by_their_size(inside: Page) -> None:
    inside.face.stored = {
        "finding": [a_row("finding", id="f1", name=EVIL, first_seen=NOW, answer="")],
        "ledger_content": [a_row("ledger_content", entry=4, key=32, salt=1, sealed=4120)],
    }
    text = await text_of(inside, "/data/finding")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<dt><code>first_seen</code></dt><dd><time datetime="2026-09-21T' in text
    sealed = await text_of(inside, "/data/ledger_content")
    for said in ("kept, 32 bytes", "kept, 1 byte", "kept, 4\u202f120 bytes"):
        assert said in sealed, said


async def test_a_table_is_never_shown_whole(inside: Page) -> None:
    inside.face.stored = {"page_load": [a_row("page_load", id=n) for n in range(500)]}
    text = await text_of(inside, "/data/page_load")
    assert text.count("<tr>") == 21
    assert "20 of 500" in text


async def test_the_page_of_one_table_counts_no_other(inside: Page) -> None:
    inside.face.stored = {"page_load": [a_row("page_load", id=n) for n in range(3)]}
    await text_of(inside, "/data/page_load")
    assert inside.face.counted_all == 0


@pytest.mark.parametrize("path", ["/data/sqlite_schema", "/data/nothing", "/data/nothing.csv", "/data/..%2Fact"])
async def test_what_is_no_table_is_not_there(inside: Page, path: str) -> None:
    await text_of(inside, path, 404)


async def test_a_table_as_csv_is_all_of_it_and_no_spreadsheet_runs_it(inside: Page) -> None:
    names = [EVIL, "+1", "-1", "@a", "\r1", 'plain, "quoted"\r\nnext', "ü"]
    inside.face.stored = {"finding": [a_row("finding", id=str(n), name=name, count=-n) for n, name in enumerate(names)]}
    async with inside.get("/data/finding.csv") as answer:
        assert answer.content_type == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="gleanwatch-finding.csv"'
        body = (await answer.read()).decode()
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [row["name"] for row in rows] == [f"'{name}" for name in names[:5]] + names[5:]
    assert [row["count"] for row in rows] == [str(-n) for n in range(len(names))], "a number stays a number"
    assert body.count("\r\n") == len(names) + 2


async def test_an_empty_table_as_csv_has_its_head(inside: Page) -> None:
    assert await text_of(inside, "/data/act.csv") == ",".join(FIELDS["act"]) + "\r\n"


async def test_all_of_it_as_json_has_every_table_every_row_and_what_each_column_means(inside: Page) -> None:
    fill(inside.face)
    inside.face.stored = {
        "finding": [a_row("finding", id=str(n), name=EVIL) for n in range(5)],
        "ledger_key": [a_row("ledger_key", id=1, seed=32)],
    }
    told = json.loads(await text_of(inside, "/data.json"))
    assert (told["kind"], told["made_at"]) == ("gleanwatch-data", NOW)
    assert list(told["tables"]) == list(FIELDS)
    for table, fields in FIELDS.items():
        assert told["tables"][table]["columns"] == dict(fields)
    assert [row["id"] for row in told["tables"]["finding"]["rows"]] == ["0", "1", "2", "3", "4"]
    assert told["tables"]["ledger_key"]["rows"] == [{"id": 1, "seed": "32 bytes, not shown"}]
    assert told["tables"]["act"]["rows"] == []


FORMULAS = st.text(st.sampled_from("=+-@;,\t\r\n\"' aä1"), max_size=12)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")) | FORMULAS))
def test_any_text_comes_back_from_csv_and_begins_no_formula(names: list[str]) -> None:
    body = csv_lines("counter", ("name", "value"), [{"name": name, "value": 1} for name in names], head=True)
    read = [row["name"] for row in csv.DictReader(io.StringIO(body, newline=""))]
    assert not any(name.startswith(("=", "+", "-", "@", "\t", "\r")) for name in read)
    assert [as_it_was(name) for name in read] == [as_it_was(name) for name in names]


@given(st.lists(FORMULAS | st.text(max_size=5)), st.sampled_from([";", "\t"]))
def test_no_spreadsheet_with_another_separator_finds_a_formula(names: list[str], separator: str) -> None:
    body = csv_lines("counter", ("value", "name"), [{"name": name, "value": "x"} for name in names], head=False)
    for row in csv.reader(io.StringIO(body, newline=""), delimiter=separator):
        for cell in row:
            assert not cell.strip(' "').startswith(("=", "+", "-", "@")), cell


def as_it_was(text: str) -> str:
    """Take away the apostrophes that stand where a spreadsheet could cut a text."""
    return re.sub(r"(^|(?<=[;\t\r\n]))'", "", text)


@pytest.mark.parametrize("name", ["a;=1+1", "a;@b", 'a;"=1', "a\t=1", "a\n=1", "a\r\n-1", "; =1"])
def test_a_formula_in_the_middle_of_a_text_is_none(name: str) -> None:
    assert as_it_was(read_back(name)) == name
    assert read_back(name) != name


@pytest.mark.parametrize("name", ["a; b", "2026-11-24", "a=b; c@d", "it's", "a,=1"])
def test_a_text_that_is_none_stays_as_it_is(name: str) -> None:
    assert read_back(name) == name


def read_back(name: str) -> str:
    body = csv_lines("counter", ("name", "value"), [{"name": name, "value": 1}], head=False)
    return next(csv.reader(io.StringIO(body, newline="")))[0]
