"""Starts that pass: what is remembered as nobody's is let through at once, and nothing is missed by it."""

from __future__ import annotations

import pytest

from agent.detection.findings import CLOSE_AFTER_MS
from tests.unit.detection.conftest import Machine, World


async def test_a_start_passes_once_it_is_known_to_be_nobodys(world: World) -> None:
    assert not world.detector.passes(world.event("sleep", "1", exe="/usr/bin/sleep"))
    await world.start("sleep", "1", exe="/usr/bin/sleep")
    assert world.detector.passes(world.event("sleep", "1", exe="/usr/bin/sleep"))
    assert not world.detector.passes(world.event("sleep", "2", exe="/usr/bin/sleep"))


async def test_a_script_of_ones_own_named_like_a_test_runner_hides_nothing_that_it_starts(
    world: World, machine: Machine
) -> None:
    """Neither directly nor through a shell, nor through what passes: of whom its code is, is known."""
    machine.script("pytest", "import subprocess\n")
    machine.script("mytool", "import subprocess\n")
    await world.start("sleep", "1", exe="/usr/bin/sleep")
    for name in ("pytest", "mytool"):
        script = world.event("python3", name, exe="/usr/bin/python3", name=name)
        await world.detector.started(script)
        shell = world.event("sh", "-c", "true", exe="/bin/sh", parent=script.key.pid)
        await world.detector.started(shell)
        passing = world.event("sleep", "1", exe="/usr/bin/sleep", parent=script.key.pid)
        assert world.detector.passes(passing)
        for above, names in ((script, (name,)), (shell, ("sh", name)), (passing, ("sleep", name))):
            tool = world.event("wpull", "-r", "https://site.example/", exe="/usr/bin/wpull", parent=above.key.pid)
            world.tree.above[tool.key.pid] = names
            (found,) = await world.detector.started(tool)
            assert (found.flagged, found.lowered) == (True, "")
            world.end(tool)
            world.time.at += CLOSE_AFTER_MS
            world.detector.tick(world.time.at)


@pytest.mark.parametrize(
    "argv",
    [
        ("wpull", "-r", "https://site.example/"),
        ("curl", "https://site.example/1"),
        ("ctest", "-j4"),
        ("pytest", "tests"),
        ("chromium", "--headless", "--print-to-pdf", "https://site.example/1"),
    ],
)
async def test_what_is_somebodys_or_matters_to_others_never_passes(world: World, argv: tuple[str, ...]) -> None:
    for _ in range(2):
        await world.start(*argv, exe=f"/usr/bin/{argv[0]}")
        assert not world.detector.passes(world.event(*argv, exe=f"/usr/bin/{argv[0]}"))


async def test_what_a_recognised_process_starts_is_followed(world: World) -> None:
    await world.start("sleep", "1", exe="/usr/bin/sleep")
    tool = world.event("wpull", "-r", "https://site.example/", exe="/usr/bin/wpull")
    await world.detector.started(tool)
    helper = world.event("sleep", "1", exe="/usr/bin/sleep", parent=tool.key.pid)
    assert not world.detector.passes(helper)
    await world.detector.started(helper)
    assert helper.key in world.detector.candidates()


async def test_the_surroundings_go_through_what_passes(world: World) -> None:
    await world.start("sleep", "1", exe="/usr/bin/sleep")
    tests = world.event("ctest", exe="/usr/bin/ctest")
    await world.detector.started(tests)
    between = world.event("sleep", "1", exe="/usr/bin/sleep", parent=tests.key.pid)
    assert world.detector.passes(between)
    tool = ("wpull", "-r", "https://site.example/")
    below = await world.start(*tool, exe="/usr/bin/wpull", parent=between.key.pid)
    assert not [finding for finding in below if finding.flagged], "as below the test runner itself"
    (alone,) = await world.start(*tool, exe="/usr/bin/wpull")
    assert alone.flagged
