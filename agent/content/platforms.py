"""Platforms: whose host is this, and what kind of page is that address.

`platforms.yaml` beside this file is the one source. `load_platforms` validates it and compiles its rules;
`python -m agent.content.platforms --write` turns the part that a browser needs into `extension/platforms.js`, a module
with data and nothing else. The rules mean the same in both languages (see the head of the YAML file), which
`tests/unit/content/test_platforms.py` proves by running the same addresses through both.

An address goes in, a platform key and a page class come out; nothing of the address is kept.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import yaml

_PRINTABLE = re.compile(r"[!-~]+")
_SLASHES = re.compile(r"/{2,}")
_LOCALE = re.compile(r"/[a-z]{2}([_-][a-z]{2})?(?=/|$)", re.IGNORECASE | re.ASCII)
# Constructs that mean different things in Python and JavaScript, or exist in only one of them.
_NOT_SHARED = re.compile(r"\(\?(?![!=:])|\\[^.\-/]|[*+?}]\+|[^ -~]")


class PlatformDataError(ValueError):
    """The shipped platform data is wrong; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a path becomes a page class.

    Attributes:
        page_class: The outcome.
        path: What the normalised path must match, from its beginning.
        needs_param: A query parameter that must be present, or None.
    """

    page_class: str
    path: re.Pattern[str]
    needs_param: str | None = None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One line of `tests`: this address must become this class (None: it is not a page load)."""

    host: str
    path: str
    page_class: str | None
    params: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform.

    Attributes:
        key: Its name on the wire, such as `linkedin`.
        name: What a person calls it.
        owner: The company behind it.
        optional: Whether the extension asks for it only when the person switches it on.
        domains: Registrable domains that are the platform itself.
        page_hosts: Hosts whose pages count as page loads.
        host_pattern: A pattern for further such hosts, or None.
        match_hosts: Hosts, possibly with a leading `*.`, that the manifest asks the browser for.
        asset_domains: Domains that deliver its files; never page loads.
        host_rules: Hosts that are one page class as a whole.
        locale_prefix: Whether a first path segment such as `/en` is dropped.
        rules: First match wins.
        tests: Addresses with their outcome.
    """

    key: str
    name: str
    owner: str
    optional: bool
    domains: tuple[str, ...]
    page_hosts: tuple[str, ...]
    host_pattern: re.Pattern[str] | None
    match_hosts: tuple[str, ...]
    asset_domains: tuple[str, ...]
    host_rules: dict[str, str]
    locale_prefix: bool
    rules: tuple[Rule, ...]
    tests: tuple[SelfTest, ...]

    def has_page_host(self, host: str) -> bool:
        """Whether pages of this (lower-case) host count."""
        return host in self.page_hosts or (self.host_pattern is not None and bool(self.host_pattern.match(host)))


@dataclass(frozen=True, slots=True)
class Platforms:
    """Every platform, ready to be asked.

    Attributes:
        all: In the order of the file.
        sendable_classes: Page classes that may be queued and sent.
        private_classes: Page classes that never leave the browser's memory.
    """

    all: tuple[Platform, ...]
    sendable_classes: frozenset[str]
    private_classes: frozenset[str]
    _by_key: dict[str, Platform] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {platform.key: platform for platform in self.all})

    @property
    def keys(self) -> frozenset[str]:
        """Every platform key."""
        return frozenset(self._by_key)

    def page_hosts(self, platform: str) -> tuple[str, ...]:
        """Hosts of one platform whose pages count. Raises KeyError for an unknown key."""
        return self._by_key[platform].page_hosts

    def name(self, platform: str) -> str:
        """What a person calls a platform; the key itself when it is unknown."""
        known = self._by_key.get(platform)
        return known.name if known else platform

    def platform_of_host(self, host: str, *, assets: bool = False) -> str | None:
        """Return whose host this is.

        Args:
            host: A host name; upper case and a trailing dot do no harm.
            assets: Whether hosts that only deliver files count too. Where two platforms share such a domain the first
                in the file is named.

        Returns:
            The platform's key, or None when it is nobody's.
        """
        suffixes = _suffixes(host.lower().rstrip("."))
        for platform in self.all:
            if not suffixes.isdisjoint(platform.domains):
                return platform.key
        if assets:
            for platform in self.all:
                if not suffixes.isdisjoint(platform.asset_domains):
                    return platform.key
        return None

    def classify(self, host: str, path: str, param_names: Collection[str] = ()) -> tuple[str, str] | None:
        """Reduce an address to a platform and a page class.

        Args:
            host: The host name, without a port.
            path: As `URL.pathname` gives it: percent-encoded, without query and fragment.
            param_names: Names of the query parameters that have a value. Values are neither needed nor looked at.

        Returns:
            `(platform key, page class)`, or None when this is not a page of a watched platform.
        """
        if not _PRINTABLE.fullmatch(path):
            return None
        host = host.lower()
        for platform in self.all:
            if platform.has_page_host(host):
                return platform.key, _page_class(platform, host, path, param_names)
        return None

    def match_patterns(self, *, optional: bool) -> list[str]:
        """What the manifest asks the browser for: https only, page hosts only."""
        chosen = (platform for platform in self.all if platform.optional is optional)
        return [f"https://{host}/*" for platform in chosen for host in platform.match_hosts]


def _suffixes(host: str) -> set[str]:
    parts = host.split(".")
    return {".".join(parts[start:]) for start in range(len(parts))}


def _page_class(platform: Platform, host: str, path: str, param_names: Collection[str]) -> str:
    if host in platform.host_rules:
        return platform.host_rules[host]
    path = normalise_path(path, locale_prefix=platform.locale_prefix)
    for rule in platform.rules:
        if (rule.needs_param is None or rule.needs_param in param_names) and rule.path.search(path):
            return rule.page_class
    return "other"


def normalise_path(path: str, *, locale_prefix: bool) -> str:
    """Drop doubled slashes, one trailing slash and, where asked, a first segment such as `/en` or `/pt-br`."""
    path = _SLASHES.sub("/", path)
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    if locale_prefix:
        path = _LOCALE.sub("", path, count=1) if _LOCALE.match(path) else path
    return path or "/"


class _RuleFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"page_class": "class"}):
    page_class: str
    path: str
    needs_param: str | None = None


class _PlatformFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    key: str
    name: str
    owner: str
    certainty: dict[str, str]
    domains: list[str]
    page_hosts: list[str]
    rules: list[_RuleFile]
    tests: list[list[str | None]]
    asset_domains: list[str] = []
    host_rules: dict[str, str] = {}
    host_pattern: str | None = None
    match_hosts: list[str] | None = None
    locale_prefix: bool = False
    optional: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    schema_version: int
    sendable_classes: list[str]
    private_classes: list[str]
    platforms: list[_PlatformFile]


def parse_platforms(text: str) -> Platforms:
    """Read and check platform data.

    Args:
        text: YAML, in the form that the head of `platforms.yaml` describes.

    Raises:
        PlatformDataError: The data is not well formed, a class is unknown, or a pattern would not mean the same in
            Python and JavaScript.
    """
    try:
        raw = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise PlatformDataError(f"platforms.yaml is not well formed: {error}") from None
    classes = frozenset(raw.sendable_classes) | frozenset(raw.private_classes)
    if frozenset(raw.sendable_classes) & frozenset(raw.private_classes):
        raise PlatformDataError("platforms.yaml: a page class is both sendable and private; decide for one")
    platforms = tuple(_platform(entry, classes) for entry in raw.platforms)
    if len({platform.key for platform in platforms}) != len(platforms):
        raise PlatformDataError("platforms.yaml: two platforms have the same key")
    return Platforms(platforms, frozenset(raw.sendable_classes), frozenset(raw.private_classes))


def _platform(entry: _PlatformFile, classes: frozenset[str]) -> Platform:
    used = {rule.page_class for rule in entry.rules} | set(entry.host_rules.values())
    if unknown := sorted(used - classes):
        raise PlatformDataError(f"platforms.yaml: {entry.key} names the unknown page class {unknown[0]!r}")
    if strangers := [host for host in entry.page_hosts if _suffixes(host).isdisjoint(entry.domains)]:
        raise PlatformDataError(f"platforms.yaml: {entry.key}: {strangers[0]} is under none of its domains")
    return Platform(
        key=entry.key,
        name=entry.name,
        owner=entry.owner,
        optional=entry.optional,
        domains=tuple(entry.domains),
        page_hosts=tuple(entry.page_hosts),
        host_pattern=_compile(entry.key, entry.host_pattern) if entry.host_pattern else None,
        match_hosts=tuple(entry.match_hosts or entry.page_hosts),
        asset_domains=tuple(entry.asset_domains),
        host_rules=dict(entry.host_rules),
        locale_prefix=entry.locale_prefix,
        rules=tuple(Rule(rule.page_class, _compile(entry.key, rule.path), rule.needs_param) for rule in entry.rules),
        tests=tuple(_self_test(entry.key, line) for line in entry.tests),
    )


def _compile(key: str, pattern: str) -> re.Pattern[str]:
    if found := _NOT_SHARED.search(pattern):
        raise PlatformDataError(
            f"platforms.yaml: {key}: {found.group()!r} in {pattern!r} does not mean the same in JavaScript"
        )
    try:
        return re.compile(pattern, re.IGNORECASE | re.ASCII)
    except re.error as error:
        raise PlatformDataError(f"platforms.yaml: {key}: {pattern!r} is not a regular expression: {error}") from None


def _self_test(key: str, line: list[str | None]) -> SelfTest:
    host, path, page_class, *params = line
    if host is None or path is None or None in params:
        raise PlatformDataError(f"platforms.yaml: {key}: a test line is [host, path, class or null, parameters …]")
    return SelfTest(host, path, page_class, frozenset(param for param in params if param))


@cache
def load_platforms() -> Platforms:
    """Return the platforms shipped with this release, read once.

    Raises:
        PlatformDataError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_platforms(files("agent.content").joinpath("platforms.yaml").read_text("utf-8"))


