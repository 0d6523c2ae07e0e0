"""Packages on a disk: what they say of themselves, what they are built on, and metadata that is not as it should be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.detection.identified import Bulk, Role
from agent.detection.identify.closure import COLLECTING_LIBRARIES, MAX_DEPTH, MAX_PACKAGES, closure
from agent.detection.identify.package import Packages, capability, describe, identified


def wheel(
    site: Path, name: str, summary: str = "", *, needs: tuple[str, ...] = (), more: str = "", about: str = ""
) -> str:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    requires = "".join(f"Requires-Dist: {need}>=1\n" for need in needs)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nSummary: {summary}\n{more}{requires}\n{about}", encoding="utf-8"
    )
    return str(info)


def node(root: Path, name: str, **fields: Any) -> str:
    folder = root / "node_modules" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": name, **fields}))
    return str(folder)


def test_summary_keywords_and_first_paragraph_are_read(tmp_path: Path) -> None:
    folder = wheel(
        tmp_path,
        "Quiet_Name",
        "Helps with things",
        more="Keywords: spider,crawler\nClassifier: Topic :: Internet :: WWW/HTTP :: Indexing/Search\n",
        about="# Quiet\n\n[![badge](https://x.example/y)](https://x.example)\n\n"
        "Quiet crawls whole websites and extracts e-mail addresses from pages.\n\nMore.",
    )
    said = describe("pypi", folder)
    assert said is not None
    assert (said.name, said.summary) == ("quiet name", "helps with things")
    assert "crawler" in said.keywords and "indexing/search" in said.keywords
    assert said.about.startswith("quiet crawls whole websites")
    assert capability(said) is not None


def test_a_node_package_speaks_by_description_keywords_commands_and_readme(tmp_path: Path) -> None:
    folder = node(tmp_path, "quiet", description="Fast and simple", keywords=["scraper"], bin={"grab-site": "x.js"})
    Path(folder, "README.md").write_text("# quiet\n\nScrape any website from the command line, as fast as you like.\n")
    said = describe("npm", folder)
    assert said is not None and "grab-site" in said.keywords and said.about.startswith("scrape any website")
    found = identified("npm", "quiet", folder)
    assert found is not None and found.capability == "scrapes"
    assert found.evidence[0].detail == "quiet describes itself as scraping"


def test_a_driver_is_an_engine_and_a_sure_scraper_asks_for_many_by_nature(tmp_path: Path) -> None:
    driver = identified("pypi", "wheelhouse", wheel(tmp_path, "wheelhouse", "Browser automation with headless Chrome"))
    scraper = identified("pypi", "rake", wheel(tmp_path, "rake", "Scrape Instagram profiles and followers"))
    loader = identified("pypi", "sack", wheel(tmp_path, "sack", "YouTube video and playlist downloader"))
    assert driver is not None and driver.role is Role.ENGINE and driver.family == "browser-automation"
    assert scraper is not None and scraper.bulk is Bulk.ALWAYS and scraper.family == "social-media-scraper"
    assert loader is not None and loader.bulk is Bulk.MODES, "one video is not many"


def test_what_a_package_is_built_on_is_found_through_other_packages(tmp_path: Path) -> None:
    folder = wheel(tmp_path, "mixtape", "Download your playlists", needs=("middle",))
    alone = identified("pypi", "mixtape", folder)
    wheel(tmp_path, "middle", "Glue", needs=("yt-dlp",))
    built = identified("pypi", "mixtape", folder)
    assert alone is not None and built is not None
    assert "yt-dlp" in built.evidence[0].detail
    assert built.evidence[0].weight > alone.evidence[0].weight


def test_dependencies_of_node_packages_are_found_beside_and_inside(tmp_path: Path) -> None:
    node(tmp_path, "middle", dependencies={"puppeteer": "*"})
    folder = node(tmp_path, "@me/quiet", description="Crawl websites", dependencies={"middle": "*"})
    found = identified("npm", "@me/quiet", folder)
    assert found is not None and "puppeteer" in found.evidence[0].detail.lower()


def test_a_cycle_ends_and_a_chain_ends_at_its_depth() -> None:
    asked: list[str] = []

    def turns(name: str) -> frozenset[str]:
        asked.append(name)
        return frozenset(["b" if name == "a" else "a"])

    def goes_on(name: str) -> frozenset[str]:
        step = int(name[1:]) + 1
        return frozenset([f"p{step}"]) if step < MAX_DEPTH else frozenset(["scrapy"])

    assert closure(["a"], turns) == {} and asked == ["a", "b"]
    assert closure(["p0"], goes_on) == {}
    assert closure(["p1"], goes_on) == {"scrapy": COLLECTING_LIBRARIES["scrapy"] / 2 ** (MAX_DEPTH - 1)}


def test_a_tree_of_thousands_ends_at_its_bound() -> None:
    asked: list[str] = []

    def needs(name: str) -> frozenset[str]:
        asked.append(name)
        return frozenset(f"{name}.{n}" for n in range(100))

    assert closure(["root"], needs) == {}
    assert len(asked) == MAX_PACKAGES


def test_each_step_away_halves_what_a_library_says() -> None:
    def needs(name: str) -> frozenset[str]:
        return {"near": frozenset(["scrapy"]), "far": frozenset(["near"])}.get(name, frozenset())

    direct, near, far = (closure([name], needs)["scrapy"] for name in ("scrapy", "near", "far"))
    assert direct == 2 * near == 4 * far


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no colon anywhere",
        "Name: x\nSummary:",
        "Requires-Dist: ;;;\nRequires-Dist: [broken\nName: x",
        "\0" * 5000,
        "Summary: " + "scrape " * 20_000,
        "Name: x\n" * 10_000,
    ],
)
def test_nonsense_in_metadata_says_little_and_breaks_nothing(tmp_path: Path, text: str) -> None:
    info = tmp_path / "x-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(text)
    describe("pypi", str(info))
    identified("pypi", "x", str(info))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"name": 5, "description": ["a"], "keywords": {"a": 1}, "dependencies": ["x"], "bin": 7}',
        '{"keywords": [null, 1, "scraper"], "dependencies": {"": null}}',
        '{"description": ' + "[" * 100_000,
    ],
)
def test_nonsense_in_package_json_breaks_nothing(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "node_modules" / "x"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(text)
    describe("npm", str(folder))
    identified("npm", "x", str(folder))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000))
def test_no_metadata_is_too_strange(tmp_path: Path, data: bytes) -> None:
    info = tmp_path / "x-1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_bytes(data)
    describe("pypi", str(info))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_place_of_metadata_holds_nobody(tmp_path: Path) -> None:
    info = tmp_path / "x-1.dist-info"
    info.mkdir()
    os.mkfifo(info / "METADATA")
    assert describe("pypi", str(info)) is None


def test_an_answer_is_kept_until_the_metadata_change(tmp_path: Path) -> None:
    packages = Packages(max_kept=2)
    folder = wheel(tmp_path, "rake", "Web scraper")
    first = packages.identified("pypi", "rake", folder)
    assert first is not None and packages.identified("pypi", "rake", folder) is first
    wheel(tmp_path, "rake", "A ruler for gardens, in centimetres")
    assert packages.identified("pypi", "rake", folder) is None
    for name in "abcd":
        packages.identified("pypi", name, wheel(tmp_path, name, "x"))
    assert len(packages._kept) == 2
