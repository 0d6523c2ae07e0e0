"""The page about the ledger: who has seen it, verification by one press, files, and how to check it elsewhere."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from html import unescape

from agent.model.face import LedgerView, WitnessView
from tests.unit.web.served import Page


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def verified(page: Page) -> str:
    async with page.post("/verify", {}) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_without_a_witness_the_page_says_plainly_that_a_rollback_would_not_be_seen(inside: Page) -> None:
    text = await text_of(inside, "/ledger")
    assert "Nobody yet. A rollback would not be seen." in text
    inside.face.witnesses = ("witness.example/council",)
    text = await text_of(inside, "/ledger")
    assert "rollback" not in text
    assert "witness.example/council" in text
    assert re.search(r"Has seen 3 of \d+ entries, <time[^>]+>1 minute ago</time>", text)


async def test_a_witness_that_has_signed_nothing_is_none_yet(inside: Page) -> None:
    view = await inside.face.ledger()

    async def told() -> LedgerView:
        return replace(view, witnesses=(WitnessView("silent.example", 0, None),))

    inside.face.ledger = told  # type: ignore[method-assign]
    text = await text_of(inside, "/ledger")
    assert "silent.example" in text
    assert "Has not signed anything yet." in text
    assert "Nobody yet. A rollback would not be seen." in text


async def test_signed_states_stand_newest_first_with_their_text(inside: Page) -> None:
    text = await text_of(inside, "/ledger")
    assert re.findall(r"State (\d+)</strong>", text) == ["2", "1"]
    assert '<pre class="hash">gleanwatch.localhost/abcdefghijklmnop/1\n3\n' in text


async def test_nothing_is_verified_before_it_is_asked_for(inside: Page) -> None:
    text = await text_of(inside, "/ledger")
    assert "Verified just now" not in text
    async with inside.get("/verify") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/ledger")
    assert inside.face.verified == 0


async def test_one_press_verifies_and_says_what_was_checked(inside: Page) -> None:
    text = await verified(inside)
    assert inside.face.verified == 1
    result = text.split('id="result"')[1].split("</dl>")[0]
    assert "Verified just now: whole and unchanged." in result
    for counted in (
        "Entries</dt><dd>3<",
        "Signed states</dt><dd>2<",
        "Contents</dt><dd>3<",
        "Erased, as recorded</dt>",
    ):
        assert counted in result, counted
    assert "No witness has seen this log." in text


async def test_a_record_that_does_not_hold_is_said_first_and_says_where(inside: Page) -> None:
    inside.face.proof_fails = True
    text = await verified(inside)
    assert "the record does not hold" in text
    assert "entry 2: its content is not what the entry commits to" in text
    assert "whole and unchanged" not in text


async def test_without_the_pages_own_token_nothing_is_verified(inside: Page) -> None:
    async with inside.post("/verify", {}, token=False) as answer:
        assert answer.status == 403
    assert inside.face.verified == 0


async def test_the_log_is_handed_out_as_files(inside: Page) -> None:
    async with inside.get("/ledger.zip") as answer:
        assert answer.content_type == "application/zip"
        names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
    assert names == ["gleanwatch-ledger/log-1/checkpoint", "gleanwatch-ledger/log-1/key"]


async def test_key_name_and_ways_to_check_it_elsewhere_stand_on_the_page(inside: Page) -> None:
    text = unescape(await text_of(inside, "/ledger"))
    view = await inside.face.ledger()
    for words in (view.key, view.origin, "gleanwatch ledger verify", 'href="/history"', "tlog-checkpoint"):
        assert words in text, words
