"""A link opens the page once within a minute; a session lasts half a day at most; both are bounded."""

from __future__ import annotations

import itertools

from agent.pages.session import LINK_SECONDS, MOST_LINKS, MOST_SESSIONS, SESSION_SECONDS, Sessions
from tests.unit.web.fake_face import StillClock
from tests.unit.web.served import Page


def sessions() -> tuple[Sessions, StillClock]:
    clock, numbers = StillClock(), itertools.count()
    return Sessions(clock, lambda: f"token {next(numbers)}"), clock


def test_a_link_works_once() -> None:
    made, _ = sessions()
    token = made.make_link()
    assert made.redeem(token) is not None
    assert made.redeem(token) is None
    assert made.redeem("never made") is None


def test_a_link_is_over_after_sixty_seconds() -> None:
    made, clock = sessions()
    early, late = made.make_link(), made.make_link()
    clock.seconds += LINK_SECONDS - 1
    assert made.redeem(early) is not None
    clock.seconds += 1
    assert made.redeem(late) is None


def test_links_and_sessions_are_bounded_oldest_first() -> None:
    made, _ = sessions()
    links = [made.make_link() for _ in range(MOST_LINKS + 1)]
    assert made.redeem(links[0]) is None
    opened = []
    for link in links[1 : MOST_SESSIONS + 2]:
        entered = made.redeem(link)
        assert entered is not None
        opened.append(entered)
    assert made.find(opened[0][0]) is None
    assert made.find(opened[1][0]) == opened[1][1]


def test_a_session_ends_and_every_secret_of_it_differs() -> None:
    made, clock = sessions()
    entered = made.redeem(made.make_link())
    assert entered is not None
    cookie, session = entered
    assert len({cookie, session.form_token, session.key}) == 3
    clock.seconds += SESSION_SECONDS
    assert made.find(cookie) is None
    assert made.seconds_left(session) == 0


async def test_entering_sets_a_cookie_that_no_script_and_no_other_site_can_use(page: Page) -> None:
    async with page.get(page.path_of(page.links.make())) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        flags = [part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert not any(flag.startswith("Domain") for flag in flags)


async def test_a_link_opened_from_the_extension_starts_a_navigation_of_its_own(page: Page) -> None:
    async with page.get(page.path_of(page.links.make()), {"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 200
        assert answer.headers["Refresh"] == "0; url=/"
        assert "Set-Cookie" in answer.headers


async def test_a_used_link_says_what_to_do(page: Page) -> None:
    path = page.path_of(page.links.make())
    async with page.get(path):
        pass
    async with page.get(path) as answer:
        assert answer.status == 403
        assert "used up" in await answer.text()
        assert "Set-Cookie" not in answer.headers
    assert page.refused == ["web.link_used"]


async def test_asking_for_a_link_s_head_does_not_use_it_up(page: Page) -> None:
    path = page.path_of(page.links.make())
    async with page.get(path, method="HEAD") as answer:
        assert answer.status == 405
    async with page.get(path) as answer:
        assert answer.status == 303
