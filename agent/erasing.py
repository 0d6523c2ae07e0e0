"""Erasing, joined: what would go and what stays, the erasure itself, and what the sweeper erases when its time is over.

```
what, ground → preview (shown, confirmed) → one transaction: rows, contents, keys and salts go, «erased» is appended
             → page loads, doomed in it, go some thousands at a time, with the next sweep if that is cut off
             → pages given back a few at a time → write-ahead log emptied → detection and acts in memory forget
```
What proves a word that still holds is not erased while it does: without it the gate would stand open for no reason that
anybody could show. In managed mode acts stay until claims about them lapse (GDPR 17(3)(b) and (e)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import apsw

from agent.changes import Changes
from agent.consenting import Consents
from agent.ledger.entry import Json
from agent.model.consent import Erasable, ErasurePreview, Ground
from agent.model.ports import Clock
from agent.model.purposes import ActKind, Channel, Mode
from agent.store import erasure, ledger, pauses, preferences
from agent.store.database import Store

YEAR_MS = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class ErasingParts:
    """What erasing is joined with.

    Attributes:
        store: The database.
        clock: Time.
        consents: The acts; they say which still hold.
        mode: How this instance runs.
        claims_years: How long acts are kept, years.
        changes: Says what changed.
        forget_findings: Makes detection forget what it holds in memory.
    """

    store: Store
    clock: Clock
    consents: Consents
    mode: Mode
    claims_years: int
    changes: Changes
    forget_findings: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one erasure takes away."""

    page_loads: bool = False
    findings: bool = False
    answers: bool = False
    entries: tuple[int, ...] = ()


