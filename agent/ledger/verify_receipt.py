#!/usr/bin/env python3
"""Check a Gleanwatch receipt without Gleanwatch. One file; needs Python 3.11 or later and the package `cryptography`.

    python verify_receipt.py RECEIPT.json [--key VKEY] [--witness VKEY]... [--entry-file]        («-» reads stdin)

A receipt shows that one entry stands in a log of which a signed summary exists. The log is a Merkle tree (RFC 6962);
the summary, a *checkpoint*, is three lines of text: the log's name, its number of entries, its root hash. The way
through this file: `check` reads the receipt and does, in this order,

    1. content    HMAC-SHA256(salt, payload) is the commitment that the entry carries
    2. inclusion  the entry's hash leads, with the proof's hashes, to the checkpoint's root
    3. signature  the checkpoint is signed by the log's key and names the log that the key is named after
    4. witnesses  every cosignature by a known witness is good, and when it was made
    5. notice     the notice text that lies in the receipt, if any, has the SHA-256 that the content names

and `main` says in words what came of it. Exit code 0: the receipt holds; 1: it does not; 2: nothing was checked.
It shares no code with the agent, on purpose: it is a second implementation of the same public specifications,
c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature and /tlog-proof, and the project's tests compare the two.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("This needs the Python package «cryptography». Install it, then run this again. Nothing was checked.")

MAX_RECEIPT = 1 << 20  # bytes
MAX_SIGNATURES = 100
NAME = r"[^\s+\x00-\x1f]+"  # of a key: no spaces of any alphabet, no plus sign, no control characters
# Signature types and the lengths of their public keys: Ed25519 over the text; cosignatures, which carry a time, by
# Ed25519 and by ML-DSA-44.
ED25519, COSIGNATURE, ML_DSA_44 = 0x01, 0x04, 0x06
LOG, WITNESS = {ED25519: 32}, {COSIGNATURE: 32, ML_DSA_44: 1312}


class Refused(Exception):
    """The receipt does not hold; the text says what is wrong and where."""


@dataclass(frozen=True)
class Key:
    """A verifier key: name, the four bytes that signatures carry, signature type, public key."""

    name: str
    id: bytes
    type: int
    public: bytes

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise `Refused` unless this key made the signature."""
        try:
            if self.type != ML_DSA_44:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            else:
                from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
        except ImportError:
            raise Refused(f"{self.name} signed by ML-DSA-44: only a newer «cryptography» can check that") from None
        except (InvalidSignature, ValueError):
            raise Refused(f"the signature by {self.name} (key id {self.id.hex()}) is wrong") from None


@dataclass(frozen=True)
class Found:
    """What a receipt that holds says; `cosigned` has each witness with its time in seconds since 1970."""

    entry: dict[str, Any]
    payload: dict[str, Any]
    index: int
    size: int
    hashes: int
    key: Key
    cosigned: dict[Key, int]
    notice: str | None


