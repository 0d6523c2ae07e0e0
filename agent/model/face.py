"""What the agent shows and lets a person do, whichever face they use: page, pop-up or terminal.

`daemon.py` implements `AgentFace` once; `web/` calls it directly and `cli/` through the control socket, so that no two
faces can disagree about what is stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.model.consent import Acted, ActView, Erasable, ErasurePreview, Ground, Press, ProofCheck, PurposeView
from agent.model.consequences import Consequence, Place
from agent.model.findings import Finding
from agent.model.health import Health
from agent.model.organisation import Added
from agent.model.purposes import Channel, Gate, Mode, Purpose

ExportFile = bytes | AsyncIterable[bytes]
"""The content of a file that is handed out: whole, or part by part where it grows without bound."""


@dataclass(frozen=True, slots=True)
class BrowserState:
    """One browser's extension as the agent knows it.

    Attributes:
        client: First 6 characters of the queue's random id: enough to tell two apart.
        browser: `chromium`, `firefox` and so on.
        browser_version: Major version.
        extension_version: The extension's release.
        connected: Whether it has a connection now.
        last_acked_at: When something of it was last stored, UTC milliseconds; None when never.
        acked: Its highest stored sequence number.
        waiting: Events it said it holds.
        dropped: Events it said it dropped.
        lost: Events it said were lost when the browser exited.
        missing: Keys of watched platforms that its browser hides from it; only while it is connected.
    """

    client: str
    browser: str
    browser_version: str
    extension_version: str
    connected: bool
    last_acked_at: int | None
    acked: int
    waiting: int
    dropped: int
    lost: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageSlice:
    """How many page loads of one class on one platform are kept from one stretch of time.

    Attributes:
        start: When it began, UTC milliseconds.
        platform: The platform's key.
        page_class: The kind of page.
        count: How many.
    """

    start: int
    platform: str
    page_class: str
    count: int


@dataclass(frozen=True, slots=True)
class PageTotal:
    """How many page loads of one class on one platform are kept."""

    platform: str
    page_class: str
    count: int
    last_at: int


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice as it is shown: its id and version, language, exact text (Markdown) and the text's SHA-256 in hex."""

    notice: str
    version: str
    language: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the first screen needs.

    Attributes:
        version: The agent's release.
        mode: How this instance runs.
        organisation: Its name in managed mode, else empty.
        started_at: UTC milliseconds.
        gates: Every gate.
        browsers: Every browser seen in the last 24 hours, connected first.
        health: Every part's state.
        totals: Page loads kept, by platform and page class.
        counters: Refusals and other counts by name.
        flagged: Number of open flagged findings; approved ones are none.
        next_deletion: When the sweeper next deletes something, UTC milliseconds, or None.
        contact: Where a person turns to in managed mode, else empty.
        paused_until: Until when the person paused watching, UTC milliseconds, or None.
    """

    version: str
    mode: Mode
    organisation: str
    started_at: int
    gates: tuple[Gate, ...]
    browsers: tuple[BrowserState, ...]
    health: tuple[Health, ...]
    totals: tuple[PageTotal, ...]
    counters: Mapping[str, int]
    flagged: int
    next_deletion: int | None
    contact: str = ""
    paused_until: int | None = None


class FindingFilter(StrEnum):
    """Which findings a list shows."""

    ASKS = "asks"
    """Flagged, open, and not answered yet."""
    FLAGGED = "flagged"
    OPEN = "open"
    """Running or collecting now."""
    INSTALLED = "installed"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class FindingPage:
    """One page of a list of findings.

    Attributes:
        found: Those on this page, newest first.
        total: How many the filter matches in all.
        counts: How many each filter would match.
    """

    found: tuple[Finding, ...]
    total: int
    counts: Mapping[FindingFilter, int]


@dataclass(frozen=True, slots=True)
class KeptTable:
    """One table of the database, as «My data» shows it.

    Attributes:
        table: Its name, a key of `store.schema.FIELDS`.
        rows: How many rows there are.
        oldest: Time of the oldest one, UTC milliseconds; None where it has none or the table no times.
        next_deletion: When a row's time is over next, UTC milliseconds; None where none waits.
        keeps_ms: For how long a row is kept, milliseconds; None where that is not a matter of time alone.
    """

    table: str
    rows: int
    oldest: int | None = None
    next_deletion: int | None = None
    keeps_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RowsPart:
    """Some rows of one table: column → value as `AgentFace.latest` tells them, and where the next part goes on.

    Attributes:
        rows: The rows.
        last: The key of the last of them; empty where nothing follows.
    """

    rows: tuple[Mapping[str, str | int | float | None], ...]
    last: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What the page about the ledger shows.

    Attributes:
        origin: The name of the log that is written now.
        entries: How many entries all logs have.
        logs: How many logs there are.
        checkpoints: The latest signed ones, newest first.
        signed: How many checkpoints there are in all.
        witnesses: Each witness that the policy names, with what it has seen.
        key: The verifier key of the log, for checking it elsewhere.
    """

    origin: str
    entries: int
    logs: int
    checkpoints: tuple[CheckpointView, ...]
    signed: int
    witnesses: tuple[WitnessView, ...]
    key: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verifying the whole ledger found.

    Attributes:
        ok: Whether all is well.
        entries: Entries checked, over all logs.
        checkpoints: Checkpoints held against the tree.
        contents: Contents that are what their entry commits to.
        erased: Contents that were erased, as the ledger says.
        faults: What is wrong, in plain words.
        remarks: What a reader should know.
    """

    ok: bool
    entries: int
    checkpoints: int
    contents: int
    erased: int
    faults: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """One signed checkpoint.

    Attributes:
        number: Its running number.
        log: Which log.
        size: How many of that log's entries it covers.
        note: Its text, as it was signed.
        at: When the newest entry under it was written, UTC milliseconds; None where that entry is gone.
    """

    number: int
    log: int
    size: int
    note: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class WitnessView:
    """One witness: its name, how many entries of all logs its newest signature covers (0: none yet), and since when.

    A log begins with the fingerprint of the one before it, so whoever has seen the newest has seen all.
    """

    name: str
    size: int
    at: int | None


class AgentFace(Protocol):
    """The one interface behind every face."""

    async def status(self) -> Status:
        """Return the current state."""
        ...

    async def findings(self, since: int | None = None) -> Sequence[Finding]:
        """Return findings with `last_seen` at or after `since` (UTC milliseconds), newest first; all when None."""
        ...

    async def findings_page(self, which: FindingFilter, offset: int = 0, limit: int = 25) -> FindingPage:
        """Return part of a list of findings, newest first."""
        ...

    async def timeline(self, since: int, step_ms: int = 900_000) -> Sequence[PageSlice]:
        """Return page loads kept from `since` (UTC milliseconds) on, oldest first.

        `step_ms` is the length of each slice: whole quarters of an hour.
        """
        ...

    async def finding(self, finding_id: str) -> Finding | None:
        """Return one finding, or None when it does not exist."""
        ...

    async def answer(
        self, finding_id: str, category: str, words: str, press: Press | None, channel: Channel
    ) -> Finding | None:
        """Record what the person says of a finding; None when it does not exist.

        Args:
            finding_id: Which.
            category: One of `model.answers.ANSWERS`.
            words: Up to 500 characters of the person's own, or empty.
            press: How it was said, where that is known; its kind is `answered`.
            channel: Where.

        Raises:
            ValueError: The category is none of them, or the words are too many.
        """
        ...

    async def consequences(self, finding: Finding) -> Sequence[Consequence]:
        """Return what terms and law say of a finding, as information; the law's part only where the person works."""
        ...

    async def place(self) -> Place:
        """Return the place whose law is told of, and whether the person said that they do not work there."""
        ...

    async def work_elsewhere(self, elsewhere: bool) -> Place:
        """Keep whether the person works elsewhere than where the policy says, and return what holds now.

        It changes what is shown to them and nothing else. It holds for the jurisdiction of today's policy only.

        Raises:
            ValueError: No jurisdiction is configured, so there is no law to hide.
        """
        ...

    def added(self) -> Added:
        """Return what the organisation adds beside its policy: its rules, its approvals, what could not be taken."""
        ...

    def languages(self) -> Sequence[str]:
        """Return the languages in which the notice can be shown here, best first."""
        ...

    def notice(self, language: str = "en") -> NoticeText:
        """Return the notice that holds now, exactly as it must be shown; in the first language where ours lacks it."""
        ...

    async def difference(self, language: str = "en") -> Sequence[tuple[str, str]] | None:
        """Say how the notice differs from the last one that the person answered.

        Returns:
            Lines with their mark (`+` new, `-` gone, a space for unchanged), or None when there was none before or
            nothing changed.
        """
        ...

    async def purposes(self, language: str = "en") -> Sequence[PurposeView]:
        """Return every purpose, mandatory ones first, with its words in `language`."""
        ...

    async def history(self, language: str = "en") -> Sequence[ActView]:
        """Return every act on record, newest first."""
        ...

    async def history_before(self, before: int | None, limit: int, language: str = "en") -> Sequence[ActView]:
        """Return the newest acts with a number under `before` (None: of all), newest first, `limit` at most."""
        ...

    async def answers_to(self, finding_id: str, language: str = "en") -> Sequence[ActView]:
        """Return what the person said of one finding, newest first, as far as it is still there."""
        ...

    async def act(self, purpose: Purpose | None, press: Press, channel: Channel) -> Acted:
        """Record an act about one purpose (None: every mandatory one in use) and return what it has done.

        Raises:
            ValueError: The text shown is not the notice that holds, or the act does not fit the purpose.
        """
        ...

    async def pause(self, minutes: int) -> Sequence[Gate]:
        """Stop watching for some minutes, or go on at once with 0, and return the gates that hold afterwards.

        No reason is asked and nothing of it is ever reported. It takes no act back and makes none.

        Raises:
            ValueError: More than a day, or fewer than none.
        """
        ...

    async def dispute(self, entry: int, channel: Channel, control: str = "") -> Sequence[Gate]:
        """Record «that was not me» about an earlier act and return the gates that hold afterwards.

        Raises:
            ValueError: There is no such act, or it cannot be disputed; the text says why.
        """
        ...

    async def receipt(self, entry: int) -> bytes:
        """Return the receipt of one entry: a JSON document that proves it without this program.

        Raises:
            ValueError: There is no such entry, or its content was erased.
        """
        ...

    async def check(self, entry: int) -> ProofCheck:
        """Verify one entry now: content, commitment, inclusion and signatures.

        Raises:
            ValueError: There is no such entry.
        """
        ...

    async def erase_preview(self, what: Erasable, entry: int | None = None) -> ErasurePreview:
        """Say what erasing would take away and what stays.

        Raises:
            ValueError: There is no such entry, or none was named for `record`.
        """
        ...

    async def erase(self, what: Erasable, ground: Ground, entry: int | None, channel: Channel) -> ErasurePreview:
        """Erase, put the fact on record, compact the database, and return what went.

        Raises:
            ValueError: As `erase_preview`, or nothing of it is there.
        """
        ...

    async def kept(self) -> Sequence[KeptTable]:
        """Return every table that is kept, with how much is in it."""
        ...

    async def kept_in(self, table: str) -> KeptTable:
        """Return how much is in one table; no other is counted.

        Raises:
            ValueError: There is no such table.
        """
        ...

    async def latest(self, table: str, limit: int = 20) -> Sequence[Mapping[str, str | int | float | None]]:
        """Return the newest rows of one table as they are stored, column → value.

        Secrets, sealed content and other bytes that nobody can read come as how many they are.

        Raises:
            ValueError: There is no such table.
        """
        ...

    async def rows(self, table: str, after: Sequence[str | int] = (), limit: int = 1000) -> RowsPart:
        """Return rows of one table in the order of its key, so that all of it can be read part by part.

        Args:
            table: Its name.
            after: `RowsPart.last` of the part before; empty for the first.
            limit: Rows at most.

        Raises:
            ValueError: There is no such table, or `after` is no place in it.
        """
        ...

    async def ledger(self) -> LedgerView:
        """Return what the page about the ledger shows."""
        ...

    async def ledger_files(self) -> Mapping[str, ExportFile]:
        """Return every log of the ledger as plain files: tiles, keys, checkpoints, entries."""
        ...

    async def verify(self) -> VerifyResult:
        """Verify every log, checkpoint and content now."""
        ...

    def policy(self) -> Mapping[str, object]:
        """Return the organisation's policy as it holds: dotted key → value; empty without one."""
        ...

    async def export(self) -> Mapping[str, ExportFile]:
        """Return everything about the person as files: name → content."""
        ...

    async def try_collection(self) -> None:
        """Start the harmless collection of `gleanwatch try`; its flag arrives like any other."""
        ...

    def page_link(self) -> str:
        """Return a one-time link to the local page, valid for 60 seconds."""
        ...

    def changes(self) -> AsyncIterator[str]:
        """Yield a topic (`findings`, `pages`, `browsers`, `gates`, `health`) each time something changed."""
        ...
