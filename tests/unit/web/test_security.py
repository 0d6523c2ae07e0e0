"""What is not the person's own page gets nothing, is told why, and is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html.parser import HTMLParser

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from agent.model.face import RowsPart
from agent.model.purposes import Gate, GateState, Mode, Purpose
from agent.pages.security import HEADERS, MOST_FORM_BYTES, Rules, guard
from agent.pages.session import Sessions
from agent.store.schema import FIELDS
from agent.web.shared import PAGES_A_SECOND, TOO_MANY
from tests.unit.web.fake_face import FakeFace, StillClock, a_finding, fill
from tests.unit.web.served import Page

READS = (
    "/", "/findings/f1", "/notice", "/data", "/data/finding", "/data/finding.csv", "/data.json", "/findings",
    "/ledger", "/ledger.zip", "/consent", "/history", "/history/3/dispute", "/receipts/3", "/receipts/3.json",
    "/verify_receipt.py", "/export.zip", "/erase", "/erase?what=all&ground=not-needed", "/erased",
    "/fragment/overview", "/events", "/nothing-here",
)  # fmt: skip
CHANGES = ("/act", "/answer", "/try", "/dispute", "/erase", "/verify")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "gw-other.localhost", "evil.example", ""])
async def test_another_host_gets_nothing(inside: Page, host: str) -> None:
    for name in (host, f"{host}:{inside.serving.port}"):
        async with inside.get("/", {"Host": name}) as answer:
            assert answer.status in (400, 421)
            assert "Scrapy" not in await answer.text()
    assert set(inside.refused) <= {"web.wrong_host"}
    assert inside.refused


async def test_the_right_name_at_another_port_is_another_host(inside: Page) -> None:
    async with inside.get("/", {"Host": f"{inside.host}1"}) as answer:
        assert answer.status == 421


@pytest.mark.parametrize("path", READS)
async def test_every_read_needs_a_session(page: Page, path: str) -> None:
    page.cookie = "token-that-was-never-given-out"
    async with page.get(path, {"Sec-Fetch-Site": "same-origin"}) as answer:
        assert answer.status == 401
        assert "fresh link" in await answer.text()
    assert page.refused == ["web.no_session"]


@pytest.mark.parametrize("path", CHANGES)
async def test_every_change_needs_a_session(page: Page, path: str) -> None:
    async with page.post(path, {}) as answer:
        assert answer.status == 401
    assert page.face.tries == 0


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    ("headers", "counted"),
    [
        ({"Origin": None}, "web.wrong_origin"),
        ({"Origin": "null"}, "web.wrong_origin"),
        ({"Origin": "https://evil.example"}, "web.wrong_origin"),
        ({"Origin": "http://gw-0123456789abcdef.localhost"}, "web.wrong_origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "web.cross_site"),
        ({"Sec-Fetch-Site": "same-site"}, "web.cross_site"),
        ({"Sec-Fetch-Site": "none"}, "web.cross_site"),
    ],
)
async def test_a_change_from_elsewhere_is_refused(
    inside: Page, path: str, headers: dict[str, str | None], counted: str
) -> None:
    async with inside.post(path, {}, headers) as answer:
        assert answer.status == 403
        assert "Location" not in answer.headers
    assert inside.refused == [counted]
    assert inside.face.tries == 0


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", [None, "", "token-of-somebody-else", "ü"])
async def test_a_change_needs_the_session_s_own_form_token(inside: Page, path: str, token: str | None) -> None:
    form = {} if token is None else {"form_token": token}
    async with inside.post(path, form, token=False) as answer:
        assert answer.status == 403
    assert inside.refused == ["web.wrong_form_token"]
    assert inside.face.tries == 0


async def test_the_token_may_come_in_a_header_instead(inside: Page) -> None:
    async with inside.post("/try", {}, {"X-Gleanwatch-Form-Token": inside.form_token}, token=False) as answer:
        assert answer.status == 303
    assert inside.face.tries == 1


async def test_a_read_started_by_another_site_is_refused(inside: Page) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        async with inside.get("/", headers) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}, {"Origin": "https://evil.example"}]
)
async def test_the_stream_must_be_asked_for_by_the_page_itself(inside: Page, headers: dict[str, str]) -> None:
    async with inside.get("/events", headers) as answer:
        assert answer.status == 403


async def test_what_is_no_small_plain_form_is_refused_and_changes_nothing(inside: Page) -> None:
    big = {"padding": "x" * (MOST_FORM_BYTES + 1)}
    async with inside.post("/try", big) as answer:
        assert answer.status == 413
    async with inside.post("/try", {}, {"Content-Type": "application/json"}) as answer:
        assert answer.status == 415
    async with inside.post("/try", {}, {"Content-Type": "multipart/form-data; boundary=x"}) as answer:
        assert answer.status == 415
    async with inside.post(
        "/try", {}, {"Content-Type": "application/x-www-form-urlencoded; charset=no-such"}
    ) as answer:
        assert answer.status == 400
    for form in ({"kind": "given"}, {"kind": ""}, {}):
        async with inside.post("/act", form) as answer:
            assert answer.status == 400
    assert inside.face.tries == 0
    assert inside.face.pressed == []
    assert set(inside.refused) == {"web.bad_form"}


async def test_every_answer_carries_the_headers(inside: Page) -> None:
    inside.face.found = [a_finding()]
    seen = set()
    paths = [*READS, "/static/style.css", "/static/page.js", "/static/icon.svg", "/static/../app.py", "/enter/used"]
    for path in paths:
        for extra in ({"Sec-Fetch-Site": "same-origin"}, {"Host": "evil.example"}, {"Cookie": ""}):
            async with inside.get(path, extra) as answer:
                seen.add(answer.status)
                for name, value in HEADERS.items():
                    assert answer.headers.getall(name) == [value], (path, extra, name)
                assert "Server" not in answer.headers
                assert "Access-Control-Allow-Origin" not in answer.headers
    inside.face.breaks = True
    async with inside.get("/") as answer:
        seen.add(answer.status)
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    async with inside.post("/", {}) as answer:
        seen.add(answer.status)
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert {200, 401, 403, 404, 405, 421, 500} <= seen


def test_the_policy_lets_nothing_run_that_is_not_a_file_of_ours() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


async def test_static_files_have_their_own_types_and_nothing_else_is_served(page: Page) -> None:
    for name, kind in (("style.css", "text/css"), ("page.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        async with page.get(f"/static/{name}") as answer:
            assert answer.status == 200
            assert answer.content_type == kind
    for name in ("..%2fapp.py", "%2e%2e/app.py", "templates", "", "style.css%00"):
        async with page.get(f"/static/{name}") as answer:
            assert answer.status in (401, 404)


async def test_an_error_inside_tells_nothing_of_what_was_shown(inside: Page, caplog: pytest.LogCaptureFixture) -> None:
    inside.face.breaks = True
    async with inside.get("/") as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()
    assert "secret" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert inside.refused == ["web.failed"]


def endless(page: Page, then: Exception | None = None) -> None:
    """Let the page's tables have no end, or fail after some parts."""
    told = 0

    async def rows(table: str, after: Sequence[str | int] = (), limit: int = 100) -> RowsPart:
        nonlocal told
        assert limit > 0
        assert after or told == 0
        await asyncio.sleep(0)
        told += 1
        if told == 20 and then is not None:
            raise then
        row = dict.fromkeys(FIELDS[table], "x" * 100)
        return RowsPart((row,) * 100, (1,))

    page.face.rows = rows  # type: ignore[method-assign]


