"""What is on record: acts with receipts, proofs verified at that moment, «that was not me», everything as one file."""

from __future__ import annotations

import asyncio
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.consent import Press
from agent.model.face import ExportFile
from agent.model.purposes import ActKind, Channel, Mode, Purpose
from agent.web import receipts
from agent.web.downloads import zipped
from agent.web.record_views import PER_PAGE
from tests.unit.web.fake_face import NOW, FakeFace, a_finding
from tests.unit.web.served import Page

LONGER = Purpose.LONGER_HISTORY


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def put(page: Page, kind: ActKind, purpose: Purpose = LONGER, channel: Channel = Channel.PAGE) -> int:
    """Put one act on record and return its entry."""
    await page.face.act(purpose, Press(kind, page.face.text.sha256, "purpose.allow", 4200), channel)
    return page.face.record[-1].entry or 0


def row(text: str, entry: int) -> str:
    return text.split(f'id="act-{entry}"')[1].partition("</li>")[0]


async def test_nothing_on_record_says_what_will_stand_here(inside: Page) -> None:
    assert "Nothing is on record yet" in await text_of(inside, "/history")


async def test_every_act_stands_there_newest_first_in_words(inside: Page) -> None:
    given_, withdrawn = await put(inside, ActKind.GIVEN), await put(inside, ActKind.WITHDRAWN)
    text = await text_of(inside, "/history")
    assert text.index(f"act-{withdrawn}") < text.index(f"act-{given_}")
    for words in (
        "«I allow this»",
        "Longer history",
        "On this page",
        "no password asked",
        "English",
        f"Entry {given_}",
    ):
        assert words in row(text, given_), words
    assert "page-link" not in text.replace("/", " ").split("<main")[0]


async def test_a_receipt_can_be_taken_along_as_a_file(inside: Page) -> None:
    entry = await put(inside, ActKind.GIVEN)
    async with inside.get(f"/receipts/{entry}.json") as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{entry}.json"'
        assert json.loads(await answer.read()) == json.loads(await inside.face.receipt(entry))
    async with inside.get("/verify_receipt.py") as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="verify_receipt.py"'
        assert (await answer.read()).startswith(b"#!")


async def test_a_receipt_is_shown_with_its_code_its_content_and_how_to_check_it(inside: Page) -> None:
    entry = await put(inside, ActKind.GIVEN)
    text = await text_of(inside, f"/receipts/{entry}")
    for words in ("4.2 seconds", "purpose.allow", inside.face.text.sha256, "self.longer-history", "Verified just now"):
        assert words in text, words
    assert f"python3 verify_receipt.py receipt-{entry}.json" in text
    code = text.split('class="qr-code"')[1].split("</div>")[0]
    assert "<svg" in code
    assert "style=" not in code
    assert inside.face.checked == [entry]


@pytest.mark.parametrize("path", ["/receipts/{0}", "/receipts/{0}.json", "/history?check={0}"])
@pytest.mark.parametrize("entry", ["99", "-1", "1e3", "x", "9" * 16])
async def test_there_is_no_receipt_of_what_is_not_there(inside: Page, path: str, entry: str) -> None:
    async with inside.get(path.format(entry)) as answer:
        assert answer.status == 404


async def test_the_check_mark_means_that_the_proof_was_verified_now(inside: Page) -> None:
    entry = await put(inside, ActKind.GIVEN)
    assert "Verified" not in await text_of(inside, "/history")
    assert inside.face.checked == []
    checked = row(await text_of(inside, f"/history?check={entry}"), entry)
    assert "Verified just now." in checked
    assert "Signed state: 4 entries. Witnesses: none." in checked
    assert "No witness has seen this log: a rollback would not be seen." in checked
    inside.face.witnesses = ("witness.example", "union.example")
    assert "Witnesses: witness.example and union.example." in await text_of(inside, f"/history?check={entry}")
    inside.face.proof_fails = True
    failed = row(await text_of(inside, f"/history?check={entry}"), entry)
    assert "Not verified." in failed
    assert "Verified just now" not in failed
    assert "the record was changed" in failed
    assert inside.face.checked == [entry] * 3


