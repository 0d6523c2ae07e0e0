"""What a person does becomes a record, and the record decides what may be observed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import apsw
import pytest

from agent.model.consent import Acted, Erasable, Ground, Press
from agent.model.purposes import ActKind, Channel, GateState, Purpose, StartRule, Strength
from agent.settings.policy import Retention
from agent.store import audit, gates, ledger, notices, outbox, pauses, preferences, retention
from agent.store.schema import FIELDS
from tests.unit.joined.rig import DAY_MS, Join, Joined, MovedClock, managed

OPTIONAL = Purpose.LONGER_HISTORY


async def test_an_act_says_who_did_what_where_how_and_about_which_text(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN, control="notice.shown")
    await alone.press(
        ActKind.ACKNOWLEDGED, Purpose.DETECT, language="de", control="notice.acknowledge", dwell_ms=42_000
    )
    act = alone.consents.acts[-1]
    assert (act.purpose, act.kind, act.channel, act.strength) == (
        Purpose.DETECT,
        ActKind.ACKNOWLEDGED,
        Channel.PAGE,
        Strength.PAGE_LINK,
    )
    assert (act.language, act.control, act.dwell_ms) == ("de", "notice.acknowledge", 42_000)
    assert act.notice_sha256 == alone.consents.notice("de").sha256
    content = await alone.store.read(lambda tx: ledger.content(tx, act.entry or -1))
    assert content is not None
    assert content["control"] == "notice.acknowledge"
    assert alone.heard[-1] == act


async def test_the_exact_text_is_kept_once_however_often_it_is_answered(alone: Joined) -> None:
    for _ in range(3):
        await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    kept = await alone.store.read(notices.all_kept)
    assert [text.text for text in kept] == [alone.consents.notice().text]
    # Showing the same text again proves nothing new.
    shown = [a for a in alone.consents.acts if a.kind is ActKind.SHOWN]
    assert len(shown) == len({a.purpose for a in shown})


async def test_an_answer_to_an_earlier_text_is_refused(alone: Joined) -> None:
    with pytest.raises(ValueError, match="has changed since it was shown"):
        await alone.consents.act(None, Press(ActKind.ACKNOWLEDGED, "0" * 64, ""), Channel.PAGE)
    assert alone.consents.acts == []


async def test_nobody_is_asked_about_what_is_not_in_use(alone: Joined) -> None:
    with pytest.raises(ValueError, match="nothing to say about it yet"):
        await alone.press(ActKind.GIVEN, Purpose.RESEARCH)
    unused = {v.purpose for v in alone.consents.purposes() if not v.in_use}
    assert unused == {Purpose.REPORT, Purpose.RESEARCH, Purpose.DIAGNOSTICS, Purpose.SHARE_LOG}


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [(Purpose.DETECT, ActKind.GIVEN), (OPTIONAL, ActKind.ACKNOWLEDGED), (OPTIONAL, ActKind.OBJECTED)],
)
async def test_a_duty_is_never_consented_to_and_a_consent_never_acknowledged(
    alone: Joined, purpose: Purpose, kind: ActKind
) -> None:
    await alone.press(ActKind.SHOWN)
    with pytest.raises(ValueError, match="consent"):
        await alone.press(kind, purpose)


async def test_giving_refusing_and_withdrawing_work_at_once_and_are_one_act_each(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    for kind, state in [
        (ActKind.REFUSED, GateState.CLOSED),
        (ActKind.GIVEN, GateState.OPEN),
        (ActKind.WITHDRAWN, GateState.CLOSED),
        (ActKind.GIVEN, GateState.OPEN),
    ]:
        before = len(alone.consents.acts)
        await alone.press(kind, OPTIONAL)
        assert alone.gate(OPTIONAL).state is state
        assert len(alone.consents.acts) == before + 1


async def test_refusing_an_optional_purpose_changes_nothing_else(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    before = {p: alone.gate(p) for p in Purpose if p is not OPTIONAL}
    await alone.press(ActKind.REFUSED, OPTIONAL)
    assert {p: alone.gate(p) for p in Purpose if p is not OPTIONAL} == before


async def test_withdrawing_empties_what_waits_to_leave_for_that_purpose_only(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.GIVEN, OPTIONAL)
    await alone.store.write(
        lambda tx: tx.executemany(
            "INSERT INTO outbox (purpose, made_at, body) VALUES (?, 0, x'')",
            [(OPTIONAL.value,), (Purpose.REPORT.value,)],
        )
    )
    await alone.press(ActKind.WITHDRAWN, OPTIONAL)
    left = await alone.store.read(lambda tx: tx.execute("SELECT purpose FROM outbox").fetchall())
    assert left == [(Purpose.REPORT.value,)]


async def test_an_objection_holds_what_waits_to_leave_until_it_is_taken_back(join: Join) -> None:
    async with join(managed(lead_days=0)) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.store.write(
            lambda tx: tx.execute(
                "INSERT INTO outbox (purpose, made_at, body) VALUES (?, 0, x'')", (Purpose.DETECT.value,)
            )
        )

        async def sendable() -> int:
            held = [v.purpose for v in joined.consents.purposes() if v.held]
            return len(await joined.store.read(lambda tx: outbox.sendable(tx, held)))

        assert await sendable() == 1
        await joined.press(ActKind.OBJECTED, Purpose.DETECT)
        assert await sendable() == 0
        await joined.press(ActKind.ACKNOWLEDGED, Purpose.DETECT)
        assert await sendable() == 1


async def test_a_consent_ends_by_itself_and_the_end_is_on_record(alone: Joined, clock: MovedClock) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.GIVEN, OPTIONAL)
    (view,) = [v for v in alone.consents.purposes() if v.purpose is OPTIONAL]
    assert view.expires_at is not None
    clock.at = view.expires_at - 1
    assert await alone.consents.decide_gates() == view.expires_at
    assert alone.gate(OPTIONAL).state is GateState.OPEN
    clock.advance(ms=1)
    await alone.consents.decide_gates()
    assert (alone.gate(OPTIONAL).state, alone.gate(OPTIONAL).reason) == (GateState.CLOSED, "expired")
    last = alone.consents.acts[-1]
    assert (last.kind, last.channel, last.strength) == (ActKind.EXPIRED, Channel.CLOCK, Strength.NONE)


async def test_a_dispute_takes_away_what_the_act_allowed_and_never_what_it_forbade(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    yes = next(a for a in alone.consents.acts if a.kind is ActKind.ACKNOWLEDGED and a.purpose is Purpose.DETECT)
    await alone.consents.dispute(yes.entry or -1, Channel.PAGE, "act.dispute")
    assert alone.gate().state is GateState.WAITING
    with pytest.raises(ValueError, match="disputed already"):
        await alone.consents.dispute(yes.entry or -1, Channel.PAGE)
    with pytest.raises(ValueError, match="no act with the number"):
        await alone.consents.dispute(9_999, Channel.PAGE)
    await alone.press(ActKind.OBJECTED)
    no = next(a for a in reversed(alone.consents.acts) if a.purpose is Purpose.DETECT)
    await alone.consents.dispute(no.entry or -1, Channel.PAGE)
    assert alone.gate().state is GateState.CLOSED


async def test_acts_and_gates_are_the_same_after_a_restart(join: Join) -> None:
    async with join() as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.ACKNOWLEDGED)
        await joined.press(ActKind.GIVEN, OPTIONAL)
        acts, gates = list(joined.consents.acts), joined.history.all_current()
    async with join() as joined:
        assert (list(joined.consents.acts), joined.history.all_current()) == (acts, gates)
        assert joined.pushed == []  # nothing changed, so nobody is told


async def test_lead_days_count_from_showing_and_status_says_when_it_starts(join: Join, clock: MovedClock) -> None:
    async with join(managed("AU-NSW")) as joined:
        assert joined.gate().reason == "notice_not_shown"
        await joined.press(ActKind.SHOWN)
        shown_at = clock.now()
        assert joined.gate().reason == "not_acknowledged"
        clock.advance(days=2)
        await joined.press(ActKind.ACKNOWLEDGED)
        assert (joined.gate().state, joined.gate().until) == (GateState.WAITING, shown_at + 14 * DAY_MS)
        clock.at = shown_at + 14 * DAY_MS - 1
        await joined.consents.decide_gates()
        assert joined.gate().state is GateState.WAITING
        clock.advance(ms=1)
        await joined.consents.decide_gates()
        assert joined.gate().state is GateState.OPEN


async def test_where_an_authorisation_is_needed_only_that_opens_and_objecting_takes_it_back(join: Join) -> None:
    async with join(managed("CO", lead_days=0, start=StartRule.AUTHORISED)) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.ACKNOWLEDGED, Purpose.DETECT)
        assert (joined.gate().state, joined.gate().reason) == (GateState.WAITING, "not_authorised")
        await joined.press(ActKind.AUTHORISED, Purpose.DETECT)
        assert joined.gate().state is GateState.OPEN
        await joined.press(ActKind.OBJECTED, Purpose.DETECT)
        assert (joined.gate().state, joined.gate().reason) == (GateState.CLOSED, "objected")


async def test_where_a_language_is_required_an_act_on_another_text_opens_nothing(join: Join) -> None:
    async with join(managed("FR", lead_days=0)) as joined:
        assert list(joined.consents.languages()) == ["fr"]
        assert joined.consents.notice("en").language == "fr"


async def test_where_a_language_is_required_that_we_do_not_have_nothing_starts(join: Join) -> None:
    rules = managed(lead_days=0)
    async with join(replace(rules, ruling=replace(rules.ruling, languages_required=frozenset({"hi"})))) as joined:
        assert (joined.gate().state, joined.gate().reason) == (GateState.CLOSED, "language_missing")
        text = joined.consents.notice()
        assert "hi" in text.text
        with pytest.raises(ValueError, match="notice"):
            await joined.press(ActKind.ACKNOWLEDGED)


async def test_a_no_counts_also_from_a_page_that_still_shows_an_earlier_text(join: Join) -> None:
    async with join(managed(lead_days=0)) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.GIVEN, OPTIONAL)
        earlier = joined.consents.notice().sha256
    async with join(managed(lead_days=0, organisation="Renamed Ltd")) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.GIVEN, OPTIONAL)
        await joined.consents.act(OPTIONAL, Press(ActKind.WITHDRAWN, earlier, "purpose.withdraw"), Channel.PAGE)
        assert (joined.gate(OPTIONAL).state, joined.gate(OPTIONAL).reason) == (GateState.CLOSED, "withdrawn")
        with pytest.raises(ValueError, match="has changed since it was shown"):
            await joined.consents.act(OPTIONAL, Press(ActKind.GIVEN, earlier, "purpose.allow"), Channel.PAGE)


async def test_a_changed_policy_asks_again_with_the_difference_before_anything_is_observed(join: Join) -> None:
    async with join(managed(lead_days=0)) as joined:
        await joined.press(ActKind.SHOWN, language="de")
        await joined.press(ActKind.ACKNOWLEDGED, language="de")
        assert joined.gate().state is GateState.OPEN
        assert await joined.consents.difference("de") is None
    async with join(managed(lead_days=0, organisation="Neue Beispiel AG")) as joined:
        assert (joined.gate().state, joined.gate().reason) == (GateState.CLOSED, "notice_changed")
        lines = await joined.consents.difference("en")
        assert lines is not None
        assert any(mark == "-" and "Example Ltd" in line for mark, line in lines)
        assert any(mark == "+" and "Neue Beispiel AG" in line for mark, line in lines)
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.ACKNOWLEDGED)
        assert joined.gate().state is GateState.OPEN
        assert await joined.consents.difference() is None


async def test_the_ledger_shows_the_notice_before_the_gate_opened(join: Join) -> None:
    async with join(managed(lead_days=0)) as joined:
        await joined.press(ActKind.SHOWN)
        await joined.press(ActKind.ACKNOWLEDGED)
        shown = next(a.entry for a in joined.consents.acts if a.kind is ActKind.SHOWN)
        opened = await joined.store.read(
            lambda tx: (
                tx.execute("SELECT min(entry) FROM gate WHERE state = 'open' AND purpose = ?", (Purpose.DETECT,)).get
            )
        )
        assert shown is not None
        assert shown < opened
        assert (await joined.store.read(audit.verify)).ok


async def test_a_clock_set_back_reorders_nothing(alone: Joined, clock: MovedClock) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.GIVEN, OPTIONAL)
    clock.advance(days=-30)
    await alone.press(ActKind.WITHDRAWN, OPTIONAL)
    assert alone.gate(OPTIONAL).state is GateState.CLOSED
    found = await alone.store.read(audit.verify)
    assert found.ok
    assert any("clock was set back by 30 days" in remark for remark in found.remarks)


async def test_a_purpose_says_what_it_means_in_the_persons_language(join: Join) -> None:
    async with join(managed("NO", lead_days=0, retention=Retention(observations_hours=12))) as joined:
        for language in joined.consents.languages():
            for view in joined.consents.purposes(language):
                assert view.title and view.meaning and view.basis and view.recipients and view.retention
        (detect,) = [v for v in joined.consents.purposes("nb") if v.purpose is Purpose.DETECT]
        assert "12 timer" in detect.retention
        assert [v.optional for v in joined.consents.purposes()] == sorted(
            v.optional for v in joined.consents.purposes()
        )


async def test_what_is_said_at_the_same_moment_is_recorded_once(alone: Joined, clock: MovedClock) -> None:
    """Two open pages report the notice as shown, two clocks find a consent expired, two hands dispute one act."""
    await asyncio.gather(*(alone.press(ActKind.SHOWN) for _ in range(3)))
    shown = [a.purpose for a in alone.consents.acts if a.kind is ActKind.SHOWN]
    assert len(shown) == len(set(shown))
    await alone.press(ActKind.GIVEN, OPTIONAL)
    clock.advance(days=366)
    await asyncio.gather(*(alone.consents.decide_gates() for _ in range(3)))
    assert [a.kind for a in alone.consents.acts].count(ActKind.EXPIRED) == 1
    entry = alone.consents.acts[0].entry or 0
    disputes = [alone.consents.dispute(entry, Channel.PAGE) for _ in range(2)]
    refused = [done for done in await asyncio.gather(*disputes, return_exceptions=True) if isinstance(done, ValueError)]
    assert len(refused) == 1


async def test_two_acts_at_once_each_know_their_own_entries(alone: Joined) -> None:
    sha256 = alone.consents.notice().sha256
    await alone.press(ActKind.SHOWN)

    async def press(kind: ActKind) -> Acted:
        return await alone.consents.act(None, Press(kind, sha256, ""), Channel.EXTENSION)

    first, second = await asyncio.gather(press(ActKind.ACKNOWLEDGED), press(ActKind.ACKNOWLEDGED))
    assert first.entries
    assert second.entries
    assert not set(first.entries) & set(second.entries)
    made = {act.entry for act in alone.consents.acts if act.kind is ActKind.ACKNOWLEDGED}
    assert made == {*first.entries, *second.entries}
    assert (await press(ActKind.SHOWN)).entries == ()  # showing the same text again says nothing new


# A pause


async def test_a_pause_stops_watching_makes_no_act_and_ends_by_itself(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    acts, begin = list(alone.consents.acts), alone.clock.now()
    await alone.consents.pause(60)
    until = begin + 60 * 60_000
    assert (alone.gate().state, alone.gate().reason, alone.gate().until) == (GateState.WAITING, "paused", until)
    assert alone.consents.paused_until() == until
    alone.clock.advance(ms=60 * 60_000 + 5)
    await alone.consents.decide_gates()
    assert (alone.gate().state, alone.gate().since) == (GateState.OPEN, until)
    assert not alone.history.was_open(Purpose.DETECT, until - 1)
    assert alone.consents.paused_until() is None
    assert alone.consents.acts == acts
    # What runs no more is not kept as what runs.
    assert await alone.store.read(lambda tx: preferences.get(tx, preferences.PAUSE)) == ""


async def test_a_pause_can_be_ended_early_and_outlives_a_restart(join: Join, clock: MovedClock) -> None:
    async with join() as first:
        await first.press(ActKind.SHOWN)
        await first.press(ActKind.ACKNOWLEDGED)
        await first.consents.pause(60)
    clock.advance(ms=60_000)
    async with join() as again:
        assert again.gate().reason == "paused"
        await again.consents.pause(0)
        assert (again.gate().state, again.gate().since) == (GateState.OPEN, clock.now())


async def test_erasing_everything_does_not_end_a_pause(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    await alone.consents.pause(60)
    await alone.store.write(preferences.forget)
    assert await alone.store.read(lambda tx: preferences.get(tx, preferences.PAUSE)) != ""


async def watched(joined: Joined) -> None:
    """The person said yes."""
    await joined.press(ActKind.SHOWN)
    await joined.press(ActKind.ACKNOWLEDGED)


async def stored(joined: Joined) -> str:
    """Everything in the database that the person can see: every row of every table, and every content."""

    def look(tx: apsw.Connection) -> str:
        rows = [tx.execute(f"SELECT * FROM {table}").fetchall() for table in FIELDS]
        entries = cast("list[tuple[int]]", tx.execute("SELECT entry FROM ledger_entry").fetchall())
        return repr(rows) + repr([ledger.content(tx, entry) for (entry,) in entries])

    return await joined.store.read(look)


async def test_a_pause_is_in_no_ledger_and_once_it_is_long_over_nowhere(join: Join, clock: MovedClock) -> None:
    async with join() as joined:
        await watched(joined)
        clock.advance(ms=1234)
        before, begin = await stored(joined), clock.now()
        await joined.consents.pause(60)
        clock.advance(ms=60 * 60_000 + 5)
        await joined.consents.decide_gates()
        clock.advance(ms=777)
        await joined.consents.pause(30)
        clock.advance(ms=1111)
        await joined.consents.pause(0)
        ended = clock.now()
    # A load of that time that comes late is refused after a restart too.
    async with join() as again:
        assert again.history.was_open(Purpose.DETECT, begin - 1)
        assert not again.history.was_open(Purpose.DETECT, begin)
        assert not again.history.was_open(Purpose.DETECT, begin + 60 * 60_000 - 1)
        assert again.history.was_open(Purpose.DETECT, begin + 60 * 60_000)
        assert not again.history.was_open(Purpose.DETECT, ended - 1)
        assert again.history.was_open(Purpose.DETECT, ended)
        limits = retention.Limits()
        await retention.swept(again.store, ended + limits.pauses_ms - 1, limits)
        assert await stored(again) != before
        await retention.swept(again.store, ended + limits.pauses_ms, limits)
        assert await stored(again) == before
        assert (await again.store.read(audit.verify)).ok


async def test_erasing_everything_takes_pauses_that_are_over_at_once(alone: Joined) -> None:
    await watched(alone)
    before = await stored(alone)
    await alone.consents.pause(60)
    alone.clock.advance(ms=5)
    await alone.consents.pause(0)
    assert await stored(alone) != before
    await alone.erasing.erase(Erasable.ALL, Ground.NOT_NEEDED, None, Channel.PAGE)
    assert await alone.store.read(pauses.past) == []


async def test_an_objection_in_a_pause_is_on_record_as_it_would_be_without_one(alone: Joined) -> None:
    await watched(alone)
    await alone.consents.pause(60)
    alone.clock.advance(ms=60_000)
    await alone.press(ActKind.OBJECTED)
    objected = alone.clock.now()
    assert (alone.gate().state, alone.gate().reason) == (GateState.CLOSED, "objected")
    alone.clock.advance(ms=60_000)
    await alone.press(ActKind.ACKNOWLEDGED)
    assert alone.gate().reason == "paused"
    kept = [g for g in await alone.store.read(gates.history) if g.purpose is Purpose.DETECT]
    assert [(g.state, g.reason) for g in kept][-2:] == [(GateState.CLOSED, "objected"), (GateState.OPEN, "")]
    assert [g.since for g in kept][-2:] == [objected, alone.clock.now()]
    alone.clock.advance(ms=60 * 60_000)
    await alone.consents.decide_gates()
    assert alone.gate().state is GateState.OPEN


async def failing(joined: Joined, table: str) -> None:
    await joined.store.write(
        lambda tx: tx.execute(
            f"CREATE TRIGGER fails BEFORE INSERT ON {table} BEGIN SELECT raise(ABORT, 'full'); END"
        ).fetchall()
    )


async def mended(joined: Joined) -> None:
    await joined.store.write(lambda tx: tx.execute("DROP TRIGGER fails").fetchall())


async def test_a_pause_that_cannot_be_stored_holds_and_is_stored_as_soon_as_it_can_be(join: Join) -> None:
    async with join() as joined:
        await watched(joined)
        joined.pushed.clear()
        await failing(joined, "preference")
        with pytest.raises(apsw.ConstraintError):
            await joined.consents.pause(60)
        assert (joined.gate().reason, len(joined.pushed)) == ("paused", 1)
        await mended(joined)
        await joined.consents.decide_gates()
    async with join() as again:
        assert again.gate().reason == "paused"


async def test_a_gate_that_closed_and_cannot_be_stored_is_closed_told_and_stored_later(join: Join) -> None:
    async with join() as joined:
        await watched(joined)
        joined.pushed.clear()
        await failing(joined, "gate")
        with pytest.raises(apsw.ConstraintError):
            await joined.press(ActKind.OBJECTED)
        assert (joined.gate().reason, len(joined.pushed)) == ("objected", 1)
        await mended(joined)
        await joined.consents.decide_gates()
        kept = [g for g in await joined.store.read(gates.history) if g.purpose is Purpose.DETECT]
        assert (kept[-1].state, kept[-1].reason) == (GateState.CLOSED, "objected")


async def test_nothing_opens_before_it_is_stored(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    alone.pushed.clear()
    await failing(alone, "gate")
    with pytest.raises(apsw.ConstraintError):
        await alone.press(ActKind.ACKNOWLEDGED)
    assert (alone.gate().state, alone.pushed) == (GateState.WAITING, [])
    alone.clock.advance(ms=5)
    await mended(alone)
    await alone.consents.decide_gates()
    assert (alone.gate().state, alone.gate().since) == (GateState.OPEN, alone.clock.now())
    assert alone.pushed


async def test_a_pause_that_cannot_be_ended_goes_on(alone: Joined) -> None:
    await watched(alone)
    await alone.consents.pause(60)
    alone.clock.advance(ms=5)
    await failing(alone, "pause")
    with pytest.raises(apsw.ConstraintError):
        await alone.consents.pause(0)
    assert alone.gate().reason == "paused"
    alone.clock.advance(ms=60 * 60_000)
    with pytest.raises(apsw.ConstraintError):
        await alone.consents.decide_gates()
    assert alone.gate().reason == "paused"
    await mended(alone)
    await alone.consents.decide_gates()
    assert alone.gate().state is GateState.OPEN


async def test_a_pause_is_never_longer_than_it_was_whatever_the_clock_said(alone: Joined) -> None:
    await watched(alone)
    right = alone.clock.now()
    alone.clock.advance(days=400)
    await alone.consents.pause(60)
    alone.clock.at = right + 60_000
    await alone.consents.decide_gates()
    assert (alone.gate().reason, alone.gate().until) == ("paused", right + 61 * 60_000)
    assert not alone.history.was_open(Purpose.DETECT, right + 2 * 60_000)
    alone.clock.at = right + 61 * 60_000
    await alone.consents.decide_gates()
    assert (alone.gate().state, alone.consents.paused_until()) == (GateState.OPEN, None)
    assert alone.history.was_open(Purpose.DETECT, alone.clock.now())


@pytest.mark.parametrize("minutes", [-1, 24 * 60 + 1])
async def test_a_pause_longer_than_a_day_is_no_pause(alone: Joined, minutes: int) -> None:
    with pytest.raises(ValueError, match="consent object"):
        await alone.consents.pause(minutes)