def check(data: bytes, key: str | None = None, witnesses: Sequence[str] = ()) -> Found:
    """Check a receipt, with keys of one's own if any are given, else with those that lie in it."""
    if len(data) > MAX_RECEIPT:
        raise Refused(f"the receipt is longer than {MAX_RECEIPT} bytes")
    receipt = read_object(data, "the receipt")
    if receipt.get("kind") != "gleanwatch-receipt" or receipt.get("v") != 1 or type(receipt["v"]) is not int:
        raise Refused("this is no Gleanwatch receipt of version 1")
    needed = {"v", "kind", "entry", "payload", "salt", "proof", "key", "witnesses"}
    if not needed <= receipt.keys() <= needed | {"notice"}:
        raise Refused("the receipt lacks a field of version 1, or has one that version 1 has not")
    texts = {name: value for name, value in receipt.items() if name not in ("v", "witnesses")}
    named, notice = receipt["witnesses"], receipt.get("notice")
    if not isinstance(named, list) or not all(isinstance(text, str) for text in (*texts.values(), *named)):
        raise Refused("a field of the receipt is not a text, or «witnesses» is not a list of texts")

    entry_bytes, payload_bytes = encoded(texts["entry"], "the entry"), encoded(texts["payload"], "the content")
    entry, payload = read_entry(entry_bytes), read_object(payload_bytes, "the content")
    salt = from_base64(texts["salt"], "the salt", 32)
    if entry["commitment"] != hmac.new(salt, payload_bytes, hashlib.sha256).hexdigest():
        raise Refused("the content is not the one that was entered: it does not fit the entry's commitment")

    log = read_key(texts["key"], LOG, "the log's key")
    if key is not None and read_key(key, LOG, "the key that you gave") != log:
        raise Refused(f"the receipt is signed by another key (id {log.id.hex()}) than the one that you gave")
    known = {read_key(text, WITNESS, "a witness's key"): None for text in (*witnesses, *named)}
    if any(witness.public == log.public for witness in known):
        raise Refused("the log's own key is named as its witness")

    index, path, note = read_proof(texts["proof"])
    text, signatures = read_note(note)
    origin, size, root = read_checkpoint(text)
    if origin != log.name:
        raise Refused(f"the checkpoint is of the log {origin}, the key of {log.name}")
    if index >= size:
        raise Refused(f"the checkpoint covers {size} entries; number {index}, counted from 0, is not among them")
    if root_from(hashlib.sha256(b"\x00" + entry_bytes).digest(), index, size, path) != root:
        raise Refused(f"the entry is not number {index} of the log: its hash does not lead to the checkpoint's root")

    signed, cosigned = False, dict[Key, int]()
    for name, key_id, signature in signatures:
        if (name, key_id) == (log.name, log.id):
            log.verify(signature, text.encode())
            signed = True
        for witness in known:
            if (name, key_id) == (witness.name, witness.id):
                seconds = int.from_bytes(signature[:8], "big")
                if seconds >= 1 << 63:
                    raise Refused(f"the cosignature by {name} states no time that can be")
                witness.verify(signature[8:], cosigned_message(witness, seconds, text))
                cosigned[witness] = max(seconds, cosigned.get(witness, 0))
    if not signed:
        raise Refused(f"the checkpoint is not signed by {log.name} (key id {log.id.hex()})")
    if notice is not None and payload.get("notice_sha256") != hashlib.sha256(encoded(notice, "the notice")).hexdigest():
        raise Refused("the notice in the receipt is not the one that the content names")
    return Found(entry, payload, index, size, len(path), log, cosigned, notice)


def cosigned_message(witness: Key, seconds: int, text: str) -> bytes:
    """Return what a witness signs (c2sp.org/tlog-cosignature)."""
    if witness.type == COSIGNATURE:
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    origin, size, root = read_checkpoint(text)
    names = [bytes([len(name.encode())]) + name.encode() for name in (witness.name, origin)]
    numbers = [number.to_bytes(8, "big") for number in (seconds, 0, size)]
    return b"subtree/v1\n\x00" + names[0] + numbers[0] + names[1] + numbers[1] + numbers[2] + root


