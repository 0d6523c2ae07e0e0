"""Witnessing: the ledger's newest signed state goes to the witnesses that the policy names; what they sign is kept.

```
every ten minutes, where something was added; else once a day, so that silence too can be noticed
    newest checkpoint, consistency path from the size that this witness cosigned last → POST <url>/add-checkpoint
    cosignature lines → checked → kept with that checkpoint (`store/ledger.py`) → in every proof made from then on
    409, the size that the witness has → once more from there
    409, a size that this log never had; 422, another history → health says that the record was put back or rewritten
```
What leaves: the log's random name, how many entries it has, one hash over them, our signature, and hashes that show
that nothing before was changed. Nothing that was recorded, no header that names this program, no cookie; a redirection
is not followed.

A record that a witness does not know again cannot be mended by asking more often: it is asked once a day from then on,
counted each time, and health stays at `failed` until the witness signs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

import aiohttp
import apsw

from agent.ledger import log as logs
from agent.ledger import note
from agent.ledger.note import NoteError, VerifierKey
from agent.ledger.witness import (
    MAX_ANSWER,
    TEXT_TYPE,
    Answer,
    Conflict,
    Cosigned,
    Refused,
    read_answer,
    request,
)
from agent.model.faults import described
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.model.tasks import end_task
from agent.settings.policy import Witness
from agent.store import ledger
from agent.store.database import LedgerBroken, Store, StoreError
from agent.store.ledger import LogRow

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 60.0
"""Longest wait before the first look after the start; spread, so that a fleet does not call all at once."""
EVERY_SECONDS: Final = 600.0
HEARTBEAT_SECONDS: Final = 86_400.0
MOST_SECONDS: Final = 3600.0
"""Longest wait between tries at a witness that cannot be reached or does not sign."""
SOONEST_SECONDS: Final = 0.05
"""Shortest sleep, so that a clock that stands still does not turn the loop into a whirl."""
SPREAD: Final = 0.2
"""Part of each wait that is drawn at random."""
TIMEOUT_SECONDS: Final = 30.0

Post = Callable[[str, bytes], Awaitable[Answer]]
"""Sends a body to an address; raises `OSError` (a time-out is one) or `aiohttp.ClientError` where no answer came."""


class Word(StrEnum):
    """What came of asking a witness, and how it is counted."""

    COSIGNED = "cosigned"
    UNREACHED = "unreached"
    UNKNOWN = "unknown"
    """404: it does not know this log."""
    REFUSED = "refused"
    GARBLED = "garbled"
    """An answer that is none, or signed by somebody else."""
    OTHER_HISTORY = "other_history"
    """422: the entries before are not the ones it has seen."""
    ROLLED_BACK = "rolled_back"
    """It has seen more entries than there are."""
    BROKEN = "broken"
    """This log contradicts itself: nothing was sent."""


GRAVE: Final = frozenset({Word.OTHER_HISTORY, Word.ROLLED_BACK, Word.BROKEN})
"""What cannot happen to a record that nobody touched."""


@dataclass(frozen=True, slots=True)
class Said:
    """The outcome of the last try with one witness.

    Attributes:
        word: What it was.
        text: The same in a sentence, for people.
    """

    word: Word
    text: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is sent to a witness about one log.

    Attributes:
        log: Which.
        old: Size that the witness is believed to have cosigned last.
        size: Entries under the checkpoint.
        signed: The checkpoint with the log's own signature and no other.
        path: Shows that the tree of size `old` is the beginning of this one.
    """

    log: LogRow
    old: int
    size: int
    signed: bytes
    path: tuple[bytes, ...]


class RolledBack(Exception):
    """A witness cosigned more entries than this log has."""

    def __init__(self, seen: int, size: int) -> None:
        super().__init__(f"it has cosigned {seen} entries of this log, which now has {size}")


def submission(conn: apsw.Connection, witness: str, log: LogRow, old: int | None = None) -> Submission | None:
    """Return what to send about a log, None where it is empty (reads only).

    Args:
        conn: The database.
        witness: Name of the witness.
        log: The log.
        old: Size that the witness says it has; None for the one that was kept.

    Raises:
        RolledBack: That size is larger than the log.
        LogError: A part of the tree is missing.
    """
    newest = ledger.newest_checkpoint(conn, log)
    if newest is None:
        return None
    size, signed = newest
    if old is None:
        old = ledger.cosigned_size(conn, log, witness)
    if old > size:
        raise RolledBack(old, size)
    _, storage = ledger.log_of(conn, log.first)
    return Submission(log, old, size, signed, tuple(logs.consistency(storage, old, size)))


