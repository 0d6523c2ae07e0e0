"""Building everything that is handed out, into one folder. The only part of packaging that writes files.

    folder → contents → gleanwatch-V.zip                        for the Chrome Web Store and Edge Add-ons, as it stands
                      → gleanwatch-V.xpi                        for Mozilla to sign
             + address → updates.json, the .xpi's own address   Firefox asks there for updates
             + key     → gleanwatch-V.crx (+ address: updates.xml) for Chromium's family, self-hosted

Every file is written whole or not at all. What was not built, and why, is said in `notes`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.packaging import crx
from agent.packaging.archive import archive
from agent.packaging.contents import MANIFEST, Contents, PackagingError, read_contents
from agent.packaging.updates import base_url, chromium_updates, firefox_updates
from native_host.own_files import write_whole

CHROMIUM_UPDATES: Final = "updates.xml"
FIREFOX_UPDATES: Final = "updates.json"


@dataclass(frozen=True, slots=True)
class Built:
    """What was built.

    Attributes:
        version: Of the extension.
        extension_id: Id that Chromium's family gives to the unpacked folder.
        signed_id: Id of the .crx; empty where none was built.
        addon_id: Firefox's id.
        files: File name → lower-case hex SHA-256.
        left_out: Files of the folder that nothing names, which were not packed.
        notes: What a person has to know, whole sentences.
    """

    version: str
    extension_id: str
    signed_id: str
    addon_id: str
    files: Mapping[str, str]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def render(contents: Contents, *, url: str = "", key_pem: bytes = b"") -> tuple[Built, dict[str, bytes]]:
    """Return what is built, as a report and as bytes by file name.

    Args:
        contents: The extension.
        url: Address below which an organisation serves it; empty for none.
        key_pem: The RSA key that signs a .crx, PEM; empty for none.

    Raises:
        PackagingError: Address or key cannot be used.
    """
    manifest = contents.manifest
    version = str(manifest["version"])
    gecko = manifest["browser_specific_settings"]["gecko"]
    address = base_url(url) if url else ""
    name = f"gleanwatch-{version}"
    files = {f"{name}.zip": archive(contents.files)}
    notes = ["The .xpi is not signed: release Firefox installs only what Mozilla has signed."]
    xpi = contents.files
    if address.startswith("https:"):  # Firefox refuses to install a package that is updated over anything else
        xpi = _with(contents, _firefox_address(manifest, address + FIREFOX_UPDATES))
    files[f"{name}.xpi"] = archive(xpi)
    if address:
        # The file that is served is the signed one, whose hash only Mozilla's answer tells: it is put in by --signed.
        files[FIREFOX_UPDATES] = firefox_updates(
            gecko["id"], version, f"{address}{name}.xpi", gecko["strict_min_version"], _sha256(files[f"{name}.xpi"])
        )
        notes.append(
            "updates.json has the hash of the .xpi as built here. When Mozilla has signed it, put the signed file in "
            "its place and run `gleanwatch browser package` with --signed FILE: that writes the hash anew."
        )
    signed_id = ""
    if key_pem:
        key = crx.read_key(key_pem)
        public = crx.public_key(key)
        signed_id = crx.extension_id(public)
        ours = {**manifest, "key": base64.b64encode(public).decode()}
        if address:
            ours["update_url"] = address + CHROMIUM_UPDATES
            files[CHROMIUM_UPDATES] = chromium_updates(
                signed_id, version, f"{address}{name}.crx", manifest["minimum_chrome_version"]
            )
        files[f"{name}.crx"] = crx.sign(archive(_with(contents, ours)), key)
        if signed_id != _own_id(manifest):
            notes.append(
                f"The .crx has the id of your key, {signed_id}: the relay answers it only after `gleanwatch browser "
                f"install --extension-id {signed_id}` on each laptop, or for all its people with --system."
            )
    else:
        notes.append("No .crx was built, and no updates.xml: that takes a signing key of yours (--key FILE).")
    if not address:
        notes.append("No update manifests were built: they need the address where you serve the files (--base-url).")
    hashes = {file: _sha256(files[file]) for file in sorted(files)}
    return Built(version, _own_id(manifest), signed_id, gecko["id"], hashes, contents.left_out, tuple(notes)), files


def build(source: Path, out: Path, *, url: str = "", key: Path | None = None, signed: Path | None = None) -> Built:
    """Build into a folder, which is made where it is missing; what an earlier version left there stays.

    Args:
        source: The extension's folder.
        out: Where the files go.
        url: As `render`.
        key: File with the signing key.
        signed: The .xpi as Mozilla signed it: it takes the place of the unsigned one, and its hash goes into
            updates.json.

    Raises:
        PackagingError: Something cannot be used, read or written.
    """
    try:
        built, files = render(read_contents(source), url=url, key_pem=key.read_bytes() if key else b"")
        if signed is not None:
            built, files = _with_signed(built, files, signed.read_bytes(), url)
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(out / name, content, 0o644)
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        raise PackagingError(
            f"{problem.strerror or type(problem).__name__}{where}. Nothing half-written is left; put that right, then "
            "try again."
        ) from None
    return built


def _with_signed(built: Built, files: dict[str, bytes], xpi: bytes, url: str) -> tuple[Built, dict[str, bytes]]:
    """Put the signed .xpi in the unsigned one's place."""
    _check_signed(built, xpi)
    name = f"gleanwatch-{built.version}.xpi"
    files = {**files, name: xpi}
    if url:
        update = json.loads(files[FIREFOX_UPDATES])
        update["addons"][built.addon_id]["updates"][0]["update_hash"] = f"sha256:{_sha256(xpi)}"
        files[FIREFOX_UPDATES] = (json.dumps(update, indent=2) + "\n").encode()
    notes = tuple(note for note in built.notes if ".xpi" not in note)
    hashes = {file: _sha256(files[file]) for file in sorted(files)}
    return (
        Built(built.version, built.extension_id, built.signed_id, built.addon_id, hashes, built.left_out, notes),
        files,
    )


