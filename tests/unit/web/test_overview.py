"""The first screen: what it says of watching, of a day, of what asks; that it never grows; how a pause is made."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.model.face import BrowserState, FindingFilter, PageSlice, PageTotal
from agent.model.health import Condition, Health, Part
from agent.model.purposes import Gate, GateState, Mode, Purpose
from agent.pages import words
from agent.pages.language import thousands
from agent.web.overview import HOURS, Shape, day_of, first_hour, seen_browsers, state_of
from tests.unit.web.fake_face import MINUTE, NOW, FakeFace, a_finding, fill
from tests.unit.web.served import Page

HOUR = 60 * MINUTE
QUARTER = 15 * MINUTE
LIMIT = 60_000
"""Bytes that the overview and all it loads may have, uncompressed."""


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


def browser(**changes: object) -> BrowserState:
    return replace(BrowserState("Ab3dE9", "chromium", "142", "0.1.0", True, NOW, 8, 0, 0, 0), **changes)  # type: ignore[arg-type]


def slices() -> st.SearchStrategy[list[PageSlice]]:
    return st.lists(
        st.builds(
            PageSlice,
            start=st.integers(0, 120).map(lambda n: NOW - NOW % QUARTER - n * QUARTER),
            platform=st.sampled_from([*words.PLATFORM, "newcomer"]),
            page_class=st.sampled_from(list(words.PAGE_CLASS)),
            count=st.integers(1, 10_000),
        ),
        max_size=60,
    )


@given(slices(), st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), ZoneInfo("America/St_Johns")]))
def test_a_day_counts_every_load_of_the_last_24_hours_once(kept: list[PageSlice], zone: timezone) -> None:
    inside = [one for one in kept if one.start >= first_hour(NOW, zone)]
    day = day_of(kept, NOW, zone)
    if not inside:
        assert day is None
        return
    assert day is not None
    assert day.total == sum(one.count for one in inside) == sum(sum(hour.counts) for hour in day.hours)
    assert day.most == max(sum(hour.counts) for hour in day.hours)
    by_platform = Counter[str]()
    for one in inside:
        by_platform[words.say(one.platform, "platform")] += one.count
    assert {row.label: row.total for row in day.platforms} == dict(by_platform)
    assert all(row.total == sum(count for _, count in row.classes) for row in day.platforms)


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "first", "labels"),
    [
        ("Europe/Berlin", "2026-10-25T00:00Z", ["03:00", "02:00 (UTC+1)", "02:00 (UTC+2)"]),
        ("America/St_Johns", "2026-11-01T03:30Z", ["02:00", "01:00 (UTC−3:30)", "01:00 (UTC−2:30)"]),
    ],
)
def test_the_hour_that_the_clock_shows_twice_is_told_apart_in_table_and_chart(
    zone: str, first: str, labels: list[str]
) -> None:
    """At the end of summer time: three hours in a row with one, two and three page loads, seen later that day."""
    begin = millis(first)
    kept = [PageSlice(begin + n * HOUR, "linkedin", "profile", n + 1) for n in range(3)]
    day = day_of(kept, begin + 9 * HOUR, ZoneInfo(zone))
    assert day is not None
    assert [(hour.label, hour.counts) for hour in day.hours] == list(zip(labels, [(3,), (2,), (1,)], strict=True))
    titles = re.findall("<title>(.*?)</title>", day.drawing)
    assert len(set(titles)) == len(titles) == HOURS
    assert [title for title in titles if not title.endswith(": 0")] == [
        f"{label}: {n}" for label, n in zip(reversed(labels), (1, 2, 3), strict=True)
    ]


def test_on_every_other_day_an_hour_is_called_as_the_clock_shows_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for noon in ("2026-10-24T12:10Z", "2026-10-26T12:10Z"):
        now = millis(noon)
        day = day_of([PageSlice(now - n * HOUR, "linkedin", "post", 1) for n in range(23)], now, berlin)
        assert day is not None
        assert all(re.fullmatch(r"[0-2][0-9]:00", hour.label) for hour in day.hours)


@given(
    st.integers(millis("2026-01-01T00:00Z"), millis("2027-01-01T00:00Z")),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"]),
)
@example(millis("2026-10-25T12:10Z"), "Europe/Berlin")
@example(millis("2026-03-29T12:10Z"), "Europe/Berlin")  # the first and the last hour are both 14:00
def test_no_two_hours_of_a_day_are_called_the_same(now: int, zone: str) -> None:
    day = day_of([PageSlice(now, "linkedin", "post", 1)], now, ZoneInfo(zone))
    assert day is not None
    titles = re.findall("<title>(.*?)</title>", day.drawing)
    assert len(set(titles)) == HOURS


@pytest.mark.parametrize("now", ["2026-10-25T00:30Z", "2026-10-25T01:30Z"])
def test_the_hour_that_comes_twice_begins_when_it_begins(now: str) -> None:
    """Half past two by the clock in Berlin, both times: the last of the 24 hours is the one that goes on now."""
    at = millis(now)
    assert first_hour(at, ZoneInfo("Europe/Berlin")) == at - 30 * MINUTE - (HOURS - 1) * HOUR


def test_a_day_begins_at_a_full_hour_of_the_persons_clock() -> None:
    for zone in (UTC, timezone(timedelta(hours=5, minutes=30))):
        first = first_hour(NOW, zone)
        assert NOW - HOURS * HOUR < first <= NOW - (HOURS - 1) * HOUR
        late = day_of([PageSlice(NOW - NOW % QUARTER, "x", "post", 1)], NOW, zone)
        assert late is not None
        assert late.hours[0].label.endswith(":00")


def test_a_platform_keeps_its_colour_whatever_else_there_is() -> None:
    alone = day_of([PageSlice(NOW - QUARTER, "youtube", "media", 1)], NOW, UTC)
    among = day_of([PageSlice(NOW - QUARTER, one, "media", 1) for one in words.PLATFORM], NOW, UTC)
    assert alone is not None
    assert among is not None
    assert alone.platforms[0].swatch == next(row.swatch for row in among.platforms if row.label == "YouTube")
    assert len({row.swatch for row in among.platforms}) == len(words.PLATFORM)


async def test_the_tables_say_every_number_that_the_chart_draws(inside: Page) -> None:
    fill(inside.face)
    text = await text_of(inside, "/")
    assert text.count("<svg") == text.count("</svg>")
    table = text.split('id="day-table"')[1].split("</details>")[0]
    totals = Counter[tuple[str, str]]()
    for one in inside.face.slices:
        totals[one.platform, one.page_class] += one.count
    for (platform, page_class), count in totals.items():
        row = f'<th scope="row">{words.PLATFORM[platform]}</th><td>{words.PAGE_CLASS[page_class]}</td>'
        assert row + f"<td>{thousands(count)}</td>" in table


@pytest.mark.parametrize(
    ("browsers", "health", "shape", "says"),
    [
        ((), (), Shape.GAPS, "No browser is connected"),
        ((browser(),), (), Shape.WATCHING, "One browser is connected."),
        ((browser(), browser(client="b")), (), Shape.WATCHING, "2 browsers are connected."),
        ((browser(missing=("x", "linkedin")),), (), Shape.GAPS, "see LinkedIn and X, so page loads there"),
        ((browser(missing=("x",), connected=False),), (), Shape.GAPS, "No browser is connected"),
        ((browser(),), (Health(Part.DESKTOP, Condition.FAILED, "none"),), Shape.GAPS, "Not working: Desktop notices."),
        ((browser(),), (Health(Part.DESKTOP, Condition.DEGRADED, "slow"),), Shape.WATCHING, "One browser"),
    ],
)
async def test_one_line_says_whether_it_watches(
    browsers: tuple[BrowserState, ...], health: tuple[Health, ...], shape: Shape, says: str
) -> None:
    face = FakeFace()
    face.browsers, face.health = browsers, health
    state = state_of(await face.status())
    assert state.shape is shape
    assert says in state.detail
    assert state.watching


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_pause_says_so_until_when_and_is_ended_by_one_press_in_every_mode(mode: Mode) -> None:
    face = FakeFace(mode)
    await face.pause(60)
    state = state_of(await face.status())
    assert (state.shape, state.until, state.watching) == (Shape.PAUSED, NOW + HOUR, False)


async def test_pausing_and_going_on_are_plain_forms_that_ask_no_reason(inside: Page) -> None:
    text = await text_of(inside, "/")
    form = text.split('action="/pause"')[1].split("</form>")[0]
    assert re.findall(r'name="(\w+)"', form) == ["form_token", "minutes"]
    async with inside.post("/pause", {"minutes": "60"}) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/?said=paused")
    text = await text_of(inside, "/?said=paused")
    assert "Paused by you until" in text
    assert "Paused for an hour." in text
    assert "Go on now" in text
    assert "Pause for an hour</button>" not in text
    async with inside.post("/pause", {"minutes": "0"}) as answer:
        assert answer.headers["Location"] == "/?said=resumed"
    assert inside.face.pauses == [60, 0]
    assert "Watching programs only" in await text_of(inside, "/")


@pytest.mark.parametrize("minutes", ["", "59", "-1", "100000", "sixty", None])
async def test_a_pause_of_another_length_is_refused(inside: Page, minutes: str | None) -> None:
    async with inside.post("/pause", {} if minutes is None else {"minutes": minutes}) as answer:
        assert answer.status == 400
    assert inside.face.pauses == []


@pytest.mark.parametrize(
    "face", [FakeFace(gate=Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="objected"))], ids=["stopped"]
)
async def test_where_nothing_is_looked_at_there_is_nothing_to_pause(inside: Page) -> None:
    text = await text_of(inside, "/")
    assert "Start watching" in text
    assert 'action="/pause"' not in text


async def test_what_asks_for_an_answer_comes_first_and_only_a_few_are_ever_asked_for(inside: Page) -> None:
    face = inside.face
    face.found = [a_finding(f"a{n}", f"Asking {n}") for n in range(400)]
    face.found += [a_finding(f"o{n}", f"Answered {n}", answer="stopped") for n in range(400)]
    face.asked_pages.clear()
    text = await text_of(inside, "/")
    assert face.asked_pages == [(FindingFilter.ASKS, 0, 3), (FindingFilter.OPEN, 0, 10)]
    assert text.count('class="card flagged"') == 3
    assert text.count('id="finding-') <= 10
    assert "397 more wait for your answer" in text
    assert "800 going on" in text


async def test_the_overview_never_loads_all_findings(inside: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(inside.face)
    monkeypatch.setattr(FakeFace, "findings", None)
    monkeypatch.setattr(FakeFace, "history", None)
    assert "Scrapy" in await text_of(inside, "/")
    assert "Scrapy" in await text_of(inside, "/fragment/overview")


def test_many_browsers_are_a_few_and_a_number() -> None:
    away = [browser(client=str(n), connected=False) for n in range(7)]
    shown, more = seen_browsers([*away, browser(client="here"), browser(client="blind", missing=("x",))], 4)
    assert [one.client for one in shown][:2] == ["blind", "here"]
    assert (len(shown), more) == (4, 5)


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_busiest_overview_and_all_it_loads_stay_small(inside: Page, mode: Mode) -> None:
    face = inside.face
    fill(face)
    face.mode = mode
    face.found = [a_finding(f"{n:032x}", f"A tool with a long name, number {n}") for n in range(5)]
    face.found += [a_finding(f"{n:031x}o", f"Another tool, number {n}", answer="mistaken") for n in range(400)]
    face.totals = tuple(PageTotal(one, kind, 9_999, NOW) for one in words.PLATFORM for kind in words.PAGE_CLASS)
    face.slices = tuple(
        PageSlice(NOW - NOW % QUARTER - hour * HOUR, platform, kind, 99 + hour)
        for hour in reversed(range(24))
        for platform in words.PLATFORM
        for kind in list(words.PAGE_CLASS)[:4]
    )
    face.browsers = tuple(browser(client=str(n), missing=("x",), waiting=3, dropped=2, lost=1) for n in range(9))
    face.health = tuple(Health(part, Condition.DEGRADED, "so", "what is missed", "what to do") for part in Part)
    async with inside.get("/") as answer:
        sizes = {"page": len(await answer.read())}
    for package, name in (("pages", "style.css"), ("web", "page.js"), ("pages", "icon.svg")):
        sizes[name] = len((files(f"agent.{package}") / "static" / name).read_bytes())
    assert sum(sizes.values()) <= LIMIT, sizes


async def test_an_ordinary_days_overview_keeps_its_budget(inside: Page) -> None:
    fill(inside.face)
    loaded = 0
    text = await text_of(inside, "/")
    for path in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text)):
        async with inside.get(path) as answer:
            loaded += len(await answer.read())
    assert loaded + len(text.encode()) <= LIMIT
    outside = [one for one in re.findall(r'(?:src|href|action)="([^"]+)"', text) if not one.startswith(("/", "#"))]
    assert outside == [], "no request off the machine"
