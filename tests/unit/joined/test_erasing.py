"""What a person can have erased, what stays and why, and what the sweeper erases when its time is over."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from agent.model.consent import Erasable, Ground, Press
from agent.model.events import PageLoad
from agent.model.findings import Finding, Level, Stage
from agent.model.purposes import ActKind, Channel, GateState, Purpose
from agent.store import acts, audit, erasure, findings, ledger, page_loads, retention
from tests.support.waiting import until
from tests.unit.joined.rig import Join, Joined, MovedClock, managed

OPTIONAL = Purpose.LONGER_HISTORY


async def fill(joined: Joined) -> None:
    """Notice and answer, three page loads, one finding with an answer in the person's own words."""
    await joined.press(ActKind.SHOWN)
    await joined.press(ActKind.ACKNOWLEDGED)
    now = joined.clock.now()
    loads = [PageLoad("a" * 22, n, "linkedin", "profile", now, True, False) for n in (1, 2, 3)]
    finding = Finding(
        "f1", "scrapy", "Scrapy", "scraper-framework", Stage.RUNNING, 0.9, Level.HIGH, True, (), now, now, 1
    )
    answer = joined.consents.answer_of("f1", "approved", Press(ActKind.ANSWERED, "", "finding.answer"), Channel.PAGE)

    def put(tx: apsw.Connection) -> int:
        page_loads.append(tx, "a" * 22, loads, 3, now)
        joined.store.ledger.append(tx, "finding-opened", now, {"id": "f1", "tool": "scrapy"})
        findings.save(tx, finding)
        findings.set_answer(tx, "f1", "approved", now)
        return acts.record(tx, joined.store.ledger, answer, "for the newsletter list")

    await joined.store.write(put)
    await joined.consents.load()


async def contents_left(joined: Joined, kind: str) -> int:
    return await joined.store.read(
        lambda tx: (
            tx.execute(
                "SELECT count(*) FROM ledger_entry JOIN ledger_content USING (entry) WHERE instr(bytes, ?)",
                (f'"kind":"{kind}"'.encode(),),
            ).get
        )
    )


async def test_a_preview_says_what_would_go_and_takes_nothing(alone: Joined) -> None:
    await fill(alone)
    preview = await alone.erasing.preview(Erasable.ALL, None)
    assert (preview.page_loads, preview.findings) == (3, 1)
    assert preview.entries
    assert any("still hold" in line for line in preview.stays)
    assert (await alone.erasing.preview(Erasable.ALL, None)) == preview


@pytest.mark.parametrize("what", [Erasable.PAGE_LOADS, Erasable.FINDINGS, Erasable.WORDS, Erasable.ALL])
async def test_what_was_previewed_goes_and_the_ledger_says_so_and_still_verifies(alone: Joined, what: Erasable) -> None:
    await fill(alone)
    preview = await alone.erasing.preview(what, None)
    gone = await alone.erasing.erase(what, Ground.NOT_NEEDED, None, Channel.PAGE)
    assert gone == preview
    entry = await alone.store.read(lambda tx: tx.execute("SELECT max(entry) FROM ledger_entry").get)
    facts = (ledger.entries.decode(await alone.store.read(lambda tx: ledger.entry_bytes(tx, entry)))).facts
    assert facts["ground"] == "not-needed"
    found = await alone.store.read(audit.verify)
    assert found.problems == []
    assert found.erased == len(gone.entries)
    with pytest.raises(ValueError, match="nothing of it"):
        await alone.erasing.erase(what, Ground.NOT_NEEDED, None, Channel.PAGE)


async def test_erasing_findings_takes_the_answers_about_them_along_and_detection_forgets(alone: Joined) -> None:
    await fill(alone)
    await alone.erasing.erase(Erasable.FINDINGS, Ground.NOT_NEEDED, None, Channel.PAGE)
    assert await alone.store.read(findings.listing) == []
    assert await contents_left(alone, "finding-opened") == 0
    assert not [a for a in alone.consents.acts if a.kind is ActKind.ANSWERED]
    assert alone.forgotten == [1]