def as_javascript(platforms: Platforms) -> str:
    """Return `extension/platforms.js`: the part of the data that a browser needs, as an ES module."""
    entries: list[dict[str, Any]] = [
        {
            "key": platform.key,
            "name": platform.name,
            "optional": platform.optional,
            "page_hosts": list(platform.page_hosts),
            "host_pattern": platform.host_pattern.pattern if platform.host_pattern else None,
            "match_patterns": [f"https://{host}/*" for host in platform.match_hosts],
            "host_rules": platform.host_rules,
            "locale_prefix": platform.locale_prefix,
            "rules": [
                {"page_class": rule.page_class, "path": rule.path.pattern, "needs_param": rule.needs_param}
                for rule in platform.rules
            ],
        }
        for platform in platforms.all
    ]
    return (
        "// GENERATED from agent/content/platforms.yaml by `python -m agent.content.platforms --write`: edit that.\n"
        "// Data and nothing else: which hosts are watched, how a path becomes a page class. classify.js reads it.\n\n"
        "/** @type {readonly import('./classify.js').Platform[]} */\n"
        f"export const PLATFORMS = {json.dumps(entries, indent=2)};\n\n"
        "/** Page classes that may be queued and sent; others stay in memory. @type {ReadonlySet<string>} */\n"
        f"export const SENDABLE = new Set({json.dumps(sorted(platforms.sendable_classes))});\n"
    )


def main(arguments: list[str], target: Path) -> int:
    """Write the generated module, or say whether it is up to date.

    Args:
        arguments: `["--write"]`, or nothing to check only.
        target: Where the module lies.

    Returns:
        0 when the file is (now) right, 1 when it is out of date, 2 on misuse.
    """
    if arguments not in ([], ["--write"]):
        sys.stderr.write("usage: python -m agent.content.platforms [--write]\n")
        return 2
    text = as_javascript(load_platforms())
    if arguments:
        target.write_text(text, "utf-8")
        return 0
    if not target.is_file() or target.read_text("utf-8") != text:
        sys.stderr.write(f"{target.name} is out of date; run: python -m agent.content.platforms --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[2] / "extension" / "platforms.js"))
