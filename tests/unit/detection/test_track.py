"""One open finding, as laws: it speaks for one process at a time, and while it is open it only rises.

Processes of one tool come and are weighed again in any order, each with pieces of its own that say whose they are; what
is known of the tool as a whole comes in between.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.correlate.said import Said
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.scoring import confidence, level, strongest
from agent.detection.track import MAX_PROCESSES, REFRESH_MS, Live, Standing, Track
from agent.detection.weights import UNVERIFIED_RULE
from agent.model.events import Activity, ProcessKey
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage

HOLD_MS = 3_600_000
OF_PROCESSES = [EvidenceClass.NAME, EvidenceClass.PACKAGE, EvidenceClass.CODE, EvidenceClass.NETWORK]
WEIGHTS = st.sampled_from([0.05, 0.2, 0.3, 0.45, 0.6, 0.85, 0.97])
MODES = st.frozensets(st.sampled_from(list(CollectMode)), max_size=2)


def opened(stage: Stage = Stage.RUNNING) -> Track:
    """Return an open finding that nobody has seen yet."""
    finding = Finding("f", "t", "T", "site-mirror", stage, 0.0, Level.HIDDEN, False, (), 0, 0, 0)
    return Track(finding, Role.COLLECTOR, slot=("t", Standing.LISTED))


@st.composite
def lives(draw: st.DrawFn, number: int) -> Live:
    """Return a process whose every piece of evidence says whose it is."""
    pieces = tuple(
        Evidence(cls, f"rule.{cls.value}", f"process {number}", draw(WEIGHTS))
        for cls in draw(st.lists(st.sampled_from(OF_PROCESSES), min_size=1, max_size=3, unique=True))
    )
    found = Identified(
        "t", "T", "site-mirror", Role.COLLECTOR, draw(st.sampled_from(list(Bulk))), pieces, tuple(draw(MODES))
    )
    return Live(ProcessRef(100 + number, 1, "t"), found)


@st.composite
def said(draw: st.DrawFn, detail: str, cls: EvidenceClass) -> Said:
    """Return a rule's answer."""
    rule = f"{cls.value}.{draw(st.sampled_from(['a', 'b']))}"
    mode = draw(st.one_of(st.none(), st.sampled_from(list(CollectMode))))
    return Said(Evidence(cls, rule, detail, draw(WEIGHTS)), draw(st.booleans()), mode)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_it_speaks_for_one_process_at_a_time_and_only_rises(data: st.DataObject) -> None:
    track = opened()
    processes = [data.draw(lives(number)) for number in range(data.draw(st.integers(1, 4)))]
    began: set[int] = set()
    before: Finding | None = None
    for now in range(1, data.draw(st.integers(2, 14))):
        number = data.draw(st.integers(0, len(processes) - 1))
        live = processes[number]
        if number not in began:
            track.take(ProcessKey(live.ref.pid, 1), live, now, counts=True)
            began.add(number)
        elif data.draw(st.booleans()):
            live.hear([data.draw(said(f"process {number}", EvidenceClass.NETWORK))])
            live.seen = Activity(platforms={data.draw(st.sampled_from(["x", "linkedin"])): 1})
            track.weigh(live)
        else:
            track.hear([data.draw(said("the tool", EvidenceClass.ARTEFACT))], now)
        track.next_version(now, HOLD_MS)
        finding = track.finding

        speakers = {piece.detail for piece in finding.evidence} - {"the tool"}
        assert len(speakers) <= 1, "the evidence of two processes is never added up"
        assert finding.confidence == confidence(finding.evidence)
        assert finding.level.rank >= max(level(processes[one].pieces).rank for one in began)
        if before is not None:
            assert finding.stage.rank >= before.stage.rank
            assert finding.flagged >= before.flagged
            assert finding.level.rank >= before.level.rank
            assert set(finding.modes) >= set(before.modes)
            assert set(finding.platforms) >= set(before.platforms)
            assert finding.count >= before.count and finding.last_seen >= before.last_seen
            assert before.held_until in (None, finding.held_until), "the hold does not begin anew"
        assert (finding.held_until is None) <= (not finding.flagged)
        before = finding
    assert track.finding.count == max(len(began), 1 if "the tool" in str(track.finding.evidence) else 0)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_weaker_processes_change_nothing_of_the_reason(data: st.DataObject) -> None:
    """What a finding says is what its strongest process says, in whichever order they came."""
    processes = [data.draw(lives(number)) for number in range(3)]
    order = data.draw(st.permutations(processes))
    values = []
    for sequence in (processes, order):
        track = opened()
        for live in sequence:
            track.take(ProcessKey(live.ref.pid, 1), live, 1, counts=True)
        track.next_version(1, HOLD_MS)
        values.append((track.finding.level, track.finding.confidence, track.finding.flagged, track.finding.modes))
    assert values[0] == values[1]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_two_processes_that_are_no_flag_alone_are_none_together(data: st.DataObject) -> None:
    track = opened()
    for number in range(4):
        live = data.draw(lives(number))
        if live.warns():
            continue
        track.take(ProcessKey(live.ref.pid, 1), live, 1, counts=True)
    track.next_version(1, HOLD_MS)
    assert not track.finding.flagged


