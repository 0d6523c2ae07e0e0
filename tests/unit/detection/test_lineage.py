"""Which processes belong together, as laws: whatever starts, ends, is forgotten or comes back under an old number.

A model that keeps everything says what must hold; the lineage forgets what it may and must never say more than that.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.detection.lineage import MAX_FOLLOWED, MAX_GONE, Lineage
from agent.model.events import ProcessKey

PIDS = st.integers(2, 9)


def held(lineage: Lineage) -> dict[str, int]:
    """Return what is still held of processes that have not ended, by the name of what holds it: nothing may leak."""
    return {name: len(one) for name, one in vars(lineage).items() if one and name != "_gone"}


class Family(RuleBasedStateMachine):
    """Processes begin, with one of ten numbers, below one another; they end in any order, some ends are never told."""

    def __init__(self) -> None:
        super().__init__()
        self.lineage = Lineage()
        self.now = 0
        self.runs: dict[int, ProcessKey] = {}
        self.roots: set[ProcessKey] = set()
        self.root_of: dict[ProcessKey, ProcessKey] = {}
        self.met: list[ProcessKey] = []

    def begin(self, pid: int) -> ProcessKey:
        """Give a number to a new process; whoever had it is gone, told or not."""
        self.now += 1
        before = self.runs.get(pid)
        if before is not None:
            self.leave(before)
            self.lineage.forget(before)
        key = self.runs[pid] = ProcessKey(pid, self.now)
        self.met.append(key)
        return key

    def leave(self, key: ProcessKey) -> None:
        self.roots.discard(key)
        self.root_of.pop(key, None)
        self.root_of = {helper: root for helper, root in self.root_of.items() if root != key}
        if self.runs.get(key.pid) == key:
            del self.runs[key.pid]

    @rule(pid=PIDS)
    def a_recognised_one_begins(self, pid: int) -> None:
        key = self.begin(pid)
        assert self.lineage.add_root(key)
        self.roots.add(key)

    @rule(pid=PIDS, parent=PIDS)
    def one_that_is_nobody_begins(self, pid: int, parent: int) -> None:
        key = self.begin(pid)
        above = self.runs.get(parent) if parent != pid else None
        expected = None if above is None else above if above in self.roots else self.root_of.get(above)
        assert self.lineage.follow(key, parent) == expected
        if expected is not None:
            self.root_of[key] = expected

    @precondition(lambda self: self.met)
    @rule(data=st.data())
    def one_ends(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.met))
        self.lineage.ended(key)
        self.leave(key)

    @precondition(lambda self: self.met)
    @rule(data=st.data())
    def one_is_forgotten(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.met))
        self.lineage.forget(key)
        self.leave(key)

    @rule(pid=PIDS)
    def one_ends_before_anybody_knows_who_it_is(self, pid: int) -> None:
        key = self.begin(pid)
        self.lineage.ended(key)
        self.leave(key)
        assert not self.lineage.add_root(key), "it is gone already"
        assert self.lineage.root_of(key) is None

    @rule()
    def everything_is_forgotten(self) -> None:
        self.lineage.clear()
        self.runs.clear()
        self.roots.clear()
        self.root_of.clear()

    @invariant()
    def everybody_belongs_where_they_were_started(self) -> None:
        for key in self.met:
            expected = key if key in self.roots else self.root_of.get(key)
            assert self.lineage.root_of(key) == expected
        for root in self.roots:
            assert set(self.lineage.below(root)) == {one for one, above in self.root_of.items() if above == root}

    @invariant()
    def a_number_is_known_only_as_who_has_it_now(self) -> None:
        for pid in range(2, 10):
            held = self.lineage.of_pid(pid)
            known = self.runs.get(pid)
            assert held == (known if known in self.roots or known in self.root_of else None)

    def teardown(self) -> None:
        for key in self.met:
            self.lineage.ended(key)
            self.leave(key)
        assert held(self.lineage) == {}


Family.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestFamily = Family.TestCase


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_a_parent_that_began_later_is_another_with_its_number(starts: list[int]) -> None:
    lineage = Lineage()
    root = ProcessKey(100, 250)
    lineage.add_root(root)
    for number, start in enumerate(starts):
        child = ProcessKey(1000 + number, start)
        assert lineage.follow(child, root.pid) == (root if start >= root.started_at else None)


def test_more_helpers_than_are_followed_push_out_the_oldest() -> None:
    lineage = Lineage()
    root = ProcessKey(1, 0)
    lineage.add_root(root)
    for pid in range(2, MAX_FOLLOWED + 102):
        assert lineage.follow(ProcessKey(pid, pid), 1) == root
    below = lineage.below(root)
    assert len(below) == MAX_FOLLOWED
    assert below[0].pid == 102, "the oldest hundred are followed no longer"
    assert lineage.of_pid(2) is None and lineage.of_pid(101) is None
    lineage.ended(root)
    assert held(lineage) == {}


def test_those_that_ended_unmet_are_remembered_up_to_a_bound() -> None:
    lineage = Lineage()
    for pid in range(10_000):
        lineage.ended(ProcessKey(pid, 1))
    assert not lineage.add_root(ProcessKey(9_999, 1))
    assert lineage.add_root(ProcessKey(9_999 - MAX_GONE, 1))


def test_a_helper_that_turns_out_to_be_recognised_is_a_root_and_its_children_are_its_own() -> None:
    lineage = Lineage()
    shell, curl, below = ProcessKey(10, 1), ProcessKey(11, 2), ProcessKey(12, 3)
    lineage.add_root(shell)
    assert lineage.follow(curl, 10) == shell
    lineage.forget(curl)  # It replaced its program.
    lineage.add_root(curl)
    assert lineage.follow(below, 11) == curl
    assert (lineage.below(shell), lineage.below(curl)) == ([], [below])
    lineage.ended(shell)
    assert lineage.root_of(below) == curl