class Erasing:
    """Erases on a person's word, and what is over on the sweeper's."""

    def __init__(self, parts: ErasingParts) -> None:
        self._parts = parts

    async def preview(self, what: Erasable, entry: int | None) -> ErasurePreview:
        """Say what erasing would take away and what stays.

        Raises:
            ValueError: There is no such act, none was named for `record`, or it still holds.
        """
        plan = await self._plan(what, entry)

        def count(tx: apsw.Connection) -> tuple[int, int]:
            return (
                erasure.how_many_page_loads(tx) if plan.page_loads else 0,
                int(tx.execute("SELECT count(*) FROM finding").get) if plan.findings else 0,
            )

        loads, found = await self._parts.store.read(count)
        return ErasurePreview(what, loads, found, plan.entries, self._stays(what))

    async def erase(self, what: Erasable, ground: Ground, entry: int | None, channel: Channel) -> ErasurePreview:
        """Erase, put it on record, compact, and return what went.

        Raises:
            ValueError: As `preview`, or nothing of it is there.
        """
        if ground is Ground.RETENTION:
            raise ValueError("«retention» is the agent's own ground. Choose why you want it erased.")
        parts = self._parts
        plan = await self._plan(what, entry)
        now = parts.clock.now()
        how: dict[str, Json] = {"what": what.value, "channel": channel.value}

        def take(tx: apsw.Connection) -> tuple[int, int, list[int], bool]:
            loads = erasure.page_loads(tx) if plan.page_loads else 0
            found = erasure.findings(tx) if plan.findings else 0
            if plan.answers:
                erasure.answers(tx)
            rested = False
            if what is Erasable.ALL:
                preferences.forget(tx)
                rested = pauses.erase(tx)  # nothing of a pause is in the ledger, nor that it was erased
            gone = erasure.contents(tx, parts.store.ledger, plan.entries, ground.value, now, how)
            if (loads or found) and not gone:
                # Nothing of it lay in the ledger; that it was erased, and why, is put on record all the same.
                parts.store.ledger.append(tx, "erased", now, how, {"ground": ground.value})
            return loads, found, gone, rested

        loads, found, gone, rested = await parts.store.write(take)
        if not (loads or found or gone or rested):
            raise ValueError("There is nothing of it, so nothing was erased.")
        parts.consents.forget(gone)
        if plan.findings:
            parts.forget_findings()
        await self._delete_doomed()
        await self.compact()
        for topic in ("findings", "pages", "acts"):
            parts.changes.say(topic)
        return ErasurePreview(what, loads, found, tuple(gone), self._stays(what))

    async def _delete_doomed(self) -> bool:
        """Delete the page loads that an erasure doomed, part by part; say whether there were any."""
        any_there = False
        while await self._parts.store.write(erasure.page_loads_part):
            any_there = True
        return any_there

    async def compact(self) -> None:
        """Give emptied pages back step by step, then empty the write-ahead log."""
        before = None
        while (left := await self._parts.store.write(erasure.compact)) and left != before:
            before = left
        await self._parts.store.checkpoint()

    async def sweep(self, now: int) -> int:
        """Erase contents whose time is over: of findings that were deleted, and of what claims have lapsed for.

        What an erasure began and could not finish is finished before.

        Returns:
            How many contents went.
        """
        parts = self._parts
        left = await self._delete_doomed()
        before = now - parts.claims_years * YEAR_MS

        def take(tx: apsw.Connection) -> list[int]:
            known = {row[0] for row in tx.execute("SELECT id FROM finding")}
            over = [entry for entry, finding in erasure.findings_of(tx).items() if finding not in known]
            lapsed = {e for kind in ("act", "gate", "notice") for e in erasure.entries_of(tx, kind, before)}
            latest = {row[0] for row in tx.execute("SELECT max(entry) FROM gate GROUP BY purpose")}
            over += lapsed - latest - parts.consents.must_stay(lapsed)
            return erasure.contents(tx, parts.store.ledger, over, Ground.RETENTION.value, now) if over else []

        gone = await parts.store.write(take)
        if gone:
            parts.consents.forget(gone)
        if gone or left:
            await self.compact()
        return len(gone)

    async def _plan(self, what: Erasable, entry: int | None) -> _Plan:
        own = tuple(a.entry for a in self._parts.consents.acts if a.kind is ActKind.ANSWERED and a.entry is not None)
        match what:
            case Erasable.PAGE_LOADS:
                return _Plan(page_loads=True)
            case Erasable.FINDINGS:
                opened = await self._parts.store.read(lambda tx: erasure.entries_of(tx, "finding-opened"))
                return _Plan(findings=True, entries=(*opened, *own))
            case Erasable.WORDS:
                return _Plan(answers=True, entries=own)
            case Erasable.RECORD:
                return _Plan(entries=(await self._one(entry),), answers=entry in own)
            case Erasable.ALL:
                opened = await self._parts.store.read(lambda tx: erasure.entries_of(tx, "finding-opened"))
                acts = set(own)
                if self._parts.mode is not Mode.MANAGED:
                    acts = {a.entry for a in self._parts.consents.acts if a.entry is not None}
                    acts -= self._parts.consents.must_stay(acts)
                return _Plan(page_loads=True, findings=True, entries=tuple(sorted({*opened, *acts})))

    async def _one(self, entry: int | None) -> int:
        if entry is None:
            raise ValueError("Say which act: --entry N. «gleanwatch consent history» lists them with their numbers.")
        act = next((a for a in self._parts.consents.acts if a.entry == entry), None)
        if act is None:
            known = await self._parts.store.read(lambda tx: _was_there(tx, entry))
            raise ValueError(
                f"The content of entry {entry} is not there: it was erased, or is no act of yours."
                if known
                else f"There is no entry {entry} in the ledger."
            )
        if entry in self._parts.consents.must_stay({entry}):
            raise ValueError(
                f"Act {entry} still holds, or takes back one that is still on record: it is why something is or is not "
                "observed. It can be erased once a newer notice was answered, together with what it takes back."
            )
        if self._parts.mode is Mode.MANAGED and act.kind is not ActKind.ANSWERED:
            raise ValueError(
                f"Act {entry} stays until claims about it lapse ({self._parts.claims_years} years): it proves for both "
                "sides what you were told and what you answered (GDPR 17(3)(b) and (e))."
            )
        return entry

    def _stays(self, what: Erasable) -> tuple[str, ...]:
        stays = ["The ledger's entries: that there was something, of which kind and when. They say nothing about you."]
        if what is Erasable.ALL:
            stays.append("The acts that still hold, with the text of the notice: they say why something is observed.")
            if self._parts.mode is Mode.MANAGED:
                stays.append(
                    f"Your other acts, until claims about them lapse ({self._parts.claims_years} years): they prove "
                    "what you were told and what you answered."
                )
            stays.append("When each gate was open: it says that nothing was observed before you were told.")
            stays.append("Which browsers connected, until their time is over, and counts of what was refused.")
        if what in (Erasable.PAGE_LOADS, Erasable.FINDINGS, Erasable.ALL):
            stays.append("What is observed from now on. To stop that, object or withdraw.")
        if what is Erasable.WORDS:
            stays.append("The findings themselves, without your answers.")
        return tuple(stays)


def _was_there(tx: apsw.Connection, entry: int) -> bool:
    try:
        ledger.entry_bytes(tx, entry)
    except KeyError:
        return False
    return True