@given(WEIGHTS, st.booleans(), MODES)
def test_what_nobody_verified_is_never_a_reason_for_a_flag(
    weight: float, shows: bool, modes: frozenset[CollectMode]
) -> None:
    piece = Evidence(EvidenceClass.NAME, UNVERIFIED_RULE, "its name", weight)
    found = Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, (piece,), tuple(modes))
    live = Live(ProcessRef(1, 1, "t"), found, collecting=shows)
    assert not live.warns()
    assert live.standing() is not Standing.FLAGGED


def test_a_card_says_nothing_of_what_runs() -> None:
    track = opened(Stage.INSTALLED)
    track.best = (Evidence(EvidenceClass.PACKAGE, "inventory.installed", "a pypi package is installed", 0.5),)
    track.next_version(1, HOLD_MS)
    piece = Evidence(EvidenceClass.NAME, "r", "its name", 0.3)
    live = Live(ProcessRef(7, 1, "t"), Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.NEVER, (piece,)))
    track.take(ProcessKey(7, 1), live, 2, counts=True)
    changed = track.next_version(2, HOLD_MS)
    assert changed is not None
    assert (changed.stage, changed.evidence, changed.count) == (Stage.RUNNING, (piece,), 1)


def test_it_lists_so_many_processes_and_counts_all() -> None:
    track = opened()
    piece = Evidence(EvidenceClass.NAME, "r", "its name", 0.6)
    found = Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.NEVER, (piece,))
    for pid in range(1, MAX_PROCESSES + 11):
        track.take(ProcessKey(pid, 1), Live(ProcessRef(pid, 1, "t"), found), pid, counts=True)
    assert track.finding.count == MAX_PROCESSES + 10
    assert [one.pid for one in track.finding.processes] == list(range(11, MAX_PROCESSES + 11)), "the newest"


def test_a_finding_that_only_goes_on_is_handed_out_once_a_minute() -> None:
    track = opened()
    piece = Evidence(EvidenceClass.NAME, "r", "its name", 0.6)
    live = Live(ProcessRef(1, 1, "t"), Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.NEVER, (piece,)))
    track.take(ProcessKey(1, 1), live, 0, counts=True)
    handed_out = []
    for now in range(0, 10 * REFRESH_MS, 500):
        track.finding = replace(track.finding, last_seen=now)
        version = track.next_version(now, HOLD_MS)
        handed_out += [version] if version is not None else []
    assert [one.last_seen for one in handed_out] == [n * REFRESH_MS for n in range(10)]


@given(st.lists(st.tuples(st.sampled_from(list(EvidenceClass)), WEIGHTS, st.sampled_from("abc")), max_size=8))
def test_the_pieces_shown_are_one_of_each_class_and_the_strongest(rows: list[tuple[EvidenceClass, float, str]]) -> None:
    pieces = [Evidence(cls, rule, rule, weight) for cls, weight, rule in rows]
    kept = strongest(pieces)
    assert len({piece.cls for piece in kept}) == len(kept) == len({piece.cls for piece in pieces})
    for piece in kept:
        assert piece.weight == max(other.weight for other in pieces if other.cls is piece.cls)
    assert strongest(reversed(pieces)) == kept
