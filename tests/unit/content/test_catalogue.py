"""The catalogue of tools: every shipped entry keeps the rules, every broken one is refused by name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from agent.content.catalogue import (
    COMPILED,
    FAMILIES,
    FOLDER,
    KINDS,
    Catalogue,
    CatalogueError,
    Mode,
    Tool,
    compiled,
    load_catalogue,
    main,
    read_catalogue,
)

GOOD: dict[str, object] = {
    "id": "gatherer",
    "name": "Gatherer",
    "family": "site-mirror",
    "role": "collector",
    "homepage": "https://gatherer.example",
    "collects": "Whole sites.",
    "pypi": ["gatherer"],
    "executables": ["gatherer"],
    "bulk": "modes",
    "modes": [{"mode": "recursion", "flags": ["-r"]}],
    "quiet": ["--help"],
    "techniques": ["T1119", "OAT-011"],
    "verified": {"pypi": "index", "executables": "none"},
    "source": "made up for the test",
    "date": "2026-11-23",
}
KINDS_OF_GOOD = {"pypi": "index", "executables": "none"}


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue()


def written(folder: Path, *entries: dict[str, object]) -> Path:
    (folder / "site-mirror.yaml").write_text(yaml.safe_dump(list(entries)), encoding="utf-8")
    return folder


def refused(folder: Path, **changes: object) -> CatalogueError:
    """The error for the good entry with some fields changed; a field set to None is left out."""
    entry = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(written(folder, entry))
    return caught.value


# What is shipped


def test_the_shipped_catalogue_loads_without_an_error() -> None:
    errors: list[CatalogueError] = []
    read_catalogue(FOLDER, on_error=errors.append)
    assert errors == []


def test_it_holds_six_hundred_tools_and_a_hundred_and_fifty_browser_extensions(shipped: Catalogue) -> None:
    real = [tool for tool in shipped.tools if tool.id != "gleanwatch-try"]
    extensions = [tool for tool in real if tool.family == "scraper-extension"]
    assert len(real) - len(extensions) >= 600
    assert len(extensions) >= 150
    assert {tool.family for tool in real} == set(FAMILIES)


def test_every_entry_says_where_it_is_from_and_when_it_was_checked(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        assert len(tool.source) > 10, tool.id
        assert 2025 <= tool.date.year <= 2100, tool.id
        unverified = "none" in tool.verified.values()
        assert not unverified or "marked none" in tool.source or "unverified on purpose" in tool.source, tool.id


def test_an_extension_is_listed_only_by_an_id_that_a_public_source_names(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        if tool.extensions:
            assert tool.verified["extensions"] != "none", tool.id


def test_no_line_of_the_files_names_a_package_registrys_host() -> None:
    hosts = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:com|org)|rubygems\.org|crates\.io|packagist\.org)")
    for path in FOLDER.iterdir():
        assert hosts.search(path.read_text("utf-8")) is None, path.name


@pytest.mark.parametrize(
    ("kind", "name", "tool"),
    [
        ("executables", "slackdump", "slackdump"),
        ("executables", "TwitchDownloaderCLI.exe", "twitchdownloader"),
        ("pypi", "Insta_Scrape", "insta-scrape"),
        ("npm", "@bochilteam/scraper-instagram", "bochilteam-scraper"),
        ("imports", "rtweet", "rtweet"),
        ("imports", "spatie/crawler", "spatie-crawler"),
        ("extensions", "pjmlkdacmaejhkdcflncbpcpidkggoio", "wiza-ext"),
        ("extensions", "linkgopher@oooninja.com", "link-gopher"),
    ],
)
def test_tools_of_every_kind_are_found(shipped: Catalogue, kind: str, name: str, tool: str) -> None:
    look_up = {
        "executables": shipped.by_executable,
        "pypi": shipped.by_pypi,
        "npm": shipped.by_npm,
        "imports": shipped.by_import,
        "extensions": shipped.by_extension,
    }[kind]
    found = look_up(name)
    assert found is not None
    assert found.id == tool


@pytest.mark.parametrize(
    "extension",
    [
        "cjpalhdlnbpafiamejdnhcphjbkeiagm",  # uBlock Origin
        "nngceckbapebfimnlniiiahkandclblb",  # Bitwarden
        "kbfnbcaeplbcioakkpcpgfkobkghlhen",  # Grammarly
        "uBlock0@raymondhill.net",
        "dhdgffkkebhmkfjojejmpbldmpobfkfo",  # Tampermonkey
        "ekhagklcjbdpajgpjgmbionohlpdbjgc",  # Zotero Connector
    ],
)
def test_ordinary_extensions_are_not_in_it(shipped: Catalogue, extension: str) -> None:
    assert shipped.by_extension(extension) is None


def test_ids_and_names_are_unique(shipped: Catalogue) -> None:
    assert [name for name, times in Counter(tool.id for tool in shipped.tools).items() if times > 1] == []
    assert [name for name, times in Counter(tool.name for tool in shipped.tools).items() if times > 1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_identifier_of_one_kind_belongs_to_two_tools(shipped: Catalogue, kind: str) -> None:
    owners = Counter(name.casefold() for tool in shipped.tools for name in getattr(tool, kind))
    assert [name for name, times in owners.items() if times > 1] == []


def test_homepages_are_the_projects_own_and_never_a_registry(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        page = urlsplit(tool.homepage)
        assert page.scheme == "https", tool.id
        assert not {"pypi", "pythonhosted", "npmjs", "debian"}.intersection(str(page.hostname).split(".")), tool.id


def test_every_kind_present_says_how_it_was_checked(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        assert set(tool.verified) == {kind for kind in KINDS if tool.identifiers(kind)}, tool.id


def test_every_entry_says_what_it_collects_in_one_sentence(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        assert re.fullmatch(r"[A-Z].{5,160}\.", tool.collects), tool.id
        assert tool.source and tool.name, tool.id


def test_commands_are_no_generic_words(shipped: Catalogue) -> None:
    generic = {"crawl", "crawler", "scrape", "scraper", "spider", "download", "downloader", "get", "http", "https"}
    assert not generic.intersection(name for tool in shipped.tools for name in tool.executables)


def test_a_command_of_a_collector_has_its_quiet_ways(shipped: Catalogue) -> None:
    for tool in shipped.tools:
        if tool.executables:
            assert tool.quiet, tool.id


def test_most_collectors_can_decide_by_something(shipped: Catalogue) -> None:
    collectors = [tool for tool in shipped.tools if tool.role == "collector"]
    deciding = [tool for tool in collectors if any(shipped.decides(tool, kind) for kind in KINDS)]
    assert len(deciding) >= 0.9 * len(collectors)


def test_engines_never_decide(shipped: Catalogue) -> None:
    engines = [tool for tool in shipped.tools if tool.role == "engine"]
    assert {"requests", "selenium", "curl", "wget", "playwright"} <= {tool.id for tool in engines}
    assert not [tool.id for tool in engines for kind in KINDS if shipped.decides(tool, kind)]


def test_the_demonstration_is_found_by_its_import(shipped: Catalogue) -> None:
    demonstration = shipped.by_import("gleanwatch_try")
    assert demonstration is not None
    assert (demonstration.id, demonstration.bulk, demonstration.executables) == ("gleanwatch-try", "always", ())
    assert shipped.decides(demonstration, "imports")


def test_every_look_up_finds_its_tool(shipped: Catalogue) -> None:
    found = {
        "id": shipped.by_id("yt-dlp"),
        "pypi": shipped.by_pypi("YT_DLP"),
        "debian": shipped.by_debian("yt-dlp"),
        "executable": shipped.by_executable("yt-dlp.exe"),
        "import": shipped.by_import("yt_dlp"),
    }
    assert {how: tool and tool.id for how, tool in found.items()} == dict.fromkeys(found, "yt-dlp")
    assert shipped.by_npm("@crawlee/cheerio") is shipped.by_id("crawlee")
    assert shipped.by_extension("ofaokhiedipichpaobibbnahnkdoiiah") is shipped.by_id("instant-data-scraper")


def test_what_no_tool_has_is_not_found(shipped: Catalogue) -> None:
    assert shipped.by_id("nothing") is None
    assert shipped.by_pypi("numpy") is None
    assert shipped.by_executable("bash") is None
    assert shipped.by_import("os") is None
    assert shipped.by_extension("a" * 32) is None


# The compiled form


def test_the_compiled_form_is_what_the_reviewed_files_say(shipped: Catalogue) -> None:
    assert main([], FOLDER) == 0, "run: make generate"
    assert shipped.tools == read_catalogue(FOLDER).tools


def test_without_a_usable_compiled_form_the_reviewed_files_are_read(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    for damaged in (b"", b"[{", b'[{"id": 1}]', b"\xff\xfe"):
        (folder / COMPILED).write_bytes(damaged)
        assert [tool.id for tool in load_catalogue(folder).tools] == ["gatherer"]
    assert main([], folder) == 1


def test_writing_the_compiled_form_makes_it_current(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    assert main(["--write"], folder) == 0
    assert main([], folder) == 0
    (folder / "site-mirror.yaml").unlink()
    assert load_catalogue(folder).tools == load_catalogue(written(tmp_path, GOOD)).tools
    assert compiled(load_catalogue(folder)).count(b"\n") == 3


def test_a_word_that_is_no_command_of_it_is_misuse(tmp_path: Path) -> None:
    assert main(["write"], tmp_path) == 2


# What the loader refuses


def test_a_good_entry_becomes_a_tool(tmp_path: Path) -> None:
    catalogue = load_catalogue(written(tmp_path, GOOD))
    (tool,) = catalogue.tools
    assert isinstance(tool, Tool)
    assert tool.modes == (Mode(mode="recursion", flags=("-r",)),)
    assert catalogue.is_verified(tool, "pypi") and not catalogue.is_verified(tool, "executables")
    assert catalogue.decides(tool, "pypi") and not catalogue.decides(tool, "executables")
    assert not catalogue.is_verified(tool, "npm")


def test_an_unknown_field_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    error = refused(tmp_path, homepgae="https://x.example")
    assert (error.file, error.entry, error.field) == ("site-mirror.yaml", "gatherer", "homepgae")
    assert "Did you mean homepage?" in str(error)


def test_an_unknown_field_of_a_mode_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    error = refused(tmp_path, modes=[{"mode": "list", "flag": ["-i"]}])
    assert error.field == "modes[0].flag"
    assert "Did you mean flags?" in str(error)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, homepage=None)
    assert (error.entry, error.field) == ("gatherer", "homepage")
    assert "Add it" in str(error)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "helper"}, "role"),
        ({"bulk": True}, "bulk"),
        ({"pypi": "gatherer"}, "pypi"),
        ({"verified": {"pypi": "believed", "executables": "none"}}, "verified"),
        ({"family": "ai-crawler"}, "family"),
        ({"homepage": "http://gatherer.example"}, "homepage"),
        ({"homepage": "https://www.npmjs.example/package/gatherer"}, "homepage"),
        ({"pypi": ["Gat_herer"]}, "pypi"),
        ({"executables": ["bin/gatherer"]}, "executables"),
        ({"quiet": ["-h", "-h"]}, "quiet"),
        ({"domains": ["linkdin"]}, "domains"),
        ({"techniques": ["1119"]}, "techniques"),
        ({"modes": []}, "modes"),
        ({"modes": [{"mode": "list"}]}, "modes[0]"),
        ({"modes": [{"mode": "channel", "url_paths": ["("]}]}, "modes[0].url_paths"),
        ({"verified": {"pypi": "index"}}, "verified"),
        ({"pypi": [], "executables": [], "verified": {}}, "pypi"),
        ({"extensions": ["short"], "verified": {**KINDS_OF_GOOD, "extensions": "none"}}, "extensions"),
    ],
)
def test_a_wrong_value_is_refused_by_field(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    error = refused(tmp_path, **changes)
    assert (error.file, error.entry, error.field) == ("site-mirror.yaml", "gatherer", field)
    assert str(error).startswith(f"Catalogue site-mirror.yaml, entry gatherer, field {field}: ")


def test_an_id_that_is_no_word_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, id="Gatherer").field == "id"


def test_an_unknown_platform_is_answered_with_the_nearest(tmp_path: Path) -> None:
    assert "Use linkedin." in str(refused(tmp_path, domains=["linkdin"]))


def test_a_broken_entry_is_reported_and_the_others_stay(tmp_path: Path) -> None:
    errors: list[CatalogueError] = []
    other = {**GOOD, "id": "other", "pypi": ["other"], "executables": ["other"]}
    catalogue = load_catalogue(written(tmp_path, {**GOOD, "role": "helper"}, other), on_error=errors.append)
    assert [tool.id for tool in catalogue.tools] == ["other"]
    assert [(error.entry, error.field) for error in errors] == [("gatherer", "role")]


def test_an_entry_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    errors: list[CatalogueError] = []
    folder = written(tmp_path, GOOD, {key: value for key, value in GOOD.items() if key != "id"})
    assert len(load_catalogue(folder, on_error=errors.append).tools) == 1
    assert [(error.entry, error.field) for error in errors] == [("number 2", "id")]


def test_an_identifier_stays_with_the_first_entry_that_has_it(tmp_path: Path) -> None:
    errors: list[CatalogueError] = []
    second = {**GOOD, "id": "second", "pypi": ["second"], "executables": ["Gatherer"]}
    catalogue = load_catalogue(written(tmp_path, GOOD, second), on_error=errors.append)
    assert [tool.id for tool in catalogue.tools] == ["gatherer"]
    assert [(error.entry, error.field) for error in errors] == [("second", "executables")]
    assert "belongs to gatherer" in str(errors[0])


def test_an_id_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="field id: is taken"):
        load_catalogue(written(tmp_path, GOOD, {**GOOD, "pypi": ["other"], "executables": ["other"]}))


@pytest.mark.parametrize("text", ["- id: [", "id: gatherer", "- just words"])
def test_a_broken_file_does_not_take_the_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "ai-crawler.yaml").write_text(text, encoding="utf-8")
    errors: list[CatalogueError] = []
    catalogue = load_catalogue(written(tmp_path, GOOD), on_error=errors.append)
    assert [tool.id for tool in catalogue.tools] == ["gatherer"]
    assert [error.file for error in errors] == ["ai-crawler.yaml"]


def test_a_file_of_no_family_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "site-mirrors.yaml").write_text("[]", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"site-mirror\."):
        load_catalogue(tmp_path)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no file is there"):
        load_catalogue(tmp_path)