@pytest.mark.parametrize("path", ["/data.json", "/data/finding.csv"])
async def test_a_download_that_the_person_cancels_is_no_fault(
    inside: Page, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    endless(inside)
    before = asyncio.all_tasks()
    answer = await inside.get(path)
    await answer.content.read(1000)
    handling = [task for task in asyncio.all_tasks() - before if "_handle_request" in str(task.get_coro())]
    assert handling
    answer.close()
    await asyncio.wait(handling, timeout=10)
    assert all(task.done() for task in handling)
    assert inside.refused == []
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize("error", [RuntimeError("a secret"), ConnectionResetError("a secret")])
async def test_a_file_that_fails_in_the_middle_is_cut_off_and_no_page_is_written_into_it(
    inside: Page, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    endless(inside, error)
    read = b""
    async with inside.get("/data/finding.csv") as answer:
        assert answer.status == 200
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
            while piece := await answer.content.readany():
                read += piece
    assert b"<html" not in read
    assert inside.refused == ["web.failed"]
    assert "a secret" not in caplog.text
    assert [record.name for record in caplog.records if record.levelname == "ERROR"] == ["agent.pages.security"]


async def test_no_link_is_ever_written_down(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = page.path_of(page.links.make())
    async with page.get(path):
        pass
    assert path.rsplit("/", 1)[1] not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01 a-secret nothing like HTTP\r\n\r\n",
        b"GET /enter/a-secret HTTP/1.1\r\nHost: x\r\nCookie\x00: a-secret\r\n\r\n",
        b"GET /enter/a-secret HTTP/1.1\r\nHost: x\r\nContent-Length: a-secret\r\n\r\n",
        b"GET /" + b"a-secret" * 2000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_get_an_error_are_not_logged_and_the_server_goes_on(
    inside: Page, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reader, writer = await asyncio.open_connection("127.0.0.1", inside.serving.port)
    writer.write(sent)
    assert b"400" in (await reader.read(4096)).split(b"\r\n")[0]
    writer.close()
    assert "not a request" in caplog.text
    assert "a-secret" not in caplog.text
    async with inside.get("/") as answer:
        assert answer.status == 200


class Inline(HTMLParser):
    """Finds what the policy would block: scripts, styles and handlers inside the page, and anything from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names) or tag in ("iframe", "object", "embed", "base"):
            self.found.append(tag)
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action", "xlink:href") and not (value or "").startswith(("/", "#")):
                self.found.append(f"{tag} {name}={value}")


FACES = {
    "busy": FakeFace(),
    "empty": FakeFace(),
    "managed": FakeFace(Mode.MANAGED),
    "test": FakeFace(Mode.TEST),
    "asking": FakeFace(gate=Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_not_shown")),
    "objected": FakeFace(gate=Gate(Purpose.DETECT, GateState.CLOSED, 5, reason="objected")),
}
for _face in (FACES["busy"], FACES["managed"], FACES["test"]):
    fill(_face)

ATTACK = "\"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7919*7907 }}'\u202e"


@pytest.mark.parametrize("face", FACES.values(), ids=FACES.keys())
async def test_no_page_holds_anything_inline_or_from_elsewhere(inside: Page) -> None:
    for path in READS:
        async with inside.get(path, {"Sec-Fetch-Site": "same-origin"}) as answer:
            if answer.content_type != "text/html":
                continue
            parsed = Inline()
            parsed.feed(await answer.text())
        assert parsed.found == [], path


async def test_whatever_a_tool_calls_itself_stays_text(inside: Page) -> None:
    bad = a_finding(name=ATTACK, tool=ATTACK, family=ATTACK, platforms=(ATTACK,), techniques=(ATTACK,), answer="")
    evidence = tuple(type(e)(e.cls, ATTACK, ATTACK, e.weight) for e in bad.evidence)
    processes = tuple(type(p)(p.pid, p.started_at, ATTACK) for p in bad.processes)
    inside.face.found = [
        a_finding(name=ATTACK, family=ATTACK, platforms=(ATTACK,), evidence=evidence, processes=processes)
    ]
    fill_totals = FakeFace()
    fill(fill_totals)
    inside.face.totals = tuple(type(t)(ATTACK, ATTACK, t.count, t.last_at) for t in fill_totals.totals)
    inside.face.counters = {ATTACK: 3}
    inside.face.browsers = tuple(
        type(b)(ATTACK, ATTACK, ATTACK, ATTACK, True, None, 0, 1, 1, 1) for b in fill_totals.browsers
    )
    for path in ("/", "/findings/f1", "/fragment/overview"):
        async with inside.get(path) as answer:
            text = await answer.text()
        assert answer.status == 200
        parsed = Inline()
        parsed.feed(text)
        assert parsed.found == [], path
        assert "<script>alert" not in text
        assert "62615533" not in text


async def test_the_answer_key_in_the_address_is_never_shown(inside: Page) -> None:
    async with inside.get("/?said=%3Cb%3Ehello") as answer:
        text = await answer.text()
    assert "hello" not in text


async def test_what_is_long_is_sent_packed_to_whoever_takes_it_so(inside: Page) -> None:
    lengths = {}
    for accepted in ("gzip", "identity"):
        for path in ("/", "/static/style.css"):
            async with inside.get(path, {"Accept-Encoding": accepted}) as answer:
                assert answer.status == 200
                assert (answer.headers.get("Content-Encoding") == "gzip") is (accepted == "gzip"), path
                lengths[accepted, path] = int(answer.headers["Content-Length"])
    assert lengths["gzip", "/"] < lengths["identity", "/"] / 2


async def test_two_hosts_are_refused_also_where_one_is_the_right_one(inside: Page) -> None:
    for hosts in ((inside.host, "evil.example"), ("evil.example", inside.host), (inside.host, inside.host)):
        lines = "".join(f"Host: {host}\r\n" for host in hosts)
        reader, writer = await asyncio.open_connection("127.0.0.1", inside.serving.port)
        writer.write(f"GET / HTTP/1.1\r\n{lines}Cookie: gleanwatch={inside.cookie}\r\n\r\n".encode())
        said = await asyncio.wait_for(reader.read(4096), 10)
        assert said.split(b"\r\n")[0].split()[1] in (b"400", b"421")
        assert b"Scrapy" not in said
        writer.close()


async def test_the_guard_itself_takes_no_two_hosts_should_a_server_let_them_through() -> None:
    host, counted = "gw-a.localhost:1", list[str]()
    sessions = Sessions(StillClock(), lambda: "token-" + "0" * 32)
    rules = Rules(
        host=lambda: host,
        sessions=sessions,
        entry="/enter/",
        assets="/static/",
        streams=frozenset(),
        refused_page=lambda _request, refused: web.Response(status=refused.status),
        on_refused=counted.append,
    )

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response()

    for hosts, status in (((host,), 200), ((host, "evil.example"), 421), (("evil.example", host), 421)):
        headers = CIMultiDict([("Host", each) for each in hosts])
        request = make_mocked_request("GET", "/static/style.css", headers=headers)
        assert (await guard(rules)(request, handler)).status == status
    assert counted == ["web.wrong_host"] * 2


async def test_refusals_of_strangers_are_told_in_their_language_and_beyond_a_number_in_few_bytes(page: Page) -> None:
    said: dict[str, set[str]] = {"en": set(), "de": set()}
    for language, texts in said.items():
        for _ in range(2):
            async with page.get("/", {"Accept-Language": language}) as answer:
                assert answer.status == 401
                texts.add(await answer.text())
    assert [len(texts) for texts in said.values()] == [1, 1]
    assert said["en"] != said["de"]
    for _ in range(PAGES_A_SECOND - 4):
        async with page.get("/") as answer:
            assert answer.status == 401
    async with page.get("/") as answer:
        assert (answer.status, await answer.read()) == (429, TOO_MANY)
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert page.refused == ["web.no_session"] * (PAGES_A_SECOND + 1)
    await page.enter()  # whoever has a link or a session is not held up
    async with page.get("/nothing-here") as answer:
        assert answer.status == 404
    page.cookie = ""
    page.clock.seconds += 1
    async with page.get("/") as answer:
        assert answer.status == 401