def refusal(found: Refused, key: str) -> Said:
    """Say what a refusal means and what can be done.

    Args:
        found: The witness's answer.
        key: The log's verifier key, which its operator may need.
    """
    if found.status == 404:
        return Said(Word.UNKNOWN, f"does not know this log. Its operator needs the log's key: {key}")
    if found.status == 422:
        return Said(Word.OTHER_HISTORY, "has seen another history of this log")
    return Said(Word.REFUSED, f"refuses ({found.status}): {found.meaning}")


def wait_seconds(word: Word, failures: int, draw: float) -> float:
    """Return how long to wait until a witness is looked at again, seconds.

    Args:
        word: What came of the last try.
        failures: How many tries in a row did not end in a cosignature.
        draw: A random number from 0 to 1.
    """
    if word in GRAVE:
        base = HEARTBEAT_SECONDS
    elif word is Word.COSIGNED:
        base = EVERY_SECONDS
    else:
        base = min(EVERY_SECONDS * 2 ** min(failures - 1, 10), MOST_SECONDS)
    return base * (1 + SPREAD * draw)


async def post(url: str, body: bytes, timeout_seconds: float = TIMEOUT_SECONDS) -> Answer:
    """Send a body and return the answer, of which no more is read than anybody believes.

    Raises:
        OSError, aiohttp.ClientError: No whole answer came, or not in time.
    """
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    headers = {"Content-Type": TEXT_TYPE, "Accept-Encoding": "identity"}
    async with (
        aiohttp.ClientSession(timeout=timeout, skip_auto_headers=("User-Agent",)) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as response,
    ):
        read = bytearray()
        async for chunk in response.content.iter_chunked(16_384):
            read += chunk
            if len(read) > MAX_ANSWER:
                break
        return Answer(response.status, response.headers.get("Content-Type", ""), bytes(read))


@dataclass(frozen=True, slots=True)
class WitnessingParts:
    """What witnessing is built from.

    Attributes:
        store: The database.
        clock: Time.
        witnesses: Those that the policy names.
        count: Counts outcomes by name, `witness.<word>`.
        draw: Returns a random number from 0 to 1.
        post: Sends a body.
    """

    store: Store
    clock: Clock
    witnesses: Sequence[Witness]
    count: Callable[[str], None]
    draw: Callable[[], float]
    post: Post = post


class _Standing:
    """How it stands with one witness."""

    def __init__(self, key: VerifierKey, url: str, due: float) -> None:
        self.key = key
        self.url = f"{url.rstrip('/')}/add-checkpoint"
        self.due = due
        """When it is looked at next, seconds of the clock's `monotonic`."""
        self.heartbeat = due
        """When it is asked though nothing was added."""
        self.failures = 0
        self.said: Said | None = None

    @property
    def is_grave(self) -> bool:
        """Whether it does not know this record again."""
        return self.said is not None and self.said.word in GRAVE


