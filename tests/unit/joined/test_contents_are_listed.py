"""Whatever is sealed into the ledger stands on the page that lists every field: no content has a field beyond it."""

from __future__ import annotations

from typing import Final

from agent.ledger.entry import decode
from agent.model.consent import Erasable, Ground
from agent.model.face import NoticeText
from agent.model.findings import Finding, Level, Stage
from agent.model.purposes import ActKind, Channel, Purpose
from agent.own_entries import opened_content
from agent.store import acts, gates, ledger
from agent.store.schema import FIELDS
from tests.unit.joined.rig import Joined
from tests.unit.joined.test_erasing import fill

SEALED: Final = FIELDS["ledger_content"]["sealed"]
SAID: Final = {
    "act": {*acts.COLUMNS, "words"},
    "gate": set(gates.COLUMNS),
    "notice": {"notice", "version", "language", "sha256"},
    "finding-opened": {"id", "tool", "family", "stage", "level", "flagged"},
    "erased": {"what", "channel"},
    "rotate": set(),
}
"""Kind of entry → the fields that its content may have; the page says each in words."""


async def test_no_content_has_a_field_that_the_page_does_not_list(alone: Joined) -> None:
    await fill(alone)
    await alone.press(ActKind.GIVEN, Purpose.LONGER_HISTORY)
    await alone.store.write(lambda tx: alone.store.ledger.rotate(tx, alone.clock.now()))
    await alone.erasing.erase(Erasable.WORDS, Ground.WITHDRAWN, None, Channel.PAGE)
    count = await alone.store.read(lambda tx: tx.execute("SELECT count(*) FROM ledger_entry").get)
    met = set()
    for number in range(count):
        body = await alone.store.read(lambda tx, n=number: ledger.entry_bytes(tx, n))  # type: ignore[misc]
        content = await alone.store.read(lambda tx, n=number: ledger.content(tx, n))  # type: ignore[misc]
        kind = decode(body).kind
        met.add(kind)
        assert set(content or {}) <= SAID[kind], kind
    assert met == set(SAID)


def test_what_the_agent_itself_notes_is_on_the_page_too() -> None:
    finding = Finding("f", "t", "n", "x", Stage.RUNNING, 0.5, Level.LOW, False, (), 1, 1, 1)
    assert set(opened_content(finding)) == SAID["finding-opened"]
    for word in ("its id, tool", "level and whether you were warned", "its release and mode", "both releases"):
        assert word in SEALED
    assert "for rules the fingerprint of ours with the list of tools, and that of your organisation's" in SEALED
    for word in ("name, version and language", "a policy its fingerprint and the jurisdiction", "asked for and where"):
        assert word in SEALED
    assert NoticeText.__dataclass_fields__.keys() - {"text"} == SAID["notice"]


async def test_what_stands_in_the_open_tells_of_no_person_and_counts_nothing(alone: Joined) -> None:
    await fill(alone)
    await alone.store.write(lambda tx: alone.store.ledger.rotate(tx, alone.clock.now()))
    for what in (Erasable.PAGE_LOADS, Erasable.FINDINGS):
        await alone.erasing.erase(what, Ground.NOT_NEEDED, None, Channel.PAGE)
    bodies = await alone.store.read(lambda tx: tx.execute("SELECT bytes FROM ledger_entry").fetchall())
    names = {name for (body,) in bodies for name in decode(body).facts}
    assert names == {"next", "previous", "size", "root", "entries", "ground"}
