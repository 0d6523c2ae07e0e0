"""Enterprise policies that hand the extension to a whole organisation: one definition, every browser and system.

    `Deployment` (ids, addresses, managed values) → what the browser is told → the file that its system reads

Three things are said in each: install the extension and keep it up to date (*force-install*), let it start the relay
(*native-messaging allow list*; Firefox has none and needs none), and what the extension shows of who is responsible
(*managed storage*). No policy can acknowledge a notice or consent for anybody: the extension has no such key.

Sources: Chrome Enterprise policy list («ExtensionSettings», «NativeMessagingAllowlist»), Chromium's «Linux quick
start», «Mac quick start» and «Configuring apps and extensions by policy»; Microsoft Edge's policy reference; Mozilla's
Firefox administrator reference. Linux was tried in Chromium and Firefox ESR; docs/deploy.md says what was not.
"""

from __future__ import annotations

import json
import plistlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from agent.packaging.build import CHROMIUM_UPDATES
from agent.packaging.contents import PackagingError
from agent.packaging.updates import base_url
from native_host.manifests import ADDONS, HOST_NAME, ORIGINS

EXAMPLE_URL: Final = "https://software.example.org/gleanwatch/"
EXAMPLE_MANAGED: Final[Mapping[str, str]] = {"organisation": "Example Ltd", "contact": "privacy@example.org"}
_NAMESPACE: Final = uuid.UUID("6f1c4f0e-4f1f-5d0e-9f39-6f3a1f6f2f11")  # ours, drawn once: profiles keep their identity


class Browser(StrEnum):
    """Which browser is told."""

    CHROME = "chrome"
    CHROMIUM = "chromium"
    EDGE = "edge"
    FIREFOX = "firefox"


class System(StrEnum):
    """On which system."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What an organisation decides.

    Attributes:
        updates: Where Chromium's family fetches updates.xml.
        xpi: Where Firefox fetches the signed .xpi.
        extension_id: Id of the .crx in Chromium's family.
        addon_id: Firefox's id.
        managed: Managed values for the extension, key → value.
    """

    updates: str
    xpi: str
    extension_id: str = ORIGINS[0].removeprefix("chrome-extension://").rstrip("/")
    addon_id: str = ADDONS[0]
    managed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One file for one browser on one system.

    Attributes:
        path: Where the file goes; on Windows and macOS how it is put in force.
        language: For the fence in a page: `json`, `xml` or `reg`.
        text: Its content.
    """

    path: str
    language: str
    text: str

    @property
    def content(self) -> bytes:
        """The file's bytes: the registry's files are UTF-16, since other forms lose everything beyond ASCII."""
        return self.text.replace("\n", "\r\n").encode("utf-16") if self.language == "reg" else self.text.encode()


def deployment(url: str, version: str, **more: Any) -> Deployment:
    """Return a deployment of everything that `make extension` built, served below one address.

    Args:
        url: The address.
        version: Of the extension.
        more: Further fields of `Deployment`.

    Raises:
        PackagingError: The address cannot be used.
    """
    base = base_url(url)
    return Deployment(f"{base}{CHROMIUM_UPDATES}", f"{base}gleanwatch-{version}.xpi", **more)


def managed_values(pairs: Sequence[str], schema: bytes) -> dict[str, str | bool]:
    """Return managed values as they were typed, held against the extension's schema.

    Args:
        pairs: `key=value` each; `true` and `false` where the schema has a boolean.
        schema: The extension's `managed_schema.json`.

    Raises:
        PackagingError: A pair is none, or names a key that there is not, or a value of another type.
    """
    known = {name: about["type"] for name, about in json.loads(schema)["properties"].items()}
    values: dict[str, str | bool] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            raise PackagingError(f"{pair!r}: write key=value, with one of the keys {', '.join(known)}.")
        if known[name] == "boolean":
            if value not in ("true", "false"):
                raise PackagingError(f"{pair!r}: {name} is either true or false.")
            values[name] = value == "true"
        else:
            values[name] = value
    return values


def chromium_policy(browser: Browser, wanted: Deployment) -> dict[str, Any]:
    """Return what a browser of Chromium's family is told, managed storage apart."""
    # Each has its own name for «always on the toolbar», so that nobody is watched by what cannot be seen.
    shown = {"toolbar_state": "force_shown"} if browser is Browser.EDGE else {"toolbar_pin": "force_pinned"}
    settings = {
        "installation_mode": "force_installed",
        "update_url": wanted.updates,
        "override_update_url": True,
        **shown,
    }
    return {"ExtensionSettings": {wanted.extension_id: settings}, "NativeMessagingAllowlist": [HOST_NAME]}