def _check_signed(built: Built, xpi: bytes) -> None:
    """Refuse what is not this very extension with a signature in it; whether it holds is for Firefox to say.

    Raises:
        PackagingError: It is another version, another add-on, not signed, or no package at all.
    """
    give = "Give the file that Mozilla's site offers for download once it has signed this version."
    try:
        with zipfile.ZipFile(io.BytesIO(xpi)) as packed:
            names = [name.upper() for name in packed.namelist()]
            manifest = json.loads(packed.read(MANIFEST))
        version, addon = manifest["version"], manifest["browser_specific_settings"]["gecko"]["id"]
    # A damaged package fails in many ways: zlib's, of a wrong check sum, of a method or a cipher that is not there.
    except (zipfile.BadZipFile, zlib.error, ValueError, LookupError, TypeError, EOFError, RuntimeError, OSError):
        raise PackagingError(f"The signed file is no .xpi that can be read. {give}") from None
    if (version, addon) != (built.version, built.addon_id):
        raise PackagingError(
            f"The signed file is not this extension: it must have the id {built.addon_id} and the version "
            f"{built.version}. {give}"
        )
    if not any(name.startswith("META-INF/") and name.endswith((".RSA", ".SIG")) for name in names):
        raise PackagingError(f"The signed file has no signature in it. {give}")


def _firefox_address(manifest: Mapping[str, Any], update_url: str) -> dict[str, Any]:
    settings = manifest["browser_specific_settings"]
    return {
        **manifest,
        "browser_specific_settings": {**settings, "gecko": {**settings["gecko"], "update_url": update_url}},
    }


def _with(contents: Contents, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    return {**contents.files, MANIFEST: text.encode()}


def _own_id(manifest: Mapping[str, Any]) -> str:
    return crx.extension_id(base64.b64decode(manifest["key"]))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
