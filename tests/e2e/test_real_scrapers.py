"""Real collecting tools beside the agent: a scrapy spider and a plain requests loop, both flagged with reasons.

Both run in the demonstration's own environment (`.venv-demo`, which `make demo` makes). They are written for
`www.linkedin.com` and reach the invented site instead, because `http_proxy` says so; the agent knows by its
configuration that this site's address stands for LinkedIn. The spider crawls, the loop fetches, and the findings are
read through the command line.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.demo.site import Site
from tests.support.agent import Agent
from tests.support.places import CHECKOUT, clean_environment, short_folder
from tests.support.processes import started
from tests.support.waiting import until

TOOLS = Path(os.environ.get("GW_DEMO_VENV") or CHECKOUT / ".venv-demo")

SPIDER = """
import scrapy


class People(scrapy.Spider):
    name = "people"
    start_urls = ["http://www.linkedin.com/search/results/people"]
    custom_settings = {"ROBOTSTXT_OBEY": False, "LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
                        "DOWNLOAD_DELAY": 0.05, "RETRY_ENABLED": False}

    def parse(self, response):
        yield from response.follow_all(css="a.who", callback=self.parse_person)
        yield from response.follow_all(css="a.more", callback=self.parse)

    def parse_person(self, response):
        yield {"name": response.css(".name::text").get(), "work": response.css(".role::text").get()}
"""

LOOP = """
import csv
import time

import requests
from bs4 import BeautifulSoup

rows = []
site = "http://www.linkedin.com"
session = requests.Session()
for page in range(1, 41):
    listing = BeautifulSoup(session.get(site + "/search/results/people?page=%d" % page).text, "html.parser")
    for link in listing.select("a.who"):
        profile = BeautifulSoup(session.get(site + link["href"]).text, "html.parser")
        rows.append({"name": profile.select_one(".name").text, "work": profile.select_one(".role").text})
        time.sleep(0.05)
with open("people.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, ["name", "work"])
    writer.writeheader()
    writer.writerows(rows)
"""

READER = """
import time

import requests

print(len(requests.get("http://www.linkedin.com/feed").text))
time.sleep(4)
"""


def tool(name: str) -> Path:
    """Return a program of the demonstration's environment; skip where it was not made."""
    path = TOOLS / "bin" / name
    if not path.exists():
        if os.environ.get("GW_REQUIRE_BROWSERS") == "1":
            pytest.fail(f"needs {name} in {TOOLS.name}: `make demo` makes it")
        pytest.skip(f"needs {name} in {TOOLS.name}: `make demo` makes it")
    return path


@pytest.fixture
async def agent(site: Site) -> AsyncIterator[Agent]:
    """Run an agent that knows the site's address as LinkedIn's."""
    with short_folder() as folder:
        proxy = f"http://127.0.0.1:{site.http_port}"
        made = Agent(folder, clean_environment(folder, http_proxy=proxy))
        (made.home / "config.toml").write_text(
            f'[loopback]\n"www.linkedin.com" = "127.0.0.1:{site.http_port}"\n', "utf-8"
        )
        try:
            await made.start()
            yield made
        finally:
            await made.close()


async def flagged(agent: Agent, pid: int) -> dict[str, Any]:
    """Wait until a flagged finding names a process, and return it."""

    async def look() -> dict[str, Any] | None:
        for finding in await agent.findings():
            if finding["flagged"] and any(process["pid"] == pid for process in finding["processes"]):
                return finding
        return None

    return dict(await until(look, "a flag", seconds=40, every=0.3))


def check_reasons(finding: dict[str, Any]) -> None:
    """A flag says why, in evidence that holds no address, argument or path."""
    assert finding["level"] in {"medium", "high"}
    assert finding["evidence"], "a flag without a reason is a verdict"
    for piece in finding["evidence"]:
        assert piece["class"] and piece["rule"] and piece["detail"]
    text = str(finding["evidence"])
    for private in ("127.0.0.1", "http", "/search", "results/people", "/tmp"):
        assert private not in text


async def test_a_scrapy_spider_is_flagged_with_its_reasons(agent: Agent, site: Site) -> None:
    scrapy = tool("scrapy")
    spider = agent.folder / "people_spider.py"
    spider.write_text(SPIDER)
    command: list[str | Path] = [scrapy, "runspider", spider, "-o", agent.folder / "people.json"]
    async with started(command, agent.folder / "scrapy.log", agent.env, agent.folder) as process:
        finding = await flagged(agent, process.pid)
        # Its command alone gives it away, before it has fetched anything: let it really collect.
        await until(lambda: sum(site.requests.values()) > 0, "a page to be collected")
    assert finding["tool"] == "scrapy"
    assert finding["family"] == "scraper-framework"
    check_reasons(finding)


async def test_collecting_names_the_platform(agent: Agent, site: Site) -> None:
    scrapy = tool("scrapy")
    spider = agent.folder / "people_spider.py"
    spider.write_text(SPIDER)
    async with started([scrapy, "runspider", spider], agent.folder / "scrapy.log", agent.env, agent.folder):

        async def collecting() -> bool:
            return any(
                finding["stage"] == "collecting" and finding["platforms"] == ["linkedin"]
                for finding in await agent.findings()
            )

        await until(collecting, "the platform to be named", seconds=40, every=0.3)


async def test_a_plain_requests_loop_is_flagged_with_its_reasons(agent: Agent, site: Site) -> None:
    script = agent.folder / "job.py"
    script.write_text(LOOP)
    async with started([tool("python"), script], agent.folder / "loop.log", agent.env, agent.folder) as process:
        finding = await flagged(agent, process.pid)
    check_reasons(finding)
    assert "requests" in str(finding["evidence"])
    assert finding["family"] == "social-media-scraper", "by the platform that its code names, not by its library"


async def test_one_request_is_not_a_flag(agent: Agent, site: Site) -> None:
    script = agent.folder / "reader.py"
    script.write_text(READER)
    async with started([tool("python"), script], agent.folder / "reader.log", agent.env, agent.folder) as process:
        assert await process.wait() == 0
        # Whatever else this person runs meanwhile may be flagged; this process must not be.
        ours = [f for f in await agent.findings() if any(p["pid"] == process.pid for p in f["processes"])]
        assert not [finding for finding in ours if finding["flagged"]]


async def test_a_finished_tool_stays_in_the_list_with_its_count(agent: Agent, site: Site) -> None:
    scrapy = tool("scrapy")
    spider = agent.folder / "people_spider.py"
    spider.write_text(SPIDER)
    for _ in range(2):
        async with started([scrapy, "runspider", spider], agent.folder / "scrapy.log", agent.env) as process:
            finding = await flagged(agent, process.pid)
    assert finding["count"] == 2
    assert len(finding["processes"]) == 2
