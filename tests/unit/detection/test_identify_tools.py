"""Tools in many disguises, on a disk as package managers leave it: what is recognised, by what, and how surely."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from agent.detection.scoring import level
from agent.model.events import ExtensionFound, PackageFound
from agent.model.findings import CollectMode, EvidenceClass, Level, Stage

SPIDER = "import scrapy\nclass S(scrapy.Spider):\n    name = 's'\n"


async def test_a_console_script_is_known_by_name_and_by_package(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "scrapy")
    script = machine.console_script(env, "scrapy", "scrapy.cmdline", "execute")
    (found,) = await world.start(str(env / "bin" / "python"), str(script), "crawl", "people", exe="/usr/bin/python3.11")
    assert (found.tool, found.level, found.flagged, found.stage) == ("scrapy", Level.HIGH, True, Stage.RUNNING)
    assert {piece.cls for piece in found.evidence} >= {EvidenceClass.NAME, EvidenceClass.PACKAGE}


async def test_a_renamed_console_script_is_known_by_the_line_it_holds(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "instaloader")
    script = machine.console_script(env, "notes-sync", "instaloader.__main__")
    (found,) = await world.start(str(env / "bin" / "python"), str(script), "profile", "someone")
    assert found.tool == "instaloader"
    assert found.flagged


async def test_a_linked_script_of_its_own_environment_is_known(world: Any, machine: Any) -> None:
    env = machine.environment("pipx/venvs/yt-dlp")
    machine.distribution(env, "yt-dlp", module="yt_dlp")
    script = machine.console_script(env, "yt-dlp", "yt_dlp")
    link = machine.root / "bin" / "yt-dlp"
    link.parent.mkdir()
    link.symlink_to(script)
    python = str(env / "bin" / "python")
    (found,) = await world.start(python, str(link), "https://www.youtube.com/@nasa/videos")
    assert found.flagged and found.modes == (CollectMode.CHANNEL,)


@pytest.mark.parametrize("module", ["yt_dlp", "scrapy", "instaloader"])
async def test_a_module_run_by_the_interpreter_is_known(world: Any, machine: Any, module: str) -> None:
    env = machine.environment()
    machine.distribution(env, module.replace("_", "-"), module=module)
    (found,) = await world.start(str(env / "bin" / "python3.11"), "-m", module, "--batch-file", "x.txt")
    assert found.tool == module.replace("_", "-")


async def test_a_module_in_the_working_folder_is_ones_own_script(world: Any, machine: Any) -> None:
    machine.script("leads/__main__.py", SPIDER)
    (found,) = await world.start("python3", "-m", "leads")
    assert found.tool == "scrapy"
    assert found.evidence[0].cls is EvidenceClass.CODE


async def test_one_video_is_not_flagged_and_a_channel_is(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "yt-dlp", module="yt_dlp")
    script = str(machine.console_script(env, "yt-dlp", "yt_dlp"))
    python = str(env / "bin" / "python")
    (one,) = await world.start(python, script, "https://www.youtube.com/watch?v=abc")
    assert (one.stage, one.flagged) == (Stage.RUNNING, False)
    (many,) = await world.start(python, script, "-a", "list.txt")
    assert many.flagged and many.id != one.id and many.count == 1


async def test_help_and_version_are_never_flagged(world: Any) -> None:
    (found,) = await world.start("/usr/bin/gallery-dl", "--version")
    assert not found.flagged
    assert world.detector.candidates() == []


@pytest.mark.parametrize(
    ("argv", "tool"),
    [
        (("wget", "-r", "https://site.example/"), "wget"),
        (("wget", "-m", "https://site.example/"), "wget"),
        (("wget", "-i", "list.txt"), "wget"),
        (("aria2c", "-i", "list.txt"), "aria2"),
        (("httrack", "https://site.example/", "-O", "x"), "httrack"),
    ],
)
async def test_native_tools_that_are_asked_for_many_are_flagged(world: Any, argv: tuple[str, ...], tool: str) -> None:
    (found,) = await world.start(*argv, exe=f"/usr/bin/{argv[0]}")
    assert found.tool == tool
    assert found.flagged


async def test_a_package_link_of_node_is_followed(world: Any, machine: Any) -> None:
    link = machine.node_package(
        "website-scraper-cli", needs=("website-scraper",), description="scrape websites from shell"
    )
    (found,) = await world.start("/usr/bin/node", str(link), "https://site.example")
    assert found.family in ("site-mirror", "scraper-framework")


@pytest.mark.parametrize("argv", [("npx", "-y", "crawlee@3"), ("npm", "exec", "--", "crawlee")])
async def test_a_package_runner_is_known_by_what_it_was_asked_to_run(world: Any, argv: tuple[str, ...]) -> None:
    (found,) = await world.start("node", f"/usr/bin/{argv[0]}", *argv[1:], exe="/usr/bin/node")
    assert found.tool == "crawlee"


@pytest.mark.parametrize(
    ("name", "text", "tool"),
    [
        ("a.py", "def run():\n    from instagrapi import Client\nrun()", "instagrapi"),
        ("a.py", "import importlib\nimportlib.import_module('snscrape.modules')", "snscrape"),
        ("a.mjs", 'import { CheerioCrawler } from "crawlee";', "crawlee"),
        ("daily_report.py", "import worker\nworker.run()", "scrapy"),
    ],
)
async def test_a_script_of_ones_own_is_known_by_what_it_imports(
    world: Any, machine: Any, name: str, text: str, tool: str
) -> None:
    machine.script("worker.py", SPIDER)
    machine.script(name, text)
    (found,) = await world.start("node" if name.endswith("mjs") else "python3", name)
    assert found.tool == tool
    assert found.flagged


async def test_a_loop_over_pages_about_people_is_flagged_without_any_tool(world: Any, machine: Any) -> None:
    machine.script(
        "daily.py",
        "import requests, csv\nfrom bs4 import BeautifulSoup\nw = csv.writer(open('o.csv','w'))\n"
        "for page in range(60):\n    soup = BeautifulSoup(requests.get(f'https://site.example/people?page={page}').text)\n"
        "    for li in soup.select('li.person'):\n        w.writerow([li.text, li.select_one('.email').text])\n",
    )
    (found,) = await world.start("python3", "daily.py")
    assert found.tool == "script:bs4,requests"
    assert found.name == "A Python script using Beautiful Soup and requests"
    assert found.flagged and found.modes == (CollectMode.LOOP,)


async def test_code_on_the_command_line_is_read_too(world: Any) -> None:
    code = (
        "import requests,re\nfor i in range(80):\n"
        "  print(re.findall(r'[\\w.]+@[\\w.]+',requests.get('https://s.example/people?page=%d'%i).text))"
    )
    (found,) = await world.start("python3", "-c", code)
    assert found.flagged


async def test_a_shell_loop_around_a_fetching_program_is_read(world: Any, machine: Any) -> None:
    loop = (
        'for i in $(seq 300); do curl -s "https://s.example/people?page=$i" | grep -o "[a-z.]*@[a-z.]*" >> e.txt; done'
    )
    machine.script("get.sh", f"#!/bin/bash\n{loop}\n")
    (found,) = await world.start("bash", "get.sh")
    assert found.tool == "script:curl"
    assert found.flagged
    (again,) = await world.start("sh", "-c", loop)
    assert again.id == found.id


async def test_a_package_nobody_knows_is_asked_what_it_says_of_itself(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(
        env, "graminator", summary="Scrape Instagram profiles and followers", needs=("beautifulsoup4", "httpx")
    )
    script = machine.console_script(env, "graminator", "graminator.cli")
    (found,) = await world.start(str(env / "bin" / "python"), str(script), "someone")
    assert found.tool == "package:pypi:graminator"
    assert found.family == "social-media-scraper"
    assert found.flagged


async def test_a_library_nobody_knows_is_asked_when_a_script_imports_it(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "tok-grab", summary="TikTok scraper for profiles", needs=("selectolax",))
    machine.script("a.py", "import tok_grab\nfor who in open('names'):\n    print(tok_grab.profile(who))\n")
    (found,) = await world.start(str(env / "bin" / "python"), "a.py")
    assert found.tool == "package:pypi:tok-grab"
    assert found.flagged
    machine.node_package("@me/insta-walk", description="Instagram scraper", needs=("cheerio",))
    machine.script("src/a.mjs", "import { walk } from '@me/insta-walk'; for (const who of list) await walk(who);")
    (found,) = await world.start("node", "src/a.mjs")
    assert found.tool == "package:npm:@me/insta-walk"
    assert found.flagged


@pytest.mark.parametrize(
    ("name", "summary", "needs"),
    [
        ("shopkit", "A toolkit for shops", ("requests", "beautifulsoup4")),
        ("crawlguard", "Detect and block crawlers and scrapers in Django", ("django",)),
        ("botmock", "Mock scraping targets for testing", ("scrapy",)),
        ("feedy", "A feed reader that downloads podcasts", ("feedparser",)),
    ],
)
async def test_packages_that_do_something_else_say_nothing(
    world: Any, machine: Any, name: str, summary: str, needs: tuple[str, ...]
) -> None:
    env = machine.environment()
    machine.distribution(env, name, summary=summary, needs=needs)
    script = machine.console_script(env, name, f"{name}.cli")
    assert await world.start(str(env / "bin" / "python"), str(script), "run") == []


async def test_a_scripts_own_name_is_a_weak_sign(world: Any, machine: Any) -> None:
    machine.script("sherlock", "#!/usr/bin/python3\nprint('elementary')\n")
    (found,) = await world.start("python3", str(machine.work / "sherlock"), "watson")
    assert (found.level, found.flagged) == (Level.LOW, False)


async def test_refining_reads_the_script_that_a_tool_was_handed(world: Any, machine: Any) -> None:
    machine.script("leads.py", SPIDER)
    event = world.event("/usr/bin/scrapy", "runspider", "leads.py")
    (first,) = await world.detector.started(event)
    (second,) = await world.detector.refine(event)
    assert second.id == first.id and second.count == 1
    assert EvidenceClass.CODE in {piece.cls for piece in second.evidence}
    assert second.confidence > first.confidence


def test_an_installed_tool_is_a_card_and_never_a_flag(world: Any) -> None:
    found = [
        PackageFound("pypi", "Scrapy", "2.0"),
        PackageFound("npm", "puppeteer", "1"),
        PackageFound("pypi", "requests", "2"),
        PackageFound("debian", "curl", "8"),
        ExtensionFound("chromium", "a" * 32, "1"),
    ]
    cards = world.detector.installed(found)
    assert {card.tool for card in cards} == {"scrapy", "puppeteer"}
    assert all(card.stage is Stage.INSTALLED and not card.flagged for card in cards)
    closed = world.detector.installed([], complete=True)
    assert {card.tool for card in closed} == {"scrapy", "puppeteer"}
    assert all(card.closed_at is not None for card in closed)


async def test_no_tool_of_the_catalogue_decides_by_an_unverified_name(world: Any, catalogue: Any) -> None:
    for tool in catalogue.tools:
        for name in tool.executables:
            if catalogue.is_verified(tool, "executables"):
                continue
            identified = await world.identifier.identify(world.event(f"/usr/bin/{name}"))
            # What hands a browser to a language model is known by its shape; the name decides nothing there.
            shape = identified is not None and identified.tool.startswith("browser:")
            assert identified is None or shape or level(identified.evidence) is Level.HIDDEN


@pytest.mark.skipif(sys.platform == "win32", reason="builds folders of other systems")
async def test_every_verified_collector_is_recognised_by_its_executable(world: Any, catalogue: Any) -> None:
    for tool in catalogue.tools:
        for name in tool.executables:
            if catalogue.decides(tool, "executables"):
                identified = await world.identifier.identify(world.event(f"/opt/x/{name}"))
                assert identified is not None and identified.tool == tool.id
