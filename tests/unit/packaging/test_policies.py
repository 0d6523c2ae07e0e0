"""The samples: each browser on each system is told the same three things, in the form that it reads."""

from __future__ import annotations

import json
import plistlib
import re
from pathlib import Path

import pytest

from agent import __version__
from agent.packaging import page
from agent.packaging.contents import PackagingError
from agent.packaging.policies import (
    EXAMPLE_URL,
    Browser,
    Deployment,
    Sample,
    System,
    deployment,
    managed_values,
    sample,
)
from native_host.manifests import ADDONS, HOST_NAME, ORIGINS
from tests.support.places import CHECKOUT, EXTENSION

MANAGED = {
    "organisation": 'Møller & "Sons" \\ Ltd',
    "contact": "privacy@example.org",
    "flag": True,
    "names": ["a", "b"],
}
WANTED = deployment(EXAMPLE_URL, "1.2.3", managed=MANAGED)
CHROMIUMS = [Browser.CHROME, Browser.CHROMIUM, Browser.EDGE]
MANIFEST = json.loads((EXTENSION / "manifest.json").read_text("utf-8"))


def unquoted(text: str) -> str:
    assert text[0] == text[-1] == '"'
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def registry(made: Sample) -> dict[str, dict[str, str]]:
    """Read a registry file: key → value name → raw value."""
    text = made.content.decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n")
    keys: dict[str, dict[str, str]] = {}
    for line in text.split("\r\n")[1:]:
        if line.startswith("["):
            keys[line[1:-1].removeprefix("HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\")] = {}
        elif line:
            name, value = re.fullmatch(r'("(?:[^"\\]|\\.)*")=(.*)', line).groups()  # type: ignore[union-attr]
            keys[list(keys)[-1]][unquoted(name)] = value
    return keys


def chromium_settings(policy: object) -> None:
    assert isinstance(policy, dict)
    assert policy.keys() == {WANTED.extension_id}
    told = policy[WANTED.extension_id]
    assert told["installation_mode"] == "force_installed"
    assert told["update_url"] == EXAMPLE_URL + "updates.xml"
    assert told["override_update_url"] is True


def firefox_settings(policy: object) -> None:
    assert isinstance(policy, dict)
    assert policy[ADDONS[0]]["installation_mode"] == "force_installed"
    assert policy[ADDONS[0]]["install_url"] == EXAMPLE_URL + "gleanwatch-1.2.3.xpi"


@pytest.mark.parametrize("browser", CHROMIUMS)
def test_chromium_on_linux(browser: Browser) -> None:
    made = sample(browser, System.LINUX, WANTED)
    place = {"chrome": "/etc/opt/chrome", "chromium": "/etc/chromium", "edge": "/etc/opt/edge"}[browser]
    assert made.path == f"{place}/policies/managed/gleanwatch.json"
    policy = json.loads(made.content)
    chromium_settings(policy["ExtensionSettings"])
    assert policy["NativeMessagingAllowlist"] == [HOST_NAME]
    assert policy["3rdparty"] == {"extensions": {WANTED.extension_id: MANAGED}}


@pytest.mark.parametrize("browser", CHROMIUMS)
def test_chromium_on_macos(browser: Browser) -> None:
    bundle = {"chrome": "com.google.Chrome", "chromium": "org.chromium.Chromium", "edge": "com.microsoft.Edge"}[browser]
    whole = plistlib.loads(sample(browser, System.MACOS, WANTED).content)
    settings, managed = whole["PayloadContent"]
    assert whole["PayloadType"] == "Configuration"
    assert settings["PayloadType"] == bundle
    chromium_settings(settings["ExtensionSettings"])
    assert settings["NativeMessagingAllowlist"] == [HOST_NAME]
    assert managed["PayloadType"] == f"{bundle}.extensions.{WANTED.extension_id}"
    assert {key: managed[key] for key in MANAGED} == MANAGED


@pytest.mark.parametrize("browser", CHROMIUMS)
def test_chromium_on_windows(browser: Browser) -> None:
    root = {"chrome": r"Google\Chrome", "chromium": "Chromium", "edge": r"Microsoft\Edge"}[browser]
    keys = registry(sample(browser, System.WINDOWS, WANTED))
    chromium_settings(json.loads(unquoted(keys[root]["ExtensionSettings"])))
    assert unquoted(keys[rf"{root}\NativeMessagingAllowlist"]["1"]) == HOST_NAME
    managed = keys[rf"{root}\3rdparty\extensions\{WANTED.extension_id}\policy"]
    assert unquoted(managed["organisation"]) == MANAGED["organisation"]
    assert managed["flag"] == "dword:00000001"
    names = keys[rf"{root}\3rdparty\extensions\{WANTED.extension_id}\policy\names"]
    assert [unquoted(value) for value in names.values()] == ["a", "b"]


def test_firefox_on_every_system() -> None:
    linux = json.loads(sample(Browser.FIREFOX, System.LINUX, WANTED).content)["policies"]
    firefox_settings(linux["ExtensionSettings"])
    assert linux["3rdparty"] == {"Extensions": {ADDONS[0]: MANAGED}}

    (mac,) = plistlib.loads(sample(Browser.FIREFOX, System.MACOS, WANTED).content)["PayloadContent"]
    assert mac["PayloadType"] == "org.mozilla.firefox"
    assert mac["EnterprisePoliciesEnabled"] is True
    firefox_settings(mac["ExtensionSettings"])
    assert mac["3rdparty"] == linux["3rdparty"]

    keys = registry(sample(Browser.FIREFOX, System.WINDOWS, WANTED))
    firefox_settings(json.loads(unquoted(keys[r"Mozilla\Firefox"]["ExtensionSettings"])))
    managed = keys[rf"Mozilla\Firefox\3rdparty\Extensions\{ADDONS[0]}"]
    assert unquoted(managed["contact"]) == MANAGED["contact"]


def test_profiles_keep_their_identity_and_no_two_share_one() -> None:
    seen: list[str] = []
    for browser in Browser:
        once, again = (plistlib.loads(sample(browser, System.MACOS, WANTED).content) for _ in range(2))
        assert once == again
        seen += [payload["PayloadUUID"] for payload in (once, *once["PayloadContent"])]
    assert len(seen) == len(set(seen))


def test_ids_are_the_extensions_own_unless_another_is_named() -> None:
    assert f"chrome-extension://{WANTED.extension_id}/" == ORIGINS[0]
    assert WANTED.addon_id == MANIFEST["browser_specific_settings"]["gecko"]["id"]
    other = deployment(EXAMPLE_URL, "1", extension_id="b" * 32)
    assert "b" * 32 in sample(Browser.CHROME, System.LINUX, other).text


def test_a_policy_sends_nobody_to_an_address_that_others_could_change() -> None:
    with pytest.raises(PackagingError):
        deployment("http://software.example.org/", "1")


def test_the_example_uses_only_values_that_the_extension_reads() -> None:
    """No managed value can state an act: there is none to set."""
    from agent.packaging.policies import EXAMPLE_MANAGED

    schema = json.loads((EXTENSION / MANIFEST["storage"]["managed_schema"]).read_text("utf-8"))
    assert EXAMPLE_MANAGED.keys() <= schema["properties"].keys()
    for name, value in EXAMPLE_MANAGED.items():
        assert schema["properties"][name]["type"] == {str: "string", bool: "boolean", int: "integer"}[type(value)]


SCHEMA = b'{"properties": {"organisation": {"type": "string"}, "welcome": {"type": "boolean"}}}'


def test_typed_values_have_the_types_of_the_schema() -> None:
    typed = ["organisation=A = B", "welcome=false"]
    assert managed_values(typed, SCHEMA) == {"organisation": "A = B", "welcome": False}


@pytest.mark.parametrize("pair", ["acknowledged=true", "welcome=no", "organisation"])
def test_a_value_that_the_extension_does_not_read_is_refused(pair: str) -> None:
    with pytest.raises(PackagingError, match=pair.partition("=")[0]):
        managed_values([pair], SCHEMA)


def test_the_page_has_every_managed_value_and_no_other() -> None:
    schema = json.loads((EXTENSION / MANIFEST["storage"]["managed_schema"]).read_text("utf-8"))
    text = (CHECKOUT / "docs" / "deploy.md").read_text("utf-8").partition("## What the extension may be told")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    types = {"string": "text", "boolean": "true or false"}
    assert rows == {name: types[about["type"]] for name, about in schema["properties"].items()}


def test_the_version_that_a_policy_names_is_the_extensions() -> None:
    assert MANIFEST["version"] == __version__


def test_the_page_has_exactly_the_samples_that_the_code_gives() -> None:
    text = (CHECKOUT / "docs" / "deploy.md").read_text("utf-8")
    assert page.filled(text) == text, "run: python -m agent.packaging.page --write"
    shown = set(re.findall(r"<!-- sample: (\w+) (\w+) -->", text))
    assert shown == {(browser.value, system.value) for browser in Browser for system in System}


def test_a_sample_is_put_in_its_place_whatever_stood_there() -> None:
    mark = "<!-- sample: chrome linux -->\n"
    fresh = page.filled(f"before\n{mark}after\n")
    assert fresh == page.filled(fresh)
    stale = page.filled(f"before\n{mark}\n```json\nold\n```\nafter\n")
    assert stale == fresh
    assert "old" not in stale
    with pytest.raises(ValueError, match="netscape"):
        page.filled("<!-- sample: netscape linux -->\n")


def test_a_deployment_needs_no_managed_values() -> None:
    bare = Deployment("https://a.example/updates.xml", "https://a.example/a.xpi")
    for browser in Browser:
        for system in System:
            assert sample(browser, system, bare).content


def test_no_sample_names_a_place_of_this_machine() -> None:
    for browser in Browser:
        for system in System:
            assert str(Path.home()) not in sample(browser, system, WANTED).text
