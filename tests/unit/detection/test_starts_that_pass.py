"""Starts that pass: what is remembered as nobody's is let through at once, and nothing is missed by it."""

from __future__ import annotations

import pytest

from tests.unit.detection.conftest import World


async def test_a_start_passes_once_it_is_known_to_be_nobodys(world: World) -> None:
    assert not world.detector.passes(world.event("sleep", "1", exe="/usr/bin/sleep"))
    await world.start("sleep", "1", exe="/usr/bin/sleep")
    assert world.detector.passes(world.event("sleep", "1", exe="/usr/bin/sleep"))
    assert not world.detector.passes(world.event("sleep", "2", exe="/usr/bin/sleep"))


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