async def test_erasing_my_words_leaves_the_finding_without_them(alone: Joined) -> None:
    await fill(alone)
    assert [v.words for v in await alone.consents.history() if v.act.kind is ActKind.ANSWERED] == [
        "for the newsletter list"
    ]
    await alone.erasing.erase(Erasable.WORDS, Ground.NOT_NEEDED, None, Channel.PAGE)
    (finding,) = await alone.store.read(findings.listing)
    assert finding.answer == ""
    history = await alone.consents.history()
    assert [v.words for v in history if v.erased] == [""]
    assert not [v for v in history if v.words]


async def test_an_act_that_still_holds_stays_and_says_why(alone: Joined) -> None:
    await fill(alone)
    yes = next(a for a in alone.consents.acts if a.kind is ActKind.ACKNOWLEDGED)
    with pytest.raises(ValueError, match="still holds"):
        await alone.erasing.erase(Erasable.RECORD, Ground.NOT_NEEDED, yes.entry, Channel.PAGE)
    await alone.erasing.erase(Erasable.ALL, Ground.NOT_NEEDED, None, Channel.PAGE)
    assert alone.gate().state is GateState.OPEN


async def test_an_answer_can_be_erased_by_itself(alone: Joined) -> None:
    await fill(alone)
    (answer,) = [a for a in alone.consents.acts if a.kind is ActKind.ANSWERED]
    await alone.erasing.erase(Erasable.RECORD, Ground.OBJECTED, answer.entry, Channel.PAGE)
    assert answer not in alone.consents.acts
    with pytest.raises(ValueError, match="was erased"):
        await alone.erasing.preview(Erasable.RECORD, answer.entry)
    with pytest.raises(ValueError, match="no entry 9999"):
        await alone.erasing.preview(Erasable.RECORD, 9_999)
    with pytest.raises(ValueError, match="Say which act"):
        await alone.erasing.preview(Erasable.RECORD, None)


async def test_nobody_but_the_sweeper_erases_on_the_ground_of_retention(alone: Joined) -> None:
    await fill(alone)
    with pytest.raises(ValueError, match="agent's own ground"):
        await alone.erasing.erase(Erasable.ALL, Ground.RETENTION, None, Channel.PAGE)


async def test_in_managed_mode_acts_stay_until_claims_about_them_lapse(join: Join, clock: MovedClock) -> None:
    async with join(managed(lead_days=0)) as joined:
        await fill(joined)
        old = [a.entry for a in joined.consents.acts if a.kind is not ActKind.ANSWERED]
    async with join(managed(lead_days=0, organisation="Another name")) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.ACKNOWLEDGED)
        with pytest.raises(ValueError, match="until claims about it lapse"):
            await joined.erasing.erase(Erasable.RECORD, Ground.NOT_NEEDED, old[0], Channel.PAGE)
        await joined.erasing.erase(Erasable.ALL, Ground.NOT_NEEDED, None, Channel.PAGE)
        assert {a.entry for a in joined.consents.acts} >= set(old)
        clock.advance(days=3 * 365 - 1)
        assert await joined.erasing.sweep(clock.now()) == 0
        clock.advance(days=2)
        assert await joined.erasing.sweep(clock.now()) >= len(old)
        assert not {a.entry for a in joined.consents.acts} & set(old)
        # What holds now was made as long ago, and stays.
        await joined.consents.decide_gates()
        assert joined.gate().state is GateState.OPEN
        assert (await joined.store.read(audit.verify)).problems == []


async def test_the_content_of_a_finding_goes_with_the_finding(alone: Joined, clock: MovedClock) -> None:
    await fill(alone)
    assert await alone.erasing.sweep(clock.now()) == 0
    await alone.store.write(lambda tx: tx.execute("DELETE FROM finding"))
    assert await alone.erasing.sweep(clock.now()) == 1
    assert await contents_left(alone, "finding-opened") == 0