def firefox_policy(wanted: Deployment) -> dict[str, Any]:
    """Return what Firefox is told, managed storage with it."""
    settings = {"installation_mode": "force_installed", "install_url": wanted.xpi, "default_area": "navbar"}
    return {
        "ExtensionSettings": {wanted.addon_id: settings},
        "3rdparty": {"Extensions": {wanted.addon_id: dict(wanted.managed)}},
    }


def sample(browser: Browser, system: System, wanted: Deployment) -> Sample:
    """Return the file for one browser on one system."""
    firefox = browser is Browser.FIREFOX
    match system:
        case System.LINUX if firefox:
            return Sample("/etc/firefox/policies/policies.json", "json", _json({"policies": firefox_policy(wanted)}))
        case System.LINUX:
            told = {**chromium_policy(browser, wanted), **_third_party(wanted)}
            return Sample(f"{_LINUX[browser]}/policies/managed/gleanwatch.json", "json", _json(told))
        case System.MACOS:
            return Sample("a configuration profile: gleanwatch.mobileconfig", "xml", _profile(browser, wanted))
        case System.WINDOWS:
            return Sample("imported as administrator: gleanwatch.reg", "reg", _registry(browser, wanted))


_LINUX: Final = {Browser.CHROME: "/etc/opt/chrome", Browser.CHROMIUM: "/etc/chromium", Browser.EDGE: "/etc/opt/edge"}
_BUNDLE: Final = {
    Browser.CHROME: "com.google.Chrome",
    Browser.CHROMIUM: "org.chromium.Chromium",
    Browser.EDGE: "com.microsoft.Edge",
    Browser.FIREFOX: "org.mozilla.firefox",
}
_KEY: Final = {
    Browser.CHROME: r"Google\Chrome",
    Browser.CHROMIUM: "Chromium",
    Browser.EDGE: r"Microsoft\Edge",
    Browser.FIREFOX: r"Mozilla\Firefox",
}


def _third_party(wanted: Deployment) -> dict[str, Any]:
    return {"3rdparty": {"extensions": {wanted.extension_id: dict(wanted.managed)}}}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _profile(browser: Browser, wanted: Deployment) -> str:
    """Return an unsigned configuration profile for one browser."""
    bundle = _BUNDLE[browser]
    if browser is Browser.FIREFOX:
        payloads = {bundle: {"EnterprisePoliciesEnabled": True, **firefox_policy(wanted)}}
    else:
        payloads = {
            bundle: chromium_policy(browser, wanted),
            f"{bundle}.extensions.{wanted.extension_id}": dict(wanted.managed),
        }
    content = [{**_payload(kind), **values} for kind, values in payloads.items()]
    whole = {
        **_payload("Configuration", f"org.gleanwatch.{browser}"),
        "PayloadDisplayName": f"Gleanwatch for {browser.title()}",
        "PayloadScope": "System",
        "PayloadContent": content,
    }
    return plistlib.dumps(whole, sort_keys=False).decode()


def _payload(kind: str, identifier: str = "") -> dict[str, Any]:
    name = identifier or f"org.gleanwatch.{kind}"
    unique = str(uuid.uuid5(_NAMESPACE, name)).upper()
    return {"PayloadType": kind, "PayloadIdentifier": name, "PayloadUUID": unique, "PayloadVersion": 1}


def _registry(browser: Browser, wanted: Deployment) -> str:
    """Return a file for the registry editor: lists are numbered values of a key, dictionaries JSON in one value."""
    root = rf"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\{_KEY[browser]}"
    if browser is Browser.FIREFOX:
        policy = firefox_policy(wanted)
        managed = rf"{root}\3rdparty\Extensions\{wanted.addon_id}"
        keys = {root: {"ExtensionSettings": policy["ExtensionSettings"]}, managed: dict(wanted.managed)}
    else:
        policy = chromium_policy(browser, wanted)
        managed = rf"{root}\3rdparty\extensions\{wanted.extension_id}\policy"
        keys = {
            root: {"ExtensionSettings": policy["ExtensionSettings"]},
            rf"{root}\NativeMessagingAllowlist": _numbered(policy["NativeMessagingAllowlist"]),
            managed: {name: value for name, value in wanted.managed.items() if not isinstance(value, list)},
        }
        for name, value in wanted.managed.items():
            if isinstance(value, list):
                keys[rf"{managed}\{name}"] = _numbered(value)
    lines = ["Windows Registry Editor Version 5.00"]
    for key, values in keys.items():
        lines += ["", f"[{key}]", *(f"{_quoted(name)}={_value(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _numbered(values: list[Any]) -> dict[str, Any]:
    return {str(number): value for number, value in enumerate(values, 1)}


def _value(value: Any) -> str:
    if isinstance(value, bool | int):
        return f"dword:{int(value):08x}"
    return _quoted(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
