"""What the extension's pages ask and do is answered by the real consent parts, as the local page would be."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

import pytest

from agent.link import messages
from agent.link.asks import Asks, CannotAnswer
from agent.link.messages import ActOfPerson, Ask, Pause
from agent.model.face import AgentFace, PageSlice
from tests.unit.web.fake_face import FakeFace

NOON = 1_795_521_600_000
"""2026-11-24 12:00 UTC."""
HOUR = 3_600_000


def asks(face: object, hours: float = 0) -> Asks:
    zone = timezone(timedelta(hours=hours)) if hours else UTC
    return Asks(lambda: cast("AgentFace", face), lambda: NOON, zone)


@pytest.fixture
def face() -> FakeFace:
    return FakeFace()


async def test_the_notice_comes_word_for_word_with_who_is_responsible(face: FakeFace) -> None:
    told = cast("dict[str, object]", await asks(face).answer(Ask(1, 1, "notice", "de")))
    assert told["text"] == face.notice("de").text
    assert (told["language"], told["sha256"]) == ("de", face.notice("de").sha256)
    assert told["languages"] == list(face.languages())
    status = await face.status()
    assert (told["mode"], told["organisation"]) == (status.mode.value, status.organisation)


async def test_a_language_that_the_notice_does_not_have_gets_the_first(face: FakeFace) -> None:
    told = cast("dict[str, object]", await asks(face).answer(Ask(1, 1, "notice", "xx")))
    assert told["language"] == face.languages()[0]


async def test_every_purpose_is_told_as_the_page_tells_it(face: FakeFace) -> None:
    told = cast("dict[str, list[dict[str, object]]]", await asks(face).answer(Ask(1, 1, "purposes", "de")))
    views = await face.purposes("de")
    assert [one["title"] for one in told["purposes"]] == [view.title for view in views]


@pytest.mark.parametrize(
    ("hours", "counted"), [(0, {"x": 3, "tiktok": 1}), (5.5, {"x": 3, "tiktok": 1}), (-6.5, {"x": 3}), (-11, {"x": 1})]
)
async def test_today_begins_at_the_persons_own_midnight(hours: float, counted: dict[str, int]) -> None:
    slices = [
        PageSlice(NOON - 11 * HOUR, "tiktok", "profile", 1),
        PageSlice(NOON - 5 * HOUR, "x", "profile", 1),
        PageSlice(NOON - 2 * HOUR, "x", "post", 1),
        PageSlice(NOON - HOUR // 2, "x", "post", 1),
    ]

    class Kept:
        async def timeline(self, since: int) -> list[PageSlice]:
            return [one for one in slices if one.start >= since]

    told = cast("dict[str, list[dict[str, object]]]", await asks(Kept(), hours).answer(Ask(1, 1, "today")))
    assert {str(one["platform"]): one["count"] for one in told["platforms"]} == counted


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the machine's zone cannot be set here")
@pytest.mark.parametrize(
    ("noon", "began"),
    [("2026-10-25T12:00+01:00", "2026-10-25T00:00+02:00"), ("2026-03-29T12:00+02:00", "2026-03-29T00:00+01:00")],
)
async def test_today_begins_at_midnight_also_on_the_days_on_which_the_clock_is_changed(
    noon: str, began: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        since: list[int] = []

        class Kept:
            async def timeline(self, begin: int) -> list[PageSlice]:
                since.append(begin)
                return []

        at = int(datetime.fromisoformat(noon).timestamp() * 1000)
        await Asks(lambda: cast("AgentFace", Kept()), lambda: at).answer(Ask(1, 1, "today"))
        assert since == [int(datetime.fromisoformat(began).timestamp() * 1000)]
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_an_act_is_recorded_with_the_extension_as_its_channel(face: FakeFace) -> None:
    said = ActOfPerson(1, 1, "", "acknowledged", face.notice().sha256, "welcome.acknowledge", 1200)
    told = cast("dict[str, object]", await asks(face).answer(said))
    assert told["entries"] == [act.entry for act in face.record if act.kind.value == "acknowledged"]
    pressed = face.pressed[-1]
    assert (pressed.purpose, pressed.press.kind.value, pressed.channel.value) == (None, "acknowledged", "extension")
    assert (pressed.press.control, pressed.press.dwell_ms) == (said.control, 1200)


async def test_what_cannot_be_done_comes_back_as_a_sentence() -> None:
    class Refusing:
        async def pause(self, minutes: int) -> None:
            raise ValueError("A pause lasts at most a day.")

    with pytest.raises(CannotAnswer, match="at most a day"):
        await asks(Refusing()).answer(Pause(1, 1, 1440))
    assert json.loads(messages.encode_not_told(1, "No."))["error"] == "No."