class Witnessing:
    """Asks the named witnesses, one loop for all of them; does nothing where none is named."""

    def __init__(self, parts: WitnessingParts) -> None:
        """Take the parts; nothing is sent before `start`.

        Raises:
            NoteError: A witness's key is none; `settings.policy` checks its form only.
        """
        self._parts = parts
        now = parts.clock.monotonic()
        self._all = [
            _Standing(VerifierKey.parse(each.key), each.url, now + FIRST_SECONDS * parts.draw())
            for each in parts.witnesses
        ]
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        if self._all and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        """Stop; an answer that was not kept yet is given again to the next question."""
        task, self._task = self._task, None
        if task is not None:
            await end_task(task)

    def health(self) -> Health | None:
        """Say who has seen the record, and loudly where somebody saw another one; None without witnesses."""
        if not self._all:
            return None
        asked = [(each.key.name, each.said) for each in self._all if each.said is not None]
        signed = [name for name, said in asked if said.word is Word.COSIGNED]
        how = f"{len(signed)} of {len(self._all)} have cosigned the newest state they were shown"
        grave = [f"{name} {said.text}" for name, said in asked if said.word in GRAVE]
        if grave:
            return Health(
                Part.WITNESSES,
                Condition.FAILED,
                how,
                missed=f"The record on this computer was put back or rewritten: {'; '.join(grave)}.",
                action="Do not rely on it. Keep a copy of the database, run «gleanwatch ledger verify», and tell both "
                "the person who works here and whoever runs the witness.",
            )
        silent = [f"{name} {said.text}" for name, said in asked if said.word is not Word.COSIGNED]
        if silent:
            return Health(
                Part.WITNESSES,
                Condition.DEGRADED,
                how,
                missed=f"Without its signature nobody else can show what was added since: {'; '.join(silent)}.",
                action="It is asked again by itself. If it stays so, check the network and [ledger] in the policy.",
            )
        return Health(Part.WITNESSES, Condition.WORKING, how if asked else f"{len(self._all)} named, not asked yet")

    async def look(self) -> None:
        """Ask every witness whose time has come, all at once."""
        now = self._parts.clock.monotonic()
        await asyncio.gather(*(self._visit(each, now) for each in self._all if each.due <= now))

    async def _follow(self) -> None:
        while True:
            wait = min(each.due for each in self._all) - self._parts.clock.monotonic()
            await asyncio.sleep(max(wait, SOONEST_SECONDS))
            await self.look()

    async def _visit(self, witness: _Standing, now: float) -> None:
        """Send what this witness has not seen, note what came of it, and when to look again."""
        try:
            said = await self._submit_all(witness, heartbeat=witness.heartbeat <= now)
        except StoreError as problem:
            log.warning("a witness (key %s): %s", witness.key.key_id.hex(), described(problem))
            said = None
        if said is not None:
            self._parts.count(f"witness.{said.word}")
            if said.word is Word.COSIGNED:
                witness.failures = 0
                witness.heartbeat = now + HEARTBEAT_SECONDS * (1 - SPREAD * self._parts.draw())
            else:
                witness.failures += 1
                # By its key: the log holds no name, and whose witness it is, health says.
                log.warning("a witness (key %s): %s", witness.key.key_id.hex(), said.word)
            # What a witness saw is not unsaid by its line being down.
            if said.word in GRAVE or said.word is Word.COSIGNED or not witness.is_grave:
                witness.said = said
        word = witness.said.word if witness.said is not None else Word.COSIGNED
        witness.due = now + wait_seconds(word, witness.failures, self._parts.draw())

    async def _submit_all(self, witness: _Standing, *, heartbeat: bool) -> Said | None:
        """Send every log that is not cosigned to its end, the open one also where its heartbeat is due.

        Returns:
            What came of it, up to the first trouble; None where nothing had to be asked.
        """
        said: Said | None = None
        try:
            rows = await self._parts.store.read(ledger.logs)
            for row in rows:
                sent = await self._parts.store.read(partial(submission, witness=witness.key.name, log=row))
                if sent is None or (sent.old == sent.size and not (heartbeat and row is rows[-1])):
                    continue
                said = await self._submit(witness, sent)
                if said.word is not Word.COSIGNED:
                    break
        except RolledBack as problem:
            return Said(Word.ROLLED_BACK, f"has seen more: {problem}")
        except LedgerBroken as problem:
            return Said(Word.BROKEN, f"was not asked, since the log contradicts itself: {problem.__cause__}")
        return said

    async def _submit(self, witness: _Standing, sent: Submission) -> Said:
        """Send, and once more from the size that the witness names.

        Raises:
            RolledBack: That size is larger than this log.
        """
        found = await self._ask(witness, sent)
        if isinstance(found, Conflict):
            look = partial(submission, witness=witness.key.name, log=sent.log, old=found.size)
            again = await self._parts.store.read(look)
            sent = again or sent
            found = await self._ask(witness, sent)
        if isinstance(found, Said):
            return found
        if isinstance(found, Conflict):
            return Said(Word.GARBLED, f"named {found.size} entries after it had named another number")
        if isinstance(found, Refused):
            key = await self._parts.store.read(lambda conn: ledger.verifier(conn, sent.log.number))
            return refusal(found, str(key))
        name, size, line = witness.key.name, sent.size, found.lines[0]
        await self._parts.store.write(lambda tx: ledger.keep_cosignature(tx, sent.log, size, name, line))
        return Said(Word.COSIGNED)

    async def _ask(self, witness: _Standing, sent: Submission) -> Cosigned | Conflict | Refused | Said:
        try:
            answer = await self._parts.post(witness.url, request(sent.old, sent.path, sent.signed))
        except (OSError, aiohttp.ClientError) as problem:
            return Said(Word.UNREACHED, f"could not be reached ({type(problem).__name__})")
        try:
            return read_answer(answer.status, answer.content_type, answer.body, note.parse(sent.signed), [witness.key])
        except NoteError as problem:
            return Said(Word.GARBLED, f"answered what is no answer: {problem}")
