"""Files beside a policy, taken up as they change: real folders, a real watcher, the real process that parses rules."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.ledger.note import Signer
from agent.model.health import Condition
from agent.organisation import OrganisationFiles
from tests.support.beside import Organisation, rule
from tests.support.waiting import until
from tests.unit.joined.rig import DAY_MS, MovedClock

SECOND = 1000


@dataclass
class Told:
    """Files that are watched, and how often somebody was told that something changed."""

    files: OrganisationFiles
    changes: list[int] = field(default_factory=list)

    def titles(self) -> list[str]:
        return [one.title for one in self.files.rules.told]

    async def until(self, look: Callable[[], object], what: str) -> None:
        await until(look, what)


def beside(acme: Organisation, clock: MovedClock, *, require_root: bool = False, keys: tuple[str, ...] = ()) -> Told:
    told: list[int] = []

    async def changed() -> None:
        told.append(clock.now())

    named = keys or (str(acme.team.verifier),)
    files = OrganisationFiles(acme.policy, named, clock, changed, require_root=require_root, quiet_seconds=0.1)
    return Told(files, told)


@asynccontextmanager
async def watched(acme: Organisation, clock: MovedClock) -> AsyncIterator[Told]:
    """Read what lies there, then watch it until the block ends."""
    told = beside(acme, clock)
    await told.files.look()
    told.files.open()
    try:
        await until(lambda: len(told.files._watched) == len(list(acme.place.glob("*/"))) + 1, "the watches")
        yield told
    finally:
        await told.files.close()


@pytest.fixture
def acme(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path / "acme")


async def test_rules_are_taken_up_when_their_folder_appears_and_gone_with_it(
    acme: Organisation, clock: MovedClock
) -> None:
    async with watched(acme, clock) as told:
        assert told.files.health() == []
        acme.write_rule(rule())
        await told.until(lambda: told.titles() == ["Any download of media"], "the rule")
        acme.write_rule(rule("Another"), "two.yaml")
        await told.until(lambda: len(told.titles()) == 2, "the second")
        acme.write_rule(rule("Another, changed"), "two.yaml")
        await told.until(lambda: told.titles()[0] == "Another, changed", "the change")
        shutil.rmtree(acme.place / "rules")
        await told.until(lambda: told.titles() == [], "an empty set")
        acme.write_rule(rule())
        await told.until(lambda: told.titles() == ["Any download of media"], "the rule in a new folder")
        assert not told.files.left_out


async def test_what_is_written_at_once_is_taken_at_once(acme: Organisation, clock: MovedClock) -> None:
    async with watched(acme, clock) as told:
        for number in range(8):
            acme.write_rule(rule(f"Rule number {number}"), f"{number}.yml")
        await told.until(lambda: len(told.titles()) == 8, "all of them")
        assert len(told.changes) <= 2


async def test_a_broken_file_keeps_the_set_of_before_until_it_is_mended(acme: Organisation, clock: MovedClock) -> None:
    acme.write_rule(rule())
    async with watched(acme, clock) as told:
        before = told.files.rules
        acme.write_rule(rule("Another", test="Image: x"), "two.yml")
        await told.until(lambda: told.files.left_out, "the broken one")
        assert (told.files.rules, told.files.earlier) == (before, True)
        [health] = told.files.health()
        assert (health.part, health.condition, health.how) == (
            "rules",
            Condition.DEGRADED,
            "1 rule, as they were before",
        )
        assert health.missed.startswith("Left out: two.yml: Image cannot be seen")
        acme.write_rule(rule("Another"), "two.yml")
        await told.until(lambda: len(told.titles()) == 2, "the mended one")
        assert (told.files.left_out, told.files.earlier) == ((), False)


async def test_at_the_first_look_the_good_ones_are_taken_and_the_broken_ones_named(
    acme: Organisation, clock: MovedClock
) -> None:
    acme.write_rule(rule())
    acme.write_rule("not a rule: [", "broken.yml")
    acme.write_rule(rule("Twice"), "x.yml")
    acme.write_rule(rule("Twice"), "y.yml")
    (acme.place / "rules" / "latin.yml").write_bytes(b"\xe9")
    (acme.place / "rules" / "notes.md").write_text("not looked at")
    os.mkfifo(acme.place / "rules" / "pipe.yml")
    told = beside(acme, clock)
    assert await told.files.look()
    assert told.titles() == ["Any download of media", "Twice"]
    assert not told.files.earlier
    assert {one.file for one in told.files.left_out} == {"broken.yml", "y.yml", "latin.yml", "pipe.yml"}
    assert not await told.files.look()


async def test_renaming_a_file_asks_nobody_anew(acme: Organisation, clock: MovedClock) -> None:
    path = acme.write_rule(rule())
    told = beside(acme, clock)
    await told.files.look()
    path.rename(path.with_name("renamed.yml"))
    assert not await told.files.look()


async def test_approvals_hold_until_they_end_by_the_clock(acme: Organisation, clock: MovedClock) -> None:
    acme.approve(clock.now() + 10 * SECOND, name="short.txt")
    acme.approve(clock.now() + 40 * DAY_MS, family="any", platform="youtube", name="long.txt")
    told = beside(acme, clock)
    await told.files.look()
    assert [one.platform for one in told.files.approvals()] == ["any", "youtube"]
    told.files.open()
    try:
        await until(lambda: told.files._watched, "the watches")
        before = len(told.changes)
        clock.advance(ms=11 * SECOND)
        told.files._touched.set()
        await told.until(lambda: len(told.changes) > before, "the end of the first")
        assert [one.platform for one in told.files.approvals()] == ["youtube"]
    finally:
        await told.files.close()


async def test_the_end_of_an_approval_is_told_without_any_file_changing(acme: Organisation, clock: MovedClock) -> None:
    acme.approve(clock.now() + 1 * SECOND)
    async with watched(acme, clock) as told:
        await until(told.files.approvals, "the approval")
        clock.advance(ms=2 * SECOND)
        await told.until(lambda: told.changes, "being told")
        assert told.files.approvals() == ()


async def test_bad_approvals_are_named_and_the_good_ones_count(acme: Organisation, clock: MovedClock) -> None:
    until_then = clock.now() + DAY_MS
    acme.approve(until_then)
    tampered = acme.approve(until_then, name="tampered.txt", family="site-mirror")
    tampered.write_bytes(tampered.read_bytes().replace(b"site-mirror", b"ai-crawler"))
    acme.approve(until_then, name="stranger.txt", signer=Signer("compliance.acme.example", bytes(range(1, 33))))
    acme.approve(clock.now() + 400 * DAY_MS, name="long.txt")
    (acme.place / "approvals" / "empty.txt").write_bytes(b"")
    told = beside(acme, clock, keys=(str(acme.team.verifier), "nobody+00000000+AAAA"))
    await told.files.look()
    assert len(told.files.approvals()) == 1
    why = {one.file: one.why for one in told.files.left_out}
    assert why.keys() == {"tampered.txt", "stranger.txt", "long.txt", "empty.txt", "approvals.keys[1]"}
    assert "changed" in why["tampered.txt"]
    assert "none of the keys" in why["stranger.txt"]
    [health] = told.files.health()
    assert (health.part, health.condition) == ("approvals", Condition.DEGRADED)
    assert "and 2 more" in health.missed


@pytest.mark.skipif(sys.platform == "win32", reason="rights are not read this way there")
async def test_what_others_than_root_can_write_is_left_out(acme: Organisation, clock: MovedClock) -> None:
    acme.write_rule(rule())
    acme.approve(clock.now() + DAY_MS)
    (acme.place / "rules").chmod(0o777)
    (acme.place / "approvals").chmod(0o777)
    told = beside(acme, clock, require_root=True)
    await told.files.look()
    assert (told.titles(), told.files.approvals()) == ([], ())
    assert {one.folder for one in told.files.left_out} == {"rules", "approvals"}
    assert all("root" in one.why for one in told.files.left_out)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
async def test_a_folder_that_cannot_be_read_is_named(acme: Organisation, clock: MovedClock) -> None:
    acme.write_rule(rule()).parent.chmod(0)
    told = beside(acme, clock)
    await told.files.look()
    assert [one.file for one in told.files.left_out] == ["rules"]


async def test_more_than_a_person_can_read_is_refused(acme: Organisation, clock: MovedClock) -> None:
    for number in range(70):
        text = rule(f"Rule number {number}", description="x" * 390)
        acme.write_rule(text, f"{number:02}.yml")
    told = beside(acme, clock)
    await told.files.look()
    assert 0 < len(told.titles()) <= 50
    assert len(told.titles()) + len(told.files.left_out) == 70


async def test_closing_ends_every_thread_and_may_be_done_twice(acme: Organisation, clock: MovedClock) -> None:
    async with watched(acme, clock) as told:
        pass
    await told.files.close()
    acme.write_rule(rule())
    await asyncio.sleep(0.3)
    assert told.changes == []


async def test_a_change_that_could_not_be_told_is_told_again(acme: Organisation, clock: MovedClock) -> None:
    """The disk may be full at that moment: an approval that was taken away must not go on for that."""
    tries: list[int] = []

    async def changed() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise OSError("the disk is full")

    named = (str(acme.team.verifier),)
    files = OrganisationFiles(
        acme.policy, named, clock, changed, require_root=False, quiet_seconds=0.05, poll_seconds=0.1
    )
    await files.look()
    files.open()
    try:
        await until(lambda: files._watched, "the watches")
        acme.write_rule(rule())
        await until(lambda: len(tries) == 2, "it to be told again")
        await asyncio.sleep(0.5)
        assert len(tries) == 2, "what was told is not told for ever"
    finally:
        await files.close()