async def test_that_was_not_me_says_what_follows_before_it_is_said(inside: Page) -> None:
    entry = await put(inside, ActKind.GIVEN)
    assert f'href="/history/{entry}/dispute"' in await text_of(inside, "/history")
    asked = await text_of(inside, f"/history/{entry}/dispute")
    assert "What it allowed stops at once" in asked
    assert len(inside.face.record) == 1, "asking changes nothing"
    async with inside.post("/dispute", {"entry": str(entry)}) as answer:
        assert answer.headers["Location"] == f"/history?said=disputed#act-{entry}"
    disputed = inside.face.record[-1]
    assert (disputed.kind, disputed.disputes, disputed.control) == (ActKind.DISPUTED, entry, "act.dispute")
    text = await text_of(inside, "/history?said=disputed")
    assert "Disputed." in row(text, entry)
    assert "That was not me<" not in row(text, entry), "once is enough"
    async with inside.post("/dispute", {"entry": str(entry)}) as answer:
        assert answer.status == 409
    assert len(inside.face.record) == 2


async def test_a_dispute_of_a_no_says_that_nothing_starts_by_it(inside: Page) -> None:
    entry = await put(inside, ActKind.WITHDRAWN)
    assert "never what was forbidden" in await text_of(inside, f"/history/{entry}/dispute")


@pytest.mark.parametrize("entry", ["", "99", "x", "-1"])
async def test_only_what_is_there_can_be_disputed(inside: Page, entry: str) -> None:
    await put(inside, ActKind.EXPIRED, channel=Channel.CLOCK)
    async with inside.post("/dispute", {"entry": entry}) as answer:
        assert answer.status == 404
    async with inside.get(f"/history/{inside.face.record[0].entry}/dispute") as answer:
        assert answer.status == 409
    assert len(inside.face.record) == 1


async def test_what_was_erased_says_so_and_offers_nothing_that_is_gone(inside: Page) -> None:
    entry = await put(inside, ActKind.GIVEN)
    inside.face.gone.add(entry)
    shown = row(await text_of(inside, "/history"), entry)
    assert "Its content was erased" in shown
    assert "Longer history" not in shown
    assert "/receipts/" not in shown
    assert "dispute" not in shown
    assert "Check" in shown
    for path in (f"/receipts/{entry}", f"/receipts/{entry}.json", f"/history/{entry}/dispute"):
        async with inside.get(path) as answer:
            assert answer.status == 404


async def test_a_long_history_comes_in_pages(inside: Page) -> None:
    entries = [await put(inside, ActKind.GIVEN) for _ in range(PER_PAGE + 3)]
    first = await text_of(inside, "/history")
    assert first.count('class="act"') == PER_PAGE
    oldest = entries[3]
    assert f'href="/history?before={oldest}"' in first
    second = await text_of(inside, f"/history?before={oldest}")
    assert second.count('class="act"') == 3
    assert "Older" not in second
    assert "Verified just now" in await text_of(inside, f"/history?before={oldest}&check={entries[0]}")
    assert "Verified just now" in await text_of(inside, f"/history?check={entries[0]}"), "also of one on another page"


async def test_own_words_are_shown_as_text(inside: Page) -> None:
    inside.face.found = [a_finding()]
    words = "<b>Mine</b>\r\nand yours\x00\u202e"
    async with inside.post(
        "/answer", {"finding": "f1", "answer": "approved", "words": words, "from": "finding"}
    ) as answer:
        assert answer.status == 303
    assert list(inside.face.words.values()) == ["<b>Mine</b>\nand yours"]
    for path in ("/history", "/findings/f1", f"/receipts/{inside.face.record[0].entry}"):
        text = await text_of(inside, path)
        assert "&lt;b&gt;Mine&lt;/b&gt;" in text
        assert "<b>" not in text
    assert "Your words stay on this computer" in await text_of(inside, "/findings/f1")


@pytest.mark.parametrize(("length", "status"), [(500, 303), (501, 422)])
async def test_own_words_are_few(inside: Page, length: int, status: int) -> None:
    inside.face.found = [a_finding()]
    form = {"finding": "f1", "answer": "approved", "words": "ß" * (length - 1) + "\U0001f33e"}
    async with inside.post("/answer", form) as answer:
        assert answer.status == status
    assert len(inside.face.record) == (status == 303)


