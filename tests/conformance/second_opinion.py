"""What another implementation, aics-tlog, thinks of what we sign. Runs under `.venv-peers`, imports nothing of ours.

One question a line comes in on stdin, one answer goes out on stdout, both JSON. Texts and base64 are taken apart here
by hand (C2SP tlog-proof, our receipt); hashes, trees, notes, checkpoints and cosignatures are aics-tlog's to judge.

    {"do": "receipt", "receipt": text, "key": vkey, "witnesses": [vkey, ...], "quorum": 1} ─► {"ok", "said"}
    {"do": "consistency", "old": n, "new": n, "roots": [base64, base64], "path": [base64, ...]} ─► {"ok", "said"}
    {"do": "tiles", "folder": path, "key": vkey} ─► {"ok", "said", "entries"}
    {"do": "log", "entries": [base64, ...], "at": seconds} ─► a log of its own: keys, cosigned checkpoints, paths
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path

import aics_tlog as tlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def coded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def receipt(asked: dict) -> dict:
    """Check a receipt of ours: content, checkpoint, cosignatures, inclusion."""
    document = json.loads(asked["receipt"])
    entry = document["entry"].encode()
    commitment = hmac.digest(raw(document["salt"]), document["payload"].encode(), hashlib.sha256).hex()
    if json.loads(entry)["commitment"] != commitment:
        return {"ok": False, "said": "the content is not what the entry commits to"}
    head, _, signed = document["proof"].partition("\n\n")
    header, index, *path = head.split("\n")
    if header != "c2sp.org/tlog-proof@v1" or not index.startswith("index "):
        return {"ok": False, "said": "no tlog-proof"}
    key = tlog.parse_vkey(asked["key"])
    found = tlog.verify_checkpoint(
        tlog.parse_note(signed),
        key,
        [tlog.parse_vkey(witness) for witness in asked["witnesses"]],
        quorum=asked["quorum"],
        expected_origin=key.name,
    )
    if not found.ok:
        return {"ok": False, "said": found.error or "too few cosignatures"}
    number = int(index.removeprefix("index "))
    if not tlog.verify_leaf_inclusion(entry, number, found.size, [raw(each) for each in path], found.root):
        return {"ok": False, "said": "not included"}
    return {"ok": True, "said": f"entry {number} of {found.size}, seen by {', '.join(found.witnesses) or 'nobody'}"}


def consistency(asked: dict) -> dict:
    old_root, new_root = map(raw, asked["roots"])
    path = [raw(each) for each in asked["path"]]
    return {"ok": tlog.verify_consistency(asked["old"], asked["new"], old_root, new_root, path), "said": ""}


def tiles(asked: dict) -> dict:
    """Audit an exported log: every tile and every bundle of entries, against its signed checkpoint."""
    folder = Path(asked["folder"])
    key = tlog.parse_vkey(asked["key"])
    found = tlog.verify_checkpoint(tlog.parse_note((folder / "checkpoint").read_bytes()), key, expected_origin=key.name)
    if not found.ok:
        return {"ok": False, "said": found.error}
    reader = tlog.FileSystemTileReader(folder)
    report = tlog.audit_tiles(reader, found.size, found.root)
    proven = tlog.VerifiedTileReader(reader, found.size, found.root)
    entries = [coded(proven.entry(number)) for number in range(found.size)]
    return {"ok": True, "said": f"{report.tiles} tiles, {report.bundles} bundles", "entries": entries}


def log(asked: dict) -> dict:
    """Make a log, its cosigned checkpoint at every size, and every path, for us to check."""
    origin, witness = "other.example/log", "other.example/witness"
    key, witness_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    tree = tlog.MerkleTree([raw(entry) for entry in asked["entries"]])
    checkpoints = []
    for size in range(1, tree.size + 1):
        root = tree.root(size)
        note = tlog.sign_checkpoint(tlog.Checkpoint(origin, size, root), key, origin)
        _, line = tlog.sign_cosignature(witness_key, witness, asked["at"], origin, size, root)
        checkpoints.append(coded(tlog.Note(text=note.text, signatures=(*note.signatures, line)).to_bytes()))
    size = tree.size
    return {
        "key": tlog.format_vkey(tlog.vkey_from_ed25519(origin, key.public_key())),
        "witness": tlog.format_vkey(tlog.cosignature_vkey(witness, witness_key.public_key())),
        "checkpoints": checkpoints,
        "inclusion": [list(map(coded, tree.inclusion_proof(index, size))) for index in range(size)],
        "consistency": [list(map(coded, tree.consistency_proof(old, size))) for old in range(1, size + 1)],
    }


def main() -> None:
    answers = {"receipt": receipt, "consistency": consistency, "tiles": tiles, "log": log}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = answers[asked["do"]](asked)
        except (ValueError, KeyError, OSError) as problem:
            answer = {"ok": False, "said": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
