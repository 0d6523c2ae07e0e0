"""What nobody caught is said by its kind and place, whichever way it comes; its text is said nowhere."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from agent.unhandled import describe_unhandled
from tests.support.waiting import until

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
    loop, kept = asyncio.get_running_loop(), list[object]()
    describe_unhandled(loop, lambda problem, times: kept.append((problem, times)))
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


async def test_what_comes_up_again_is_counted_and_said_with_its_number(caplog: pytest.LogCaptureFixture) -> None:
    loop, kept = asyncio.get_running_loop(), list[tuple[str, int]]()
    describe_unhandled(loop, lambda problem, times: kept.append((type(problem).__name__, times)), seconds=0.2)
    for _ in range(1000):
        loop.call_exception_handler({"message": SECRET, "exception": OSError(24, SECRET)})
    loop.call_exception_handler({"message": SECRET, "exception": KeyError(SECRET)})
    assert kept == [("OSError", 1), ("KeyError", 1)]
    assert len(caplog.records) == 2
    await until(lambda: len(kept) == 3, "the end of the minute")
    assert kept[2] == ("OSError", 999)
    assert "999 times more" in caplog.text
    assert SECRET not in caplog.text


async def test_what_did_not_come_up_for_a_while_is_said_at_once(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    describe_unhandled(loop, seconds=0.01)
    loop.call_exception_handler({"message": SECRET, "exception": OSError(24, SECRET)})
    await asyncio.sleep(0.1)
    loop.call_exception_handler({"message": SECRET, "exception": OSError(24, SECRET)})
    assert [record.getMessage().count("more") for record in caplog.records] == [0, 0]