async def test_a_withdrawal_is_not_erased_while_the_consent_that_it_takes_back_is_on_record(
    join: Join, clock: MovedClock
) -> None:
    async with join() as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.GIVEN, OPTIONAL)
        await joined.press(ActKind.WITHDRAWN, OPTIONAL)
        given, withdrawn = (
            a.entry for a in joined.consents.acts if a.purpose is OPTIONAL and a.kind is not ActKind.SHOWN
        )
    async with join(managed(lead_days=0)) as joined:  # another notice holds, so that nothing above decides by itself
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.REFUSED, OPTIONAL)
        stay = joined.consents.must_stay
        assert withdrawn in stay({withdrawn or -1})
        assert withdrawn not in stay({given or -1, withdrawn or -1, *(a.entry or -1 for a in joined.consents.acts)})


async def test_longer_history_keeps_and_its_withdrawal_lets_go_in_the_same_transaction(
    alone: Joined, clock: MovedClock
) -> None:
    await fill(alone)
    await alone.press(ActKind.GIVEN, OPTIONAL)
    assert alone.consents.longer_history()
    clock.advance(days=2)
    new = [PageLoad("a" * 22, 4, "linkedin", "profile", clock.now(), True, False)]
    await alone.store.write(lambda tx: page_loads.append(tx, "a" * 22, new, 4, clock.now()))
    await alone.press(ActKind.WITHDRAWN, OPTIONAL)
    assert not alone.consents.longer_history()
    left = await alone.store.read(lambda tx: page_loads.since_rowid(tx, 0, 10))
    assert [load.seq for _, load in left] == [4]


MANY = 3 * retention.ROWS_AT_ONCE + 1


async def observed(joined: Joined, first: int, many: int) -> None:
    now = joined.clock.now()
    loads = [PageLoad("a" * 22, first + n, "linkedin", "profile", now, True, False) for n in range(many)]
    await joined.store.write(lambda tx: page_loads.append(tx, "a" * 22, loads, loads[-1].seq, now))


async def rows(joined: Joined) -> int:
    return await joined.store.read(lambda tx: tx.execute("SELECT count(*) FROM page_load").get)


async def kept(joined: Joined) -> list[int]:
    """The extension's numbers of what reads as a page load."""
    return [load.seq for _, load in await joined.store.read(lambda tx: page_loads.since_rowid(tx, 0, 10))]


async def test_while_very_many_page_loads_are_erased_a_new_one_is_stored_in_between_and_stays(alone: Joined) -> None:
    await observed(alone, 1, MANY)
    erasing = asyncio.ensure_future(alone.erasing.erase(Erasable.PAGE_LOADS, Ground.NOT_NEEDED, None, Channel.PAGE))
    await asyncio.sleep(0)  # its first write waits at the writer
    await observed(alone, MANY + 1, 1)
    assert not erasing.done()
    assert (await erasing).page_loads == MANY
    assert await kept(alone) == [MANY + 1]
    assert await rows(alone) == 1, "whoever asked hears of it when all of it is gone"
    assert await alone.store.read(erasure.how_many_page_loads) == 1


async def test_an_erasure_that_was_cut_off_reads_as_done_and_the_next_sweep_finishes_it(
    join: Join, clock: MovedClock
) -> None:
    async with join() as joined:
        await observed(joined, 1, 20)
        assert await joined.store.write(erasure.page_loads) == 20
        assert await joined.store.write(lambda tx: erasure.page_loads_part(tx, 5))
        await observed(joined, 21, 2)
    async with join() as joined:
        assert (await rows(joined), await kept(joined)) == (17, [21, 22])
        await joined.erasing.sweep(clock.now())
        assert (await rows(joined), await kept(joined)) == (2, [21, 22])
        assert not await joined.store.write(erasure.page_loads_part)


async def test_withdrawing_longer_history_lets_go_of_very_many_before_it_answers(
    alone: Joined, clock: MovedClock
) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    await alone.press(ActKind.GIVEN, OPTIONAL)
    await observed(alone, 1, MANY)
    clock.advance(days=2)
    withdrawing = asyncio.ensure_future(alone.press(ActKind.WITHDRAWN, OPTIONAL))
    await until(lambda: not alone.consents.longer_history(), "the withdrawal to hold", every=0)
    await observed(alone, MANY + 1, 1)
    assert not withdrawing.done()
    await withdrawing
    assert await kept(alone) == [MANY + 1]
    assert await rows(alone) == 1
