"""A task that is ended is over, whatever it was doing; whoever ends it can still be cancelled."""

from __future__ import annotations

import asyncio

import pytest

from agent.model.tasks import end_task

SECRET = "s3cret"


async def test_the_task_is_over_with_all_that_it_had_to_put_away() -> None:
    put_away: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            put_away.append(True)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await end_task(task)
    assert task.cancelled()
    assert put_away == [True]


async def test_a_cancellation_of_the_one_who_waits_is_not_lost() -> None:
    async def hard_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.shield(asyncio.sleep(0.05))

    task = asyncio.create_task(hard_to_end())
    await asyncio.sleep(0)
    waits = asyncio.create_task(end_task(task))
    await asyncio.sleep(0.01)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    await asyncio.wait([task])


async def test_what_it_had_failed_with_ends_nobody_else_and_is_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> None:
        raise ValueError(SECRET)

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end_task(task)
    assert "ValueError" in caplog.text and "fails" in caplog.text, "its kind and its place"
    assert SECRET not in caplog.text


async def test_a_task_that_fails_while_it_is_ended_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    async def cannot_put_away() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError(SECRET)

    task = asyncio.create_task(cannot_put_away())
    await asyncio.sleep(0)
    await end_task(task)
    assert "OSError" in caplog.text and SECRET not in caplog.text
