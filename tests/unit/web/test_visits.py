"""What is remembered of a session: bounded, forgotten with newer ones, and never longer than the text lay there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.pages.session import MOST_SESSIONS, Session
from agent.web.visits import Visits
from tests.unit.web.fake_face import StillClock

ONE = Session("one", "form", 1e9)
OTHER = Session("other", "form", 1e9)


def test_the_time_counts_from_the_showing_of_that_text_at_that_place_in_that_session() -> None:
    clock = StillClock()
    visits = Visits(clock)
    visits.show(ONE, "notice", "a")
    clock.seconds += 1.5
    assert visits.dwell_ms(ONE, "notice", "a") == 1500
    assert visits.dwell_ms(ONE, "notice", "b") is None
    assert visits.dwell_ms(ONE, "consent", "a") is None
    assert visits.dwell_ms(OTHER, "notice", "a") is None


def test_a_new_showing_starts_anew_and_coming_back_does_not() -> None:
    clock = StillClock()
    visits = Visits(clock)
    visits.show(ONE, "consent", "a")
    clock.seconds += 2
    visits.show(ONE, "consent", "a", came_back=True)
    assert visits.dwell_ms(ONE, "consent", "a") == 2000
    visits.show(ONE, "consent", "a")
    assert visits.dwell_ms(ONE, "consent", "a") == 0
    visits.show(ONE, "consent", "b", came_back=True)
    assert visits.dwell_ms(ONE, "consent", "b") == 0, "another text has only just come"


@given(st.lists(st.integers(0, 60), max_size=200))
def test_memory_is_bounded_by_the_number_of_sessions(keys: list[int]) -> None:
    visits = Visits(StillClock())
    for key in keys:
        visits.of(Session(str(key), "form", 1e9)).language = "de"
    kept = sum(visits.of(Session(str(key), "form", 1e9)).language == "de" for key in dict.fromkeys(reversed(keys)))
    assert kept <= MOST_SESSIONS