def root_from(hashed: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Hash upwards from one leaf to the root of a tree of `size` leaves: RFC 6962 section 2.1.1, PATH(m, D[n])."""
    if size == 1:
        if path:
            raise Refused("the proof has too many hashes for a log of this size")
        return hashed
    if not path:
        raise Refused("the proof has too few hashes for a log of this size")
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below size: the leaves of the left half
    if index < left:
        return hashlib.sha256(b"\x01" + root_from(hashed, index, left, path[:-1]) + path[-1]).digest()
    return hashlib.sha256(b"\x01" + path[-1] + root_from(hashed, index - left, size - left, path[:-1])).digest()


def read_proof(text: str) -> tuple[int, list[bytes], str]:
    """Return index, hashes and checkpoint of a proof (c2sp.org/tlog-proof)."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 2 or not lines[1].startswith("index "):
        raise Refused("the proof does not begin with c2sp.org/tlog-proof@v1 and «index N»")
    path = [from_base64(line, f"hash {number} of the proof", 32) for number, line in enumerate(lines[2:], 1)]
    return read_number(lines[1][len("index ") :], "the proof's index"), path, note


def read_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text and its signatures: key name, key id, signature (c2sp.org/signed-note)."""
    body, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Refused("the checkpoint is not a text, an empty line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Refused(f"the checkpoint has more than {MAX_SIGNATURES} signatures")
    signatures = []
    for number, line in enumerate(lines, 1):
        where = f"signature line {number} of the checkpoint"
        found = re.fullmatch(rf"— ({NAME}) (\S+)", line)
        if not found:
            raise Refused(f"{where} is not «— name signature»")
        blob = from_base64(found[2], where)
        if len(blob) < 5:
            raise Refused(f"{where} is too short")
        signatures.append((found[1], blob[:4], blob[4:]))
    return body + "\n", signatures


def read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Return log name, number of entries and root of a checkpoint's text (c2sp.org/tlog-checkpoint)."""
    lines = text.split("\n")
    if len(lines) != 4 or not 0 < len(lines[0].encode()) <= 255:
        raise Refused("the checkpoint's text is not three lines: log, number of entries, root")
    return lines[0], read_number(lines[1], "the number of entries"), from_base64(lines[2], "the root", 32)


def read_key(text: str, types: dict[int, int], what: str) -> Key:
    """Return a verifier key, name+id+base64(type, public key), that is of one of these types and fits its own id."""
    name, _, rest = encoded(text, what).decode().partition("+")
    key_id, _, coded = rest.partition("+")
    material = from_base64(coded, what)
    if not re.fullmatch(NAME, name) or len(name.encode()) > 255:
        raise Refused(f"{what} has no name that a key can have")
    if len(material) < 2 or types.get(material[0]) != len(material) - 1:
        raise Refused(f"{what} is of another type of signature, or not a key")
    expected = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    if key_id != expected.hex():
        raise Refused(f"{what} does not fit its own id")
    return Key(name, expected, material[0], material[1:])


def read_number(text: str, what: str) -> int:
    """Return a decimal number without leading zeroes, below 2^63."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text) or int(text) >= 1 << 63:
        raise Refused(f"{what} is not a number")
    return int(text)


def from_base64(text: str, what: str, length: int | None = None) -> bytes:
    """Return the bytes of base64 text that is written in the one standard way."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(f"{what} is not base64") from None
    if base64.b64encode(value).decode() != text or length not in (None, len(value)):
        raise Refused(f"{what} is not base64 of the right form and length")
    return value


def encoded(text: str, what: str) -> bytes:
    """Return a text's UTF-8 bytes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{what} holds half a character") from None


def read_entry(data: bytes) -> dict[str, Any]:
    """Return an entry: canonical JSON (RFC 8785) with its four fields and perhaps facts."""
    entry = read_object(data, "the entry")
    fields = ("at", "commitment", "facts", "kind", "v") if "facts" in entry else ("at", "commitment", "kind", "v")
    if json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")) != data.decode():
        raise Refused("the entry is not in canonical form")
    if tuple(entry) != fields or type(entry["at"]) is not int or type(entry["v"]) is not int or entry["v"] != 1:
        raise Refused("the entry has not the form of an entry of version 1")
    if not isinstance(entry["kind"], str) or not 0 <= entry["at"] <= 1 << 53 or len(data) > 16_384:
        raise Refused("the entry's kind, time or length cannot be")
    if "facts" in entry and not (isinstance(entry["facts"], dict) and entry["facts"]):
        raise Refused("the entry's facts are not an object with something in it")
    return entry


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object in which no name stands twice, so that nobody can read it in two ways."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def never(_constant: str) -> Any:
        raise ValueError

    try:
        value = json.loads(data.decode(), object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON, or has a name twice") from None
    if not isinstance(value, dict):
        raise Refused(f"{what} is not a JSON object")
    return value


# What is said


ACTS = {
    "shown": "the notice was shown",
    "acknowledged": "«I have been shown this» (this is not an agreement)",
    "authorised": "authorised expressly, as local law asks",
    "objected": "«I have been shown this, and I object»",
    "given": "consent given",
    "refused": "consent refused",
    "withdrawn": "consent withdrawn",
    "expired": "a consent's time was over (recorded by the agent, by nobody)",
    "answered": "an answer about a finding",
    "disputed": "«that was not me», about an earlier entry",
}
STRENGTHS = {
    "page-link": "rests on a page session that only a program of this computer user could open",
    "terminal-typed": "rests on typing at a terminal of this computer user",
    "desktop-press": "rests on a press on a desktop notice of this computer user",
    "extension-press": "rests on a press in a browser's pop-up of this computer user",
    "none": "nobody acted: the clock, or a test instance itself",
}


def plain(value: object) -> str:
    """Return a value as one line without anything that could steer a terminal."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def moment(value: Any, per_second: int) -> str:
    """Say a time in UTC; 0 is what a cosignature states that states no time."""
    try:
        return f"{datetime.fromtimestamp(0, UTC) + timedelta(seconds=value / per_second):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, OverflowError):
        return plain(value)


def report(found: Found, own_key: bool, own_witnesses: Sequence[str]) -> str:
    """Say what was checked, what the receipt says, who signed, and what it does not prove."""
    entry, payload, key = found.entry, found.payload, found.key
    own = {read_key(text, WITNESS, "a witness's key") for text in own_witnesses}
    say = [
        "THE RECEIPT HOLDS.",
        "",
        "What was checked",
        "  - the content is the one that was entered: it fits the entry's commitment",
        f"  - the entry is number {found.index}, counted from 0, of {found.size} in the log, by {found.hashes} hashes",
        "  - the checkpoint over these entries is signed by the log's key, and is of that log",
        *(f"  - the cosignature by {plain(one.name)} is good" for one in found.cosigned),
        "  - the notice in the receipt is the one that the content names"
        if found.notice is not None
        else "  - no notice to check: its text is not in this receipt",
        "",
        "What it says",
        f"  {'entered':<14} {moment(entry['at'], 1000)} by this computer's clock, as {plain(entry['kind'])}",
    ]
    for name, value in payload.items():
        shown = moment(value, 1000) if name in ("at", "since", "until") else plain(value)
        meaning = {"kind": ACTS, "strength": STRENGTHS}.get(name, {}).get(str(value))
        say.append(f"  {plain(name):<14} {shown}" + (f": {meaning}" if meaning else ""))
    if found.notice is not None:
        say.append(f"  {'notice begins':<14} {plain(found.notice.strip().partition(chr(10))[0])}")
    say += ["", "Who signed", f"  log      {plain(key.name)}, key id {key.id.hex()}"]
    for one, seconds in found.cosigned.items():
        whose = "the key that you gave" if one in own else "its key came with the receipt"
        say.append(f"  witness  {plain(one.name)}, key id {one.id.hex()}, on {moment(seconds, 1)}; {whose}")
    say += ["", "What it does NOT prove"]
    if not own_key:
        say.append("  - whose log this is: the key came with the receipt. Get it by another way, pass it with --key")
    if not found.cosigned:
        say.append(
            "  - the time, and that the log was not put back: no witness has seen this log: a rollback would not"
        )
        say.append("    be seen")
    elif not own & found.cosigned.keys():
        say.append(
            "  - that anybody independent has seen it: employer-witnessed only, as far as this receipt shows. Pass"
        )
        say.append("    the key of a witness that the employer does not run with --witness")
    say.append("  - that this person acted: it shows when the record was made and that it is unchanged since")
    say.append("  - that nothing else happened: what was never entered is not missed by anybody")
    if payload.get("channel") == "self":
        say.append("  - anything about a person: a test or demonstration instance made this for itself")
    return "\n".join(say)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, check, say; return the exit code."""
    about = "Check a Gleanwatch receipt without Gleanwatch. Exit code 0: it holds; 1: it does not; 2: nothing checked."
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("receipt", metavar="RECEIPT", help="the receipt's file, or - for standard input")
    parser.add_argument("--key", metavar="VKEY", help="the log's key, as you got it by another way than the receipt")
    parser.add_argument(
        "--witness", metavar="VKEY", action="append", default=[], help="key of a witness that must have seen the log"
    )
    parser.add_argument(
        "--entry-file",
        action="store_true",
        help="also write RECEIPT.entry, RECEIPT.tlog-proof and RECEIPT.vkey, to be checked with other C2SP tools",
    )
    asked = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with sys.stdin.buffer if asked.receipt == "-" else Path(asked.receipt).open("rb") as file:
            data = file.read(MAX_RECEIPT + 1)
        found = check(data, asked.key, asked.witness)
        for text in asked.witness:
            if (one := read_key(text, WITNESS, "a witness's key")) not in found.cosigned:
                raise Refused(f"the witness {one.name} has not cosigned the checkpoint")
        print(report(found, asked.key is not None, asked.witness))
        if asked.entry_file:
            receipt = json.loads(data)
            for ending, field in ((".entry", "entry"), (".tlog-proof", "proof"), (".vkey", "key")):
                with Path(asked.receipt + ending).open("xb") as part:
                    part.write(receipt[field].encode())
    except Refused as problem:
        print(f"THE RECEIPT DOES NOT HOLD: {plain(str(problem))}.", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{problem.filename}: {problem.strerror}. Nothing more was done.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
