"""The two small files that tell browsers of a self-hosted extension which version there is and where.

    version + address (+ hash) → updates.xml for Chromium's family, updates.json for Firefox

Sources: Chromium's «Self-host for Linux» and «Update manifest» (Omaha's gupdate, protocol 2.0); Mozilla's «Updating
your extension» (`update_hash`, `strict_min_version`).
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from agent.packaging.contents import PackagingError


def base_url(text: str) -> str:
    """Return the address below which everything is served, with a closing `/`.

    Raises:
        PackagingError: It is no https address (http only on this machine), or has a query, a fragment or a user.
    """
    try:
        url = urlsplit(text)
        _ = url.port  # looked at only when it is asked for
    except ValueError:
        raise PackagingError(
            "The address for updates cannot be read: its host or its port is wrong. One that can: "
            "https://software.example.org:8443/gleanwatch/"
        ) from None
    local = url.hostname in ("127.0.0.1", "localhost", "::1")
    plain = not (url.query or url.fragment or url.username or url.password)
    if url.scheme not in ("https", "http") or (url.scheme == "http" and not local) or not url.hostname or not plain:
        raise PackagingError(
            "The address for updates must be https, without a user name, query or fragment, such as "
            "https://software.example.org/gleanwatch/: whoever can change what is fetched there runs in the browser."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", text) or '"' in text or ";" in text:
        raise PackagingError("The address for updates must be plain ASCII without spaces, quotes or semicolons.")
    return text.rstrip("/") + "/"


def chromium_updates(extension_id: str, version: str, url: str, minimum: str) -> bytes:
    """Return updates.xml.

    Args:
        extension_id: Of the signed package.
        version: Of the extension.
        url: Where the .crx lies.
        minimum: The oldest browser it works in.
    """
    check = (
        f"<updatecheck codebase={quoteattr(url)} version={quoteattr(version)} prodversionmin={quoteattr(minimum)} />"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gupdate xmlns="http://www.google.com/update2/response" protocol="2.0">\n'
        f"  <app appid={quoteattr(extension_id)}>\n    {check}\n  </app>\n</gupdate>\n"
    ).encode()


def firefox_updates(addon_id: str, version: str, url: str, minimum: str, sha256: str = "") -> bytes:
    """Return updates.json.

    Args:
        addon_id: The add-on's id.
        version: Of the extension.
        url: Where the .xpi lies.
        minimum: The oldest Firefox it works in.
        sha256: Hex hash of the file that is served; empty leaves it out.
    """
    update: dict[str, object] = {"version": version, "update_link": url}
    if sha256:
        update["update_hash"] = f"sha256:{sha256}"
    update["applications"] = {"gecko": {"strict_min_version": minimum}}
    return (json.dumps({"addons": {addon_id: {"updates": [update]}}}, indent=2) + "\n").encode()
