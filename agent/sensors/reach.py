"""Do an extension's permissions let it read pages? One question on lists of permissions and match patterns.

Match patterns are `<scheme>://<host><path>` or `<all_urls>` (MDN, «Match patterns in extension manifests»). A pattern
counts where it covers every site, or a site that is watched. What an extension may only ask for later, at run time,
does not count until it was granted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_PATTERN = re.compile(r"(?:\*|https?|wss?)://([^/]*)/", re.IGNORECASE)


def reads_pages(
    permissions: Collection[str], patterns: Iterable[str], domains: Collection[str], *, scripts_by_click: bool
) -> bool:
    """Return whether an extension can read pages of watched sites.

    Args:
        permissions: Names of permissions; match patterns among them (manifest version 2) count as patterns.
        patterns: Match patterns of hosts and content scripts.
        domains: Registrable domains that are watched.
        scripts_by_click: Whether `activeTab` alone is enough to run a script in the page that is open
            (manifest version 2), or needs `scripting` beside it (version 3).
    """
    if "debugger" in permissions or "pageCapture" in permissions:
        return True
    if "activeTab" in permissions and (scripts_by_click or "scripting" in permissions):
        return True
    return any(_covers(pattern, domains) for pattern in (*permissions, *patterns))


def _covers(pattern: str, domains: Collection[str]) -> bool:
    if pattern == "<all_urls>":
        return True
    found = _PATTERN.match(f"{pattern}/")
    if found is None:
        return False
    host = found[1].lower().partition(":")[0]
    if host == "*":
        return True
    suffix = host.removeprefix("*.")
    wide = host.startswith("*.") and "." not in suffix  # `*.com`
    return any(
        suffix == domain or suffix.endswith(f".{domain}") or (wide and domain.endswith(f".{suffix}"))
        for domain in domains
    )
