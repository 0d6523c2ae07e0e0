"""The local page, against the specifications that it leans on: Host, cookie, policy and times.

RFC 6761 6.3 (`localhost` names), RFC 9110 7.2 and 15.5.20 (Host, 421) and 12.5.4 (Accept-Language), RFC 6265bis (cookie
attributes), RFC 6266 (file names), Content Security Policy 3 (directives), RFC 3339 (times), BCP 47 (language tags).
The page is served for real on loopback.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from http.cookies import SimpleCookie

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.findings import Since, findings
from agent.content.notices import LANGUAGES
from agent.model.consent import Press
from agent.model.purposes import ActKind, Channel, Purpose
from agent.pages.render import _time_element
from agent.pages.security import POLICY
from tests.unit.web.served import Page

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MOMENTS = st.integers(0, 4_102_444_800_000)


async def raw(page: Page, *lines: str) -> bytes:
    """Send one request as it is written and return the first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", page.serving.port)
    writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode())
    first = await reader.readline()
    writer.close()
    return first


async def test_the_pages_name_is_below_localhost_and_ends_at_this_machine(page: Page) -> None:
    name = page.host.partition(":")[0]
    assert re.fullmatch(r"gw-[a-z0-9]+\.localhost", name)
    assert set(page.serving.addresses) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["{host}"], 401),
        ([], 421),
        (["{host}", "{host}"], 421),
        (["{host}", "evil.example"], 421),
        (["evil.example", "{host}"], 421),
        (["{name}"], 421),
        (["{host}."], 421),
        (["127.0.0.1:{port}"], 421),
        (["localhost:{port}"], 421),
    ],
)
async def test_one_exact_host_and_no_other(page: Page, hosts: list[str], status: int) -> None:
    values = {"host": page.host, "name": page.host.partition(":")[0], "port": page.serving.port}
    lines = [f"Host: {host.format(**values)}" for host in hosts]
    answer = await raw(page, "GET / HTTP/1.1", *lines)
    # RFC 9112 3.2 asks for 400 where Host is missing or repeated; the server may say so before the guard does.
    assert answer.split()[1] in ({b"401"} if status == 401 else {b"400", b"421"})


async def test_the_cookie_belongs_to_this_name_alone_and_to_no_script(page: Page) -> None:
    async with page.get(page.path_of(page.links.make())) as answer:
        (sent,) = answer.headers.getall("Set-Cookie")
    (cookie,) = SimpleCookie(sent).values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert len(cookie.value) >= 22


async def test_the_policy_lets_nothing_in_from_elsewhere(inside: Page) -> None:
    async with inside.get("/") as answer:
        assert answer.headers.getall("Content-Security-Policy") == [POLICY]
        assert "Access-Control-Allow-Origin" not in answer.headers
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    for sources in directives.values():
        assert sources in {"'none'", "'self'"}
    # These do not fall back to default-src (CSP 3, 6.1 and 6.3), so each must be said.
    assert {"base-uri", "form-action", "frame-ancestors"} <= set(directives)


async def test_what_is_downloaded_has_a_plain_name_and_is_never_opened_as_a_page(inside: Page) -> None:
    press = Press(ActKind.GIVEN, inside.face.text.sha256, "purpose.allow")
    await inside.face.act(Purpose.LONGER_HISTORY, press, Channel.PAGE)
    for path in (f"/receipts/{inside.face.record[0].entry}.json", "/verify_receipt.py", "/export.zip"):
        async with inside.get(path) as answer:
            disposition = answer.headers["Content-Disposition"]
            # RFC 6266 4.1: a quoted string, kept to characters that need no escaping anywhere.
            assert re.fullmatch(r'attachment; filename="[a-z0-9_.-]+"', disposition), path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_language_of_a_text_is_named_as_it_was_asked_for(inside: Page, language: str) -> None:
    # RFC 9110 12.5.4: a list of language ranges with weights; BCP 47: tags compare without regard to case.
    for header in (language, language.upper(), f"xx, {language}-ZZ;q=0.5, en;q=0.1", f"{language};q=1.000"):
        async with inside.get("/notice", {"Accept-Language": header}) as answer:
            assert f'id="notice" lang="{language}"' in await answer.text(), header


@given(MOMENTS)
def test_times_on_the_page_are_rfc_3339(at: int) -> None:
    (stamp,) = re.findall(r'datetime="([^"]+)"', str(_time_element(at, "then", UTC)))
    assert RFC3339.fullmatch(stamp)
    assert round(datetime.fromisoformat(stamp).timestamp() * 1000) == at


@given(MOMENTS, st.sampled_from(["Z", "+00:00", "+05:30", "-11:00"]))
def test_the_command_line_reads_rfc_3339(at: int, zone: str) -> None:
    offset = datetime.fromisoformat(f"2026-01-01T00:00:00{zone}").tzinfo
    text = datetime.fromtimestamp(at // 1000, offset).isoformat().replace("+00:00", zone)
    assert RFC3339.fullmatch(text)
    assert Since().convert(text, None, None) == at // 1000 * 1000


def test_a_time_that_is_none_is_misuse() -> None:
    done = CliRunner().invoke(findings, ["--since", "yesterday-ish"])
    assert done.exit_code == 2
