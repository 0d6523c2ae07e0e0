"""Writes our own test vectors for the ledger's formats: `python -m tests.conformance.ledger.generate`.

Made by the slow definitions of `reference.py` and by the cryptography library alone, from fixed seeds, so that they
say nothing that the ledger's own code told them, and so that writing them again gives the same bytes. Each case has a
`name` and `ok`: whether it must be accepted. Hashes and entries are hex, texts are plain.

    entries from a counter → trees, paths → faults put in → vectors/*.json
"""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conformance.ledger.reference import path, proof, tree_hash

FOLDER = Path(__file__).parent / "vectors"
SIZES = (1, 2, 3, 4, 5, 7, 8, 13, 16, 21)
ENTRIES = [f"entry {number}".encode() for number in range(max(SIZES))]
ORIGIN = "log.example/one"
WITNESS = "witness.example/w1"
SECONDS = 1_795_000_000
Case = dict[str, Any]


def base64(value: bytes) -> str:
    return b64encode(value).decode()


class Key:
    """An Ed25519 key with a name and a signature type, written and signed with as C2SP signed-note says."""

    def __init__(self, name: str, kind: int, seed: str) -> None:
        self.name = name
        self.key = Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())
        self.material = bytes([kind]) + self.key.public_key().public_bytes_raw()
        self.id = sha256(name.encode() + b"\n" + self.material).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64(self.material)}"

    def line(self, blob: bytes) -> str:
        return f"— {self.name} {base64(self.id + blob)}\n"

    def sign(self, text: str) -> str:
        return self.line(self.key.sign(text.encode()))

    def cosign(self, text: str, seconds: int) -> str:
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        return self.line(seconds.to_bytes(8, "big") + self.key.sign(message))


LOG = Key(ORIGIN, 1, "the log")
COSIGNER = Key(WITNESS, 4, "the witness")
STRANGER = Key("stranger.example", 4, "a stranger")


def checkpoint(size: int, origin: str = ORIGIN) -> str:
    return f"{origin}\n{size}\n{base64(tree_hash(ENTRIES[:size]))}\n"


def flipped(value: bytes, chance: random.Random) -> bytes:
    bit = chance.randrange(len(value) * 8)
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def roots() -> Iterator[Case]:
    for size in (0, *SIZES):
        entries = ENTRIES[:size]
        yield {"name": f"{size} entries", "entries": [each.hex() for each in entries], "root": tree_hash(entries).hex()}


