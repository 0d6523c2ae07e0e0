"""The audit: everything that `gleanwatch ledger verify` checks of this database, in one consistent snapshot.

```
each log        → `agent.ledger.verify`: entries, tree, checkpoints, signatures, cosignatures; bound to its neighbours
each entry      → its content opens, is what the entry commits to, and is there unless an entry says it was erased
acts, gates     → the rows that decide what may be observed are what the ledger's contents say, no more and no fewer
notices         → each kept text has its fingerprint, is what the ledger says of it, and is there while an act names it
```
Reads only. What is wrong comes back as problems that name the place; what a reader should know comes back as remarks.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import apsw
import msgspec

from agent.ledger import entry as entries
from agent.ledger.entry import Entry, EntryError, Json
from agent.ledger.log import LogError
from agent.ledger.note import VerifierKey
from agent.ledger.verify import MOST_PROBLEMS, LogRecord, LogReport, Problem, verify_log
from agent.store import acts, gates, ledger
from agent.store.ledger import LogRow

AT_ONCE_MS: Final = 1000
"""Parts of the agent that write at the same moment may enter their times the wrong way round by this much."""

_PLAIN: Final = re.compile(
    rb'\{"at":(0|[1-9][0-9]{0,15}),"commitment":"([0-9a-f]{64})","kind":"([a-z-]{1,32})","v":1\}'
)
"""An entry without facts, as almost all are: read without a JSON parser."""


@dataclass(slots=True)
class Verification:
    """What the audit found.

    Attributes:
        entries: Entries over all logs.
        logs: How many logs.
        checkpoints: Checkpoints compared with the tree.
        signatures: Log signatures verified.
        contents: Contents that opened and are what their entry commits to.
        erased: Contents that were erased, as the ledger says.
        witnesses: Witnesses that cosigned the newest witnessed checkpoint of the open log.
        witnessed: How many entries of the open log they have seen.
        problems: What is wrong.
        remarks: What a reader should know.
    """

    entries: int = 0
    logs: int = 0
    checkpoints: int = 0
    signatures: int = 0
    contents: int = 0
    erased: int = 0
    witnesses: tuple[str, ...] = ()
    witnessed: int = 0
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    conn: apsw.Connection,
    *,
    every_checkpoint: bool = False,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Verification:
    """Verify the whole ledger and what rests on it.

    Args:
        conn: Inside a transaction, so that all of it is one state.
        every_checkpoint: Verify every checkpoint's signature, not only the last of each log.
        witnesses: Keys of witnesses whose cosignatures count.
        progress: Called with how many steps are done, of how many; each entry is two steps.

    Raises:
        apsw.Error: A page of the database cannot be read; whoever called says so.
    """
    return _Audit(conn, every_checkpoint, witnesses, progress).run()


class _Audit:
    def __init__(
        self,
        conn: apsw.Connection,
        every: bool,
        witnesses: Sequence[VerifierKey],
        progress: Callable[[int, int], None],
    ) -> None:
        self._conn = conn
        self._every = every
        self._witnesses = witnesses
        self._progress = progress
        self._found = Verification()
        self._total = 0
        self._told: dict[str, tuple[object, ...]] = {}
        """Fingerprint of a text → what the ledger says of it."""
        self._erased_kinds: set[str] = set()

    def run(self) -> Verification:
        found, conn = self._found, self._conn
        found.entries = self._total = int(conn.execute("SELECT count(*) FROM ledger_entry").get)
        newest = conn.execute("SELECT max(entry) FROM ledger_entry").get
        if newest is not None and newest + 1 != self._total:
            self._say("the entries", f"their numbers go up to {newest}, but {self._total} are there")
        for where, check in (
            ("the logs", self._logs),
            ("the checkpoints", self._checkpoint_numbers),
            ("acts and gates", self._contents),
            ("the notices", self._notices),
        ):
            try:
                check()
            except LogError as problem:
                self._say(where, str(problem))
            except UnicodeDecodeError:
                self._say(where, "a text there is not UTF-8: something else than this agent wrote it")
        if not found.witnesses:
            found.remarks.append(
                "No witness has seen this log: that nothing was cut off its end, and that no other version of it was "
                "shown to somebody else, cannot be told from this computer alone."
            )
        return found

    # The logs as such

    def _logs(self) -> None:
        found = self._found
        rows = ledger.logs(self._conn)
        found.logs = len(rows)
        firsts = [row.first for row in rows]
        if (
            [row.number for row in rows] != list(range(1, len(rows) + 1))
            or firsts[:1] != [0]
            or firsts != sorted(set(firsts))
            or firsts[-1] > self._total
        ):
            self._say(
                "the list of logs",
                "is not what it was: it does not begin with log 1 at entry 0 and go on from there. Which entry belongs "
                "to which log cannot be told",
            )
            return
        closed: LogReport | None = None
        for place, row in enumerate(rows):
            end = rows[place + 1].first if place + 1 < len(rows) else self._total
            self._bound(row, closed)
            report = verify_log(
                self._record(row, end),
                every_checkpoint=self._every,
                witnesses=self._witnesses,
                progress=partial(self._step, row.first),
            )
            prefix = f"log {row.number}, " if len(rows) > 1 else ""
            found.problems += [Problem(prefix + p.where, p.what) for p in report.problems]
            found.checkpoints += report.checkpoints
            found.signatures += report.signatures
            found.witnesses, found.witnessed = report.witnesses, report.witnessed
            closed = report
            if place + 1 < len(rows):
                self._closed_by_rotation(row, end)
            elif "next" in self._facts(end - 1):
                self._say(f"entry {end - 1}", f"closes log {row.number}, but the log that follows it is not there")

    def _step(self, first: int, done: int) -> None:
        self._progress(first + done, 2 * self._total)

    def _record(self, row: LogRow, end: int) -> LogRecord:
        conn = self._conn

        def checkpoints() -> Iterator[tuple[int, bytes]]:
            return iter(
                conn.execute("SELECT size, note FROM ledger_checkpoint WHERE log = ? ORDER BY number", (row.number,))
            )

        cosigned: dict[int, list[str]] = {}
        for size, name, line in conn.execute(
            "SELECT size, witness, line FROM ledger_cosignature WHERE log = ?", (row.number,)
        ):
            if not line.startswith(f"— {name} "):
                self._say(
                    f"cosignature of the checkpoint of size {size}", f"is not by {name}, under whose name it is kept"
                )
            cosigned.setdefault(size, []).append(line)
        return LogRecord(
            ledger.verifier(conn, row.number),
            iter(
                conn.execute(
                    "SELECT bytes, nodes FROM ledger_entry WHERE entry >= ? AND entry < ? ORDER BY entry",
                    (row.first, end),
                )
            ),
            checkpoints,
            cosigned,
            row.first,
        )

    def _bound(self, row: LogRow, closed: LogReport | None) -> None:
        """A log after the first begins by naming the one before, with its final size and root."""
        if row.number == 1:
            return
        facts = self._facts(row.first)
        last = closed.last if closed is not None else None
        if last is None or facts != {
            "previous": last.origin,
            "size": last.size,
            "root": _base64(last.root),
        }:
            self._say(f"entry {row.first}", f"does not bind log {row.number} to the end of log {row.number - 1}")

    def _closed_by_rotation(self, row: LogRow, end: int) -> None:
        if self._facts(end - 1) != {"next": ledger.origin(self._conn, row.number + 1)}:
            self._say(f"entry {end - 1}", f"does not close log {row.number} by naming the log that follows it")

    def _facts(self, number: int) -> Mapping[str, Json]:
        try:
            entry = entries.decode(ledger.entry_bytes(self._conn, number))
        except (KeyError, EntryError):
            return {}
        return entry.facts if entry.kind == "rotate" else {}

    def _checkpoint_numbers(self) -> None:
        out_of_step = self._conn.execute(
            """SELECT count(*) FROM (
                   SELECT number, row_number() OVER (ORDER BY log, size) AS due FROM ledger_checkpoint
               ) WHERE number <> due"""
        ).get
        if out_of_step:
            self._say("the checkpoints", "their numbers have gaps or are out of order: some were removed or moved")
        for table, what in (("ledger_checkpoint", "checkpoints"), ("ledger_cosignature", "cosignatures")):
            if self._conn.execute(
                f"SELECT count(*) FROM {table} WHERE log NOT IN (SELECT number FROM ledger_log)"  # noqa: S608
            ).get:
                self._say(f"the {what}", "some belong to a log that is not in the list of logs")

    # What the entries speak of

    def _contents(self) -> None:
        found = self._found
        erased = self._erased()
        shown_at: int | None = None
        observed_at: int | None = None
        before = 0
        act_rows, gate_rows = self._rows("act"), self._rows("gate")
        for number, body, sealed, key, salt in self._conn.execute(
            """SELECT e.entry, bytes, sealed, key, salt FROM ledger_entry e
               LEFT JOIN ledger_content c ON c.entry = e.entry ORDER BY e.entry"""
        ):
            where = f"entry {number}"
            entry = self._entry(where, body)
            if entry is None:
                continue
            if entry.at < before - AT_ONCE_MS:
                found.remarks.append(
                    f"The clock was set back by {_span(before - entry.at)} before {where}; the order of entries holds."
                )
            before = entry.at
            if entry.kind == "monitoring-start" and observed_at is None:
                observed_at = number
            row_of = act_rows if entry.kind == "act" else gate_rows if entry.kind == "gate" else {}
            row = row_of.pop(number, None)
            if sealed is None:
                if number in erased:
                    found.erased += 1
                    self._erased_kinds.add(entry.kind)
                    if row is not None:
                        self._say(where, f"is erased, but its {entry.kind} is still there")
                else:
                    self._say(where, "its content is gone, though no entry says that it was erased")
                continue
            if number in erased:
                self._say(where, "its content is there, though the ledger says that it was erased")
            try:
                plain = ledger.unseal(number, entry.commitment, sealed, key, salt)
            except LogError as problem:
                self._say(where, str(problem).removeprefix(f"{where}: "))
                continue
            found.contents += 1
            if entry.kind in ("act", "gate"):
                content = self._held_against(where, entry.kind, plain, row)
                if shown_at is None and content.get("kind") == "shown":
                    shown_at = number
            elif entry.kind == "notice":
                told = self._read(where, plain)
                self._told[str(told.get("sha256"))] = tuple(told.get(n) for n in ("notice", "version", "language"))
            if number % 2048 == 0:
                self._progress(self._total + number, 2 * self._total)
        for kind, left in (("act", act_rows), ("gate", gate_rows)):
            for number in left:
                self._say(f"{kind} {number}", "stands in its table, but the ledger has no such entry")
        self._strays()
        self._order(shown_at, observed_at)
        self._progress(2 * self._total, 2 * self._total)

    def _entry(self, where: str, body: bytes) -> Entry | None:
        plain = _PLAIN.fullmatch(body)
        if plain is not None and (kind := plain[3].decode()) in entries.KINDS:
            return Entry(kind, int(plain[1]), bytes.fromhex(plain[2].decode()))
        try:
            return entries.decode(body)
        except EntryError as problem:
            self._say(where, f"cannot be read: {problem}")
            return None

    def _erased(self) -> set[int]:
        """Collect which entries the ledger itself says were erased."""
        gone: set[int] = set()
        for number, body in self._conn.execute(
            "SELECT entry, bytes FROM ledger_entry WHERE instr(bytes, ?) ORDER BY entry", (b'"kind":"erased"',)
        ):
            try:
                entry = entries.decode(body)
            except EntryError:
                continue  # named where its content is looked at
            spans = entry.facts.get("entries") if entry.kind == "erased" else None
            for span in spans if isinstance(spans, list) else ():
                match span:
                    case [int(low), int(high)] if 0 <= low <= high < number:
                        gone.update(range(low, high + 1))
                    case _:
                        self._say(f"entry {number}", "names entries as erased that do not come before it")
        return gone

    def _rows(self, table: str) -> dict[int, tuple[object, ...]]:
        return {row[0]: row[1:] for row in self._conn.execute(f"SELECT * FROM {table}")}  # noqa: S608 -- our own names

    def _held_against(
        self, where: str, kind: str, plain: bytes, row: tuple[object, ...] | None
    ) -> Mapping[str, object]:
        """Compare a content with the row that the agent decides by."""
        content = self._read(where, plain)
        if not content:
            return content
        names = acts.COLUMNS if kind == "act" else gates.COLUMNS
        if row is None:
            self._say(where, f"the ledger has this {kind}, but its row is gone from the table that decides")
            return content
        # A content leaves out what is empty.
        said = {name: None if value == "" else value for name, value in zip(names, row, strict=True)}
        different = [n for n in names if said[n] != (None if content.get(n) == "" else content.get(n))]
        if different:
            self._say(where, f"the {kind} in its table differs from the ledger in: {', '.join(different)}")
        return content

    def _read(self, where: str, plain: bytes) -> Mapping[str, object]:
        try:
            return msgspec.json.decode(plain, type=dict[str, object])
        except msgspec.DecodeError:
            self._say(where, "its content is not what this release writes")
            return {}

    def _strays(self) -> None:
        for (number,) in self._conn.execute(
            "SELECT entry FROM ledger_content WHERE entry NOT IN (SELECT entry FROM ledger_entry)"
        ):
            self._say(f"entry {number}", "is not in the ledger, but its content lies in the store")

    def _notices(self) -> None:
        kept = set()
        for sha256, text, *said in self._conn.execute(
            "SELECT sha256, text, notice, version, language FROM notice_text"
        ):
            where = f"notice {sha256[:12]}"
            kept.add(sha256)
            if hashlib.sha256(text.encode()).hexdigest() != sha256:
                self._say(where, "the kept text is not the one that was shown: its fingerprint differs")
            told = self._told.get(sha256)
            if told is None and "notice" not in self._erased_kinds:
                self._say(where, "is kept as a text that was shown, but the ledger has no such notice")
            elif told is not None and told != tuple(said):
                self._say(where, "its name, version or language is not what the ledger says")
        missing = dict.fromkeys(self._told, "")
        for entry, sha256 in self._conn.execute("SELECT entry, notice_sha256 FROM act ORDER BY entry"):
            if sha256 and sha256 not in kept:
                missing.pop(sha256, None)
                self._say(f"entry {entry}", f"the text it is about (notice {sha256[:12]}) is not kept any more")
        if "act" not in self._erased_kinds:
            # A text goes with the last act that names it.
            for sha256 in missing.keys() - kept:
                self._say(f"notice {sha256[:12]}", "is not kept any more, though no act was erased")

    def _order(self, shown_at: int | None, observed_at: int | None) -> None:
        if observed_at is None:
            self._found.remarks.append("Nothing was observed yet.")
        elif shown_at is None or shown_at > observed_at:
            # Erased acts leave their place: then the order can still be seen from the entries, not the reason.
            self._found.remarks.append(
                f"Observing began at entry {observed_at}; the act that showed the notice before it is not readable."
            )
        else:
            self._found.remarks.append(
                f"The notice was shown first (entry {shown_at}), observing began after it (entry {observed_at})."
            )

    def _say(self, where: str, what: str) -> None:
        if len(self._found.problems) < 4 * MOST_PROBLEMS:
            self._found.problems.append(Problem(where, what))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _span(milliseconds: int) -> str:
    for unit, name in ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1000, "seconds")):
        if milliseconds >= 2 * unit:
            return f"{milliseconds // unit} {name}"
    return f"{milliseconds} milliseconds"
