"""Page loads in a real browser, seen at the agent's end of the wire: what arrives, what never does, nothing besides.

Each test browses the invented site as a person would and reads the frames that came out of extension and native host.
Absence is proved by order: events arrive in rising order, so when a page opened last has arrived, whatever was opened
before and is not there will never come.
"""

from __future__ import annotations

import json

from tests.e2e.rig import LOOKALIKE, Rig
from tests.support.browser import Browser
from tests.support.stand_in import StandIn
from tests.support.waiting import until

SENTINEL = "https://www.linkedin.com/company/last-of-all"

WATCHED = [
    ("https://www.linkedin.com/in/ada-amber-0", "linkedin", "profile"),
    ("https://www.linkedin.com/search/results/people/?keywords=secretname&page=2", "linkedin", "search"),
    ("https://www.linkedin.com/company/secret-works/people", "linkedin", "people_list"),
    ("https://www.linkedin.com/posts/secret-post-7", "linkedin", "post"),
    ("https://www.instagram.com/secretname", "instagram", "profile"),
    ("https://www.instagram.com/secretname/followers", "instagram", "people_list"),
    ("https://x.com/secretname", "x", "profile"),
    ("https://www.tiktok.com/@secretname", "tiktok", "profile"),
    ("https://www.youtube.com/watch?v=secretvideo", "youtube", "media"),
    ("https://www.facebook.com/groups/4711", "facebook", "group"),
]

SAYS_NOTHING = [
    "https://www.linkedin.com/feed",
    "https://www.linkedin.com/login",
    "https://www.linkedin.com/messaging/thread/secret",
    "https://www.linkedin.com/jobs/view/1",
    "https://www.instagram.com/direct/inbox",
    "https://x.com/settings",
]


def classes(stand_in: StandIn) -> list[tuple[str, str]]:
    return [(load["platform"], load["page_class"]) for load in stand_in.loads]


async def arrived(stand_in: StandIn, count: int) -> None:
    await until(lambda: len(stand_in.loads) >= count, f"{count} page loads")


async def see_sentinel(browser: Browser, stand_in: StandIn) -> None:
    """Open the last page and wait until it has arrived: nothing opened before can come after it."""
    await browser.open(SENTINEL)
    await until(lambda: ("linkedin", "company_page") in classes(stand_in), "the last page")


async def test_each_page_arrives_once_in_order_with_its_class(browser: Browser, stand_in: StandIn) -> None:
    tab = await browser.open(WATCHED[0][0])
    for place, (url, _, _) in enumerate(WATCHED[1:], start=2):
        await browser.go(tab, url)
        await arrived(stand_in, place)
    await see_sentinel(browser, stand_in)

    assert classes(stand_in)[:-1] == [(platform, page_class) for _, platform, page_class in WATCHED]
    numbers = [load["seq"] for load in stand_in.loads]
    assert numbers == sorted(set(numbers))
    times = [load["at"] for load in stand_in.loads]
    assert times == sorted(times)


async def test_only_the_fields_of_the_protocol_cross_the_wire(browser: Browser, stand_in: StandIn) -> None:
    for url, _, _ in WATCHED[:4]:
        await browser.open(url)
    await see_sentinel(browser, stand_in)

    assert stand_in.problems == []
    everything = json.dumps(stand_in.frames).lower()
    for private in ("secret", "amber", "http", "www.", ".com", "4711", "harbour", "/in/"):
        assert private not in everything


async def test_moving_inside_a_page_counts_like_a_load(browser: Browser, stand_in: StandIn) -> None:
    tab = await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await arrived(stand_in, 1)
    await browser.run(tab, "history.pushState({}, '', '/company/secret-works')")
    await arrived(stand_in, 2)
    await browser.run(tab, "history.replaceState({}, '', '/search/results/people/?page=3')")
    await arrived(stand_in, 3)
    await browser.run(tab, "void (location.hash = 'only-a-fragment')")
    await browser.run(tab, "history.pushState({}, '', '/feed')")
    await browser.run(tab, "history.pushState({}, '', '/posts/secret-post-8')")
    await arrived(stand_in, 4)

    assert [page_class for _, page_class in classes(stand_in)] == ["profile", "company_page", "search", "post"]


async def test_a_link_of_a_single_page_app_counts_once(browser: Browser, stand_in: StandIn) -> None:
    tab = await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await browser.run(tab, "document.querySelector('a.next').click()")
    await until(lambda: browser.run(tab, "location.pathname !== '/in/ada-amber-0'"), "the app to move on")
    await see_sentinel(browser, stand_in)

    assert [page_class for _, page_class in classes(stand_in)] == ["profile", "profile", "company_page"]


async def test_first_visit_and_sequence_are_told_without_the_address(browser: Browser, stand_in: StandIn) -> None:
    for count, number in enumerate((7, 8, 9, 7), start=1):
        await browser.open(f"https://www.linkedin.com/in/person-{number}")
        await arrived(stand_in, count)

    assert [load["first"] for load in stand_in.loads] == [True, True, True, False]


async def test_classes_that_say_nothing_about_collecting_are_never_sent(browser: Browser, stand_in: StandIn) -> None:
    for url in SAYS_NOTHING:
        await browser.open(url)
    await see_sentinel(browser, stand_in)

    assert classes(stand_in) == [("linkedin", "company_page")]


async def test_other_sites_and_private_windows_are_never_seen(browser: Browser, stand_in: StandIn, rig: Rig) -> None:
    tab = await browser.open("https://social.example/in/somebody-1")
    await browser.run(tab, "history.pushState({}, '', '/in/somebody-2')")
    private = await browser.open_private("https://www.linkedin.com/in/private-person-1")
    await browser.run(private, "history.pushState({}, '', '/in/private-person-2')")
    await see_sentinel(browser, stand_in)

    assert classes(stand_in) == [("linkedin", "company_page")]
    assert len(rig.site.requests) >= 2, "the pages themselves were really visited"


async def test_a_lookalike_of_a_watched_site_is_not_watched(browser: Browser, stand_in: StandIn) -> None:
    await browser.open(f"https://{LOOKALIKE}/in/somebody-1")
    await see_sentinel(browser, stand_in)

    assert classes(stand_in) == [("linkedin", "company_page")]


async def test_the_greeting_says_which_browser_and_nothing_of_the_person(browser: Browser, stand_in: StandIn) -> None:
    await until(lambda: stand_in.hellos, "a greeting")

    hello = stand_in.hellos[0]
    assert hello["browser"] == browser.name
    assert hello["browser_version"].isdecimal()
    assert (hello["waiting"], hello["dropped"], hello["lost"]) == (0, 0, 0)