def inclusion() -> Iterator[Case]:
    chance = random.Random("inclusion")
    for size in SIZES:
        for index in sorted({0, size // 2, size - 1}):
            good: Case = {
                "index": index,
                "size": size,
                "leaf": sha256(b"\x00" + ENTRIES[index]).hexdigest(),
                "path": [each.hex() for each in path(index, ENTRIES[:size])],
                "root": tree_hash(ENTRIES[:size]).hex(),
            }
            name = f"entry {index} of {size}"
            yield {"name": name, **good, "ok": True}
            yield {"name": f"{name}: one more hash", **good, "path": [*good["path"], "00" * 32], "ok": False}
            yield {"name": f"{name}: twice the size", **good, "size": 2 * size + 1, "ok": False}
            yield {"name": f"{name}: index beyond the tree", **good, "index": size, "ok": False}
            yield {"name": f"{name}: a bit of the root", **good, "root": bit_off(good["root"], chance), "ok": False}
            yield {"name": f"{name}: a bit of the leaf", **good, "leaf": bit_off(good["leaf"], chance), "ok": False}
            if size > 1:
                yield {"name": f"{name}: another index", **good, "index": (index + 1) % size, "ok": False}
            yield from broken_paths(name, good, chance)


def consistency() -> Iterator[Case]:
    chance = random.Random("consistency")
    for new in SIZES:
        for old in sorted({1, (new + 1) // 2, max(1, new - 1), new}):
            good: Case = {
                "old": old,
                "new": new,
                "path": [each.hex() for each in proof(old, ENTRIES[:new])],
                "old_root": tree_hash(ENTRIES[:old]).hex(),
                "new_root": tree_hash(ENTRIES[:new]).hex(),
            }
            name = f"{old} to {new}"
            yield {"name": name, **good, "ok": True}
            yield {"name": f"{name}: one more hash", **good, "path": [*good["path"], "00" * 32], "ok": False}
            yield {"name": f"{name}: backwards", **good, "old": new + 1, "ok": False}
            for root in ("old_root", "new_root"):
                yield {"name": f"{name}: a bit of {root}", **good, root: bit_off(good[root], chance), "ok": False}
            yield from broken_paths(name, good, chance)
    empty = tree_hash([]).hex()
    nothing: Case = {"old": 0, "new": 0, "path": [], "old_root": empty, "new_root": empty}
    yield {"name": "0 to 0", **nothing, "ok": True}
    yield {"name": "0 to 0: another root", **nothing, "old_root": "00" * 32, "new_root": "00" * 32, "ok": False}
    yield {"name": "0 to 1", **nothing, "new": 1, "new_root": tree_hash(ENTRIES[:1]).hex(), "ok": False}


def broken_paths(name: str, good: Case, chance: random.Random) -> Iterator[Case]:
    hashes: Sequence[str] = good["path"]
    for place, each in enumerate(hashes):
        bad = [*hashes[:place], bit_off(each, chance), *hashes[place + 1 :]]
        yield {"name": f"{name}: a bit of hash {place}", **good, "path": bad, "ok": False}
    if hashes:
        yield {"name": f"{name}: last hash missing", **good, "path": hashes[:-1], "ok": False}
        yield {"name": f"{name}: a short hash", **good, "path": [*hashes[:-1], hashes[-1][:-2]], "ok": False}


def bit_off(hexadecimal: str, chance: random.Random) -> str:
    return flipped(bytes.fromhex(hexadecimal), chance).hex()


def checkpoints() -> Iterator[Case]:
    text = checkpoint(5)
    line = LOG.sign(text)

    def case(name: str, note: str, ok: bool) -> Case:
        return {"name": name, "note": note, "key": LOG.vkey, "ok": ok}

    for size in (0, *SIZES):
        yield case(f"{size} entries", checkpoint(size) + "\n" + LOG.sign(checkpoint(size)), True)
    yield case("a signature of a stranger besides", f"{text}\n{STRANGER.cosign(text, SECONDS)}{line}", True)
    extended = text + "a line more\n"
    yield case("an extension line", f"{extended}\n{LOG.sign(extended)}", True)
    yield case("signed by a stranger only", f"{text}\n{STRANGER.sign(text)}", False)
    yield case("no signature", text, False)
    yield case("no signature line", text + "\n", False)
    yield case("a signature of another size", f"{checkpoint(4)}\n{line}", False)
    yield case("signature line without end", f"{text}\n{line[:-1]}", False)
    yield case("signature line with a hyphen", f"{text}\n{line.replace('—', '-')}", False)
    yield case("signature that is not base64", f"{text}\n{line[:-6]}!!!!!\n", False)
    yield case("signature cut short", f"{text}\n{LOG.line(LOG.key.sign(text.encode())[:-1])}", False)
    yield case("carriage returns", f"{text}\n{line}".replace("\n", "\r\n"), False)
    for name, bad in {
        "size with a leading zero": text.replace("\n5\n", "\n05\n"),
        "size with a sign": text.replace("\n5\n", "\n+5\n"),
        "size of 20 digits": text.replace("\n5\n", f"\n{10**19}\n"),
        "size not a number": text.replace("\n5\n", "\nfive\n"),
        "root of 31 bytes": f"{ORIGIN}\n5\n{base64(bytes(31))}\n",
        "root without padding": text.replace("=\n", "\n"),
        "two lines": f"{ORIGIN}\n5\n",
        "empty origin": "\n" + text.partition("\n")[2],
        "empty extension line": text + "\nmore\n",
    }.items():
        yield case(f"well signed, {name}", f"{bad}\n{LOG.sign(bad)}", False)


def cosignatures() -> Iterator[Case]:
    text = checkpoint(5)
    by_log = LOG.sign(text)

    def case(name: str, line: str, ok: bool, seconds: int | None = None) -> Case:
        return {"name": name, "note": f"{text}\n{by_log}{line}", "key": COSIGNER.vkey, "ok": ok, "seconds": seconds}

    good = COSIGNER.cosign(text, SECONDS)
    yield case("one", good, True, SECONDS)
    yield case("after a stranger's", STRANGER.cosign(text, SECONDS + 9) + good, True, SECONDS)
    yield case("twice, the later counts", COSIGNER.cosign(text, SECONDS + 60) + good, True, SECONDS + 60)
    yield case("by a stranger only", STRANGER.cosign(text, SECONDS), False)
    yield case("none", "", False)
    yield case("of another size", COSIGNER.cosign(checkpoint(4), SECONDS), False)
    yield case("signed like a log", COSIGNER.sign(text), False)
    later = (SECONDS + 1).to_bytes(8, "big") + COSIGNER.key.sign(f"cosignature/v1\ntime {SECONDS}\n{text}".encode())
    yield case("with another time", COSIGNER.line(later), False)
    yield case("with a time beyond 2**63 - 1", COSIGNER.cosign(text, 2**63), False)
    yield case("cut short", COSIGNER.line(later[:-1]), False)


def proofs() -> Iterator[Case]:
    def case(name: str, text: str, ok: bool, entry: bytes, **more: object) -> Case:
        keys = {"key": LOG.vkey, "witness": COSIGNER.vkey}
        return {"name": name, "proof": text, "entry": entry.hex(), **keys, "ok": ok, "witnesses": [], **more}

    def written(index: int, hashes: Sequence[bytes], note: str, extra: str = "") -> str:
        lines = "".join(base64(each) + "\n" for each in hashes)
        return f"c2sp.org/tlog-proof@v1\n{extra}index {index}\n{lines}\n{note}"

    chance = random.Random("proofs")
    for size in SIZES:
        text = checkpoint(size)
        note = f"{text}\n{LOG.sign(text)}"
        for index in sorted({0, size // 2, size - 1}):
            hashes, entry = path(index, ENTRIES[:size]), ENTRIES[index]
            name = f"entry {index} of {size}"
            yield case(name, written(index, hashes, note), True, entry)
            yield case(f"{name}: another entry", written(index, hashes, note), False, entry + b"!")
            if hashes:
                bad = [*hashes[:-1], flipped(hashes[-1], chance)]
                yield case(f"{name}: a bit of the path", written(index, bad, note), False, entry)
    text = checkpoint(13)
    note = f"{text}\n{LOG.sign(text)}"
    hashes, entry = path(6, ENTRIES[:13]), ENTRIES[6]
    cosigned = note + COSIGNER.cosign(text, SECONDS)
    yield case("with a cosignature", written(6, hashes, cosigned), True, entry, witnesses=[WITNESS])
    yield case("with a stranger's cosignature", written(6, hashes, note + STRANGER.cosign(text, SECONDS)), True, entry)
    wrong = note + COSIGNER.cosign(checkpoint(12), SECONDS)
    yield case("with a wrong cosignature", written(6, hashes, wrong), False, entry)
    yield case(
        "with extra data", written(6, hashes, note, f"extra {base64(b'anything')}\n"), True, entry, extra="anything"
    )
    yield case("extra data not base64", written(6, hashes, note, "extra !\n"), False, entry)
    yield case("index with a leading zero", written(6, hashes, note).replace("index 6", "index 06"), False, entry)
    yield case("without an index", written(6, hashes, note).replace("index 6\n", ""), False, entry)
    yield case("of another version", written(6, hashes, note).replace("@v1", "@v2"), False, entry)
    yield case("64 hashes", written(6, [bytes(32)] * 64, note), False, entry)
    yield case("a path of another size", written(6, path(6, ENTRIES[:21]), note), False, entry)
    yield case("no checkpoint", written(6, hashes, ""), False, entry)
    other = checkpoint(13, "log.example/two")
    yield case("another origin", written(6, hashes, f"{other}\n{LOG.sign(other)}"), False, entry)


def files() -> dict[str, bytes]:
    """Name of each file → its bytes."""
    kinds = {
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
        "checkpoint": checkpoints,
        "cosignature": cosignatures,
        "proof": proofs,
    }
    return {
        f"{kind}.json": (json.dumps(list(make()), indent=1, ensure_ascii=False) + "\n").encode()
        for kind, make in kinds.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)
