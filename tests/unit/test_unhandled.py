"""What nobody caught is said by its kind and place, whichever way it comes; its text is said nowhere."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from agent.unhandled import describe_unhandled

SECRET = "s3cret"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the process back what it had: the hooks are its, not the loop's."""
    thread, finalizer = threading.excepthook, sys.unraisablehook
    yield
    threading.excepthook, sys.unraisablehook = thread, finalizer


def fails(*_given: object) -> None:
    raise ValueError(SECRET)


class Said:
    """All that went to the log and to standard error."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        self._caplog, self._capfd = caplog, capfd

    def once_without_text(self, kind: str, place: str) -> bool:
        err = self._capfd.readouterr().err
        said = self._caplog.text
        assert SECRET not in err + said
        return len(self._caplog.records) == 1 and kind in said and place in said


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Said:
    return Said(caplog, capfd)


async def test_a_thread(said: Said) -> None:
    describe_unhandled(asyncio.get_running_loop())
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    assert said.once_without_text("ValueError", "in fails")


async def test_a_timer_as_the_sensors_have_them(said: Said) -> None:
    describe_unhandled(asyncio.get_running_loop())
    timer = threading.Timer(0, fails)
    timer.start()
    timer.join()
    assert said.once_without_text("ValueError", "in fails")


async def test_a_thread_that_ends_itself_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    describe_unhandled(asyncio.get_running_loop())
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    assert not caplog.records


async def test_a_callback_of_the_loop_nor_what_it_was_called_with(said: Said) -> None:
    describe_unhandled(asyncio.get_running_loop())
    asyncio.get_running_loop().call_soon(fails, SECRET)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert said.once_without_text("ValueError", "in fails")


async def test_a_task_that_nobody_waits_for(said: Said) -> None:
    describe_unhandled(asyncio.get_running_loop())

    async def work() -> None:
        fails()

    task = asyncio.create_task(work())
    await asyncio.wait([task])
    del task
    gc.collect()
    assert said.once_without_text("ValueError", "in work")


async def test_what_was_ended_on_purpose_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    loop, kept = asyncio.get_running_loop(), list[BaseException]()
    describe_unhandled(loop, kept.append)
    loop.call_exception_handler({"message": "ended", "exception": asyncio.CancelledError()})
    assert not caplog.records and not kept


async def test_something_left_undone_is_said_by_its_kind_only(said: Said) -> None:
    loop = asyncio.get_running_loop()
    describe_unhandled(loop)
    loop.call_exception_handler({"message": f"about {SECRET}", "transport": SECRET})
    assert said.once_without_text("message, transport", "left undone")


async def test_a_finalizer(said: Said) -> None:
    describe_unhandled(asyncio.get_running_loop())

    class Fails:
        def __del__(self) -> None:
            fails()

    Fails()
    gc.collect()
    assert said.once_without_text("ValueError", "in fails")