async def test_an_answer_is_put_on_record_with_button_and_dwell(inside: Page) -> None:
    inside.face.found = [a_finding()]
    await text_of(inside, "/findings/f1")
    inside.clock.seconds += 7
    async with inside.post("/answer", {"finding": "f1", "answer": "not_me", "from": "finding"}):
        pass
    async with inside.post("/answer", {"finding": "f1", "answer": "approved", "from": "overview"}):
        pass
    presses = [p.press for p in inside.face.pressed]
    assert [(p.kind, p.control, p.dwell_ms) for p in presses] == [
        (ActKind.ANSWERED, "finding.answer", 7000),
        (ActKind.ANSWERED, "finding.answer", None),
    ]


async def test_everything_can_be_taken_along_in_one_archive(inside: Page) -> None:
    async with inside.get("/export.zip") as answer:
        assert answer.content_type == "application/zip"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="gleanwatch-export.zip"'
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert archive.testzip() is None
    files = await inside.face.export()
    assert {name: archive.read(f"gleanwatch/{name}") for name in files} == files


async def test_what_grows_without_bound_is_sent_while_it_is_read(inside: Page) -> None:
    """The whole file never is in memory: its end is not even read before the person has its beginning."""
    noise, seen = random.Random(1).randbytes(400_000), asyncio.Event()  # packs to nothing smaller

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield noise
        await asyncio.wait_for(seen.wait(), 30)
        yield b"the end"

    async def export() -> Mapping[str, ExportFile]:
        return {"kept.json": parts()}

    inside.face.export = export  # type: ignore[method-assign]
    async with inside.get("/export.zip") as answer:
        packed = await answer.content.readexactly(1_000_000)
        seen.set()
        packed += await answer.read()
    assert zipfile.ZipFile(io.BytesIO(packed)).read("gleanwatch/kept.json") == noise * 10 + b"the end"


async def test_an_export_that_cannot_be_packed_is_told_and_not_begun(inside: Page) -> None:
    async def export() -> Mapping[str, ExportFile]:
        return {"a": b"1", "../b": b"2"}

    inside.face.export = export  # type: ignore[method-assign]
    async with inside.get("/export.zip") as answer:
        assert answer.status == 500


NAMES = st.lists(st.sampled_from(["a", "b.json", "c"]), min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=5))
def test_an_archive_holds_what_was_put_in_and_is_the_same_each_time(files: dict[str, bytes]) -> None:
    packed = asyncio.run(whole(files))
    assert packed == asyncio.run(whole(dict(reversed(list(files.items())))))
    archive = zipfile.ZipFile(io.BytesIO(packed))
    assert {name: archive.read(f"gleanwatch/{name}") for name in files} == files


async def whole(files: Mapping[str, bytes]) -> bytes:
    return b"".join([part async for part in zipped(files, NOW)])


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "."])
async def test_no_name_leads_out_of_the_archive(name: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        await whole({name: b""})


@pytest.mark.parametrize(
    "receipt", [b"", b"[]", b"{}", b'{"entry":1}', b'{"entry":"","payload":"[]","key":"","proof":""}', b"\xff"]
)
def test_what_is_no_receipt_is_not_shown_as_one(receipt: bytes) -> None:
    with pytest.raises(ValueError, match="download it instead"):
        receipts.read(receipt)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_a_receipt(receipt: bytes) -> None:
    try:
        receipts.read(receipt)
    except ValueError as problem:
        assert "download it instead" in str(problem)


@pytest.mark.parametrize("face", [FakeFace(Mode.TEST)])
async def test_a_test_instance_says_that_it_answered_itself(inside: Page) -> None:
    await put(inside, ActKind.ACKNOWLEDGED, Purpose.DETECT, Channel.SELF)
    text = await text_of(inside, "/history")
    assert "By this test instance itself" in text
    assert "Nobody acted" in text
    assert "This test instance itself: «" in await text_of(inside, "/consent")
