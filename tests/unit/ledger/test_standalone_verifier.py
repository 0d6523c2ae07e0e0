"""The verifier that is handed out with receipts: alone in an empty folder it says what it should, and it is of one mind
with `receipt.py`, from which it shares no line, about every receipt, whole or changed."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import string
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ledger import entry as entries
from agent.ledger import note, verify_receipt
from agent.ledger.cosignature import Cosigner
from agent.ledger.entry import Entry
from agent.ledger.note import Signature, Signer, VerifierKey
from agent.ledger.receipt import MAX_RECEIPT, ReceiptError, check_receipt, verifier
from agent.ledger.signatures import COSIGNATURE, ML_DSA_44, cosignature_message, ml_dsa_message
from tests.unit.ledger.making import AT, NOTICE, ORIGIN, SEEN, Made, act, made, salt, seed, signed_log, written
from tests.unit.ledger.test_receipt import REFUSED

LOG = made(7, witnesses=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "verify_receipt.py").write_bytes(verifier())
    return tmp_path


def run(folder: Path, *arguments: str, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the verifier as an auditor would: isolated from this checkout, nothing in the folder but what they got."""
    command = [sys.executable, "-I", "verify_receipt.py", *arguments]
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, cwd=folder, input=data, capture_output=True, env=env, check=False)


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    assert (done.returncode, done.stderr) == (0, b"")
    return " ".join(done.stdout.decode().split())


# By itself


def test_it_is_one_file_that_needs_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(verifier())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_receipt_that_holds_is_told_in_plain_words(folder: Path) -> None:
    (folder / "receipt.json").write_bytes(written(LOG.document(3)))
    told = said(run(folder, "receipt.json"))
    for words in (
        "THE RECEIPT HOLDS.",
        "number 3, counted from 0, of 7 in the log",
        "the notice in the receipt is the one that the content names",
        "acknowledged: «I have been shown this» (this is not an agreement)",
        "security.detect-bulk-collection",
        "2026-11-18 11:06:40 UTC by this computer's clock",
        "# What is watched",
        f"log {ORIGIN}, key id {LOG.key.key_id.hex()}",
        "witness witness.example/0",
        "its key came with the receipt",
        "the key came with the receipt. Get it by another way",
        "employer-witnessed only",
        "What it does NOT prove",
    ):
        assert words in told, words


def test_standard_input_will_do(folder: Path) -> None:
    assert "THE RECEIPT HOLDS" in said(run(folder, "-", data=written(LOG.document(0))))


def test_keys_of_ones_own_take_the_reservations_away(folder: Path) -> None:
    told = said(
        run(folder, "-", "--key", str(LOG.key), "--witness", str(LOG.witnesses[1]), data=written(LOG.document(0)))
    )
    assert "the key that you gave" in told
    assert "whose log this is" not in told
    assert "employer-witnessed only" not in told


def test_without_witness_it_says_that_a_rollback_would_not_be_seen(folder: Path) -> None:
    told = said(run(folder, "-", data=written(made(2).document(0, notice=None))))
    assert "no witness has seen this log: a rollback would not be seen" in told
    assert "its text is not in this receipt" in told


def test_what_a_test_instance_made_for_itself_is_called_so(folder: Path) -> None:
    log = made(payloads=[act(channel="self", strength="none")])
    assert "anything about a person: a test or demonstration instance made this" in said(
        run(folder, "-", data=written(log.document(0)))
    )


def test_what_does_not_hold_is_refused_in_one_line_with_exit_code_1(folder: Path) -> None:
    document = {**LOG.document(3), "payload": LOG.document(4)["payload"]}
    done = run(folder, "-", data=written(document))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().count("\n") == 1
    assert "does not fit the entry's commitment" in done.stderr.decode()


def test_another_key_or_a_witness_that_did_not_sign_is_refused(folder: Path) -> None:
    other = Signer(ORIGIN, seed(55)).verifier
    absent = Cosigner("witness.example/absent", seed(56)).verifier
    for wrong, words in (("--key", "another key"), ("--witness", "has not cosigned")):
        key = other if wrong == "--key" else absent
        done = run(folder, "-", wrong, str(key), data=written(LOG.document(0)))
        assert (done.returncode, words in done.stderr.decode()) == (1, True)


@pytest.mark.parametrize("arguments", [(), ("none.json",), ("-", "--more"), (".",)])
def test_where_nothing_was_checked_the_exit_code_is_2(folder: Path, arguments: Sequence[str]) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr


def test_without_cryptography_it_says_what_to_install(folder: Path) -> None:
    lines = ["import sys", "sys.modules['cryptography'] = None", "sys.argv[:] = ['verify_receipt.py', '-']"]
    program = "; ".join([*lines, "exec(compile(open('verify_receipt.py', encoding='utf-8').read(), 'v', 'exec'))"])
    done = subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, check=False)
    assert done.returncode != 0
    assert "«cryptography»" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_the_parts_can_be_taken_out_for_other_tools(folder: Path) -> None:
    (folder / "receipt.json").write_bytes(written(LOG.document(3)))
    assert run(folder, "receipt.json", "--entry-file").returncode == 0
    document = LOG.document(3)
    for ending, field in (("entry", "entry"), ("tlog-proof", "proof"), ("vkey", "key")):
        assert (folder / f"receipt.json.{ending}").read_bytes() == document[field].encode()
    assert run(folder, "receipt.json", "--entry-file").returncode == 2, "nothing is written over"


def test_a_receipt_cannot_steer_the_terminal(folder: Path) -> None:
    log = made(payloads=[act(words="\x1b[2J\x1b]0;x\x07\u202e\x9b1m\nTHE RECEIPT HOLDS", more={"\x1b[2J": "name"})])
    done = run(folder, "-", data=written(log.document(0)))
    assert done.returncode == 0
    shown = done.stdout.decode()
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    assert shown.count("\nTHE RECEIPT") == 0, "a line of the content begins no line"


def test_a_terminal_of_another_alphabet_gets_the_words_it_can_show(folder: Path) -> None:
    program = "import io, sys, runpy; sys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'ascii'); "
    program += (
        "sys.argv[:] = ['verify_receipt.py', 'receipt.json']; runpy.run_path('verify_receipt.py', run_name='__main__')"
    )
    (folder / "receipt.json").write_bytes(written(LOG.document(3)))
    done = subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"THE RECEIPT HOLDS" in done.stdout


# Of one mind


def both(data: bytes, key: VerifierKey | None = None, witnesses: Sequence[VerifierKey] = ()) -> Any:
    """Ask both implementations; return what they found, or None where both refuse."""
    try:
        ours = check_receipt(data, key, witnesses)
    except ReceiptError as problem:
        with pytest.raises(verify_receipt.Refused):
            verify_receipt.check(data, None if key is None else str(key), [str(one) for one in witnesses])
        assert str(problem)
        return None
    theirs = verify_receipt.check(data, None if key is None else str(key), [str(one) for one in witnesses])
    assert (theirs.index, theirs.size, theirs.payload) == (ours.index, ours.checkpoint.size, ours.payload)
    assert (theirs.entry["kind"], theirs.entry["at"]) == (ours.entry.kind, ours.entry.at)
    assert {(one.name, one.id, at) for one, at in theirs.cosigned.items()} == {
        (one.name, one.key_id, at) for one, at in ours.witnesses.items()
    }
    assert (theirs.notice, theirs.key.id) == (ours.notice, ours.key.key_id)
    assert "THE RECEIPT HOLDS" in verify_receipt.report(theirs, key is not None, [str(one) for one in witnesses])
    return ours


Values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "at", "kind"]), inner, max_size=2)
    ),
    max_leaves=4,
)
Names = st.text(string.ascii_lowercase + "_", min_size=1, max_size=6)
Contents = st.builds(
    lambda number, more: act(number, **more), st.integers(0, 9), st.dictionaries(Names, Values, max_size=2)
)


@st.composite
def logs(draw: st.DrawFn) -> Made:
    contents = draw(st.lists(Contents, min_size=1, max_size=9))
    return made(payloads=contents, witnesses=draw(st.integers(0, 2)), keys=draw(st.integers(0, 1)))


@settings(max_examples=80, deadline=None)
@given(logs(), st.data())
def test_both_accept_every_receipt_of_every_log(log: Made, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(log.entries) - 1))
    notice = data.draw(st.sampled_from([None, NOTICE]))
    content = json.loads(log.payloads[index])
    if notice is not None and content["notice_sha256"] != hashlib.sha256(NOTICE.encode()).hexdigest():
        notice = None
    own = data.draw(st.booleans())
    found = both(written(log.document(index, notice)), log.key if own else None, log.witnesses if own else ())
    assert found is not None
    assert (found.index, found.payload, set(found.witnesses)) == (index, content, set(log.witnesses))


OTHER = made(6, witnesses=2, keys=1)
Letters = st.sampled_from([*string.printable, "\x00", "\x85", "\xa0", "\u2028", "é", "—", "\ud800"]) | st.characters()


def edited(draw: st.DrawFn, text: str) -> str:
    """Take out, put in, exchange or repeat a piece."""
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 3)))
    new = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.text(Letters, max_size=2)))
    return text[:start] + new + text[end:]


def in_lines(draw: st.DrawFn, text: str) -> str:
    """Take out, repeat, move or edit a line."""
    lines = text.split("\n")
    at, to = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    match draw(st.sampled_from(["out", "repeat", "move", "edit", "number"])):
        case "out":
            lines.pop(at)
        case "repeat":
            lines.insert(to, lines[at])
        case "move":
            lines.insert(to, lines.pop(at))
        case "edit":
            lines[at] = edited(draw, lines[at])
        case "number":
            lines[at] = draw(st.sampled_from(["0", "00", "7", "07", "index 0", "index 1", "9" * 19, "extra AAAA", ""]))
    return "\n".join(lines)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A receipt of `LOG` with one to three changes, from those a hand would make to those a bad disk would."""
    document = LOG.document(draw(st.integers(0, 6)), draw(st.sampled_from([None, NOTICE])))
    for _ in range(draw(st.integers(1, 3))):
        texts = [name for name, value in document.items() if isinstance(value, str)]
        field = draw(st.sampled_from(texts))
        match draw(st.sampled_from(["edit", "lines", "lines", "other", "value", "out", "witnesses"])):
            case "edit":
                document[field] = edited(draw, document[field])
            case "lines":
                document["proof"] = in_lines(draw, str(document.get("proof", "")))
            case "other":
                document[field] = draw(st.sampled_from([LOG, OTHER])).document(draw(st.integers(0, 5))).get(field)
            case "value":
                document[draw(st.sampled_from([*document, "more"]))] = draw(Values)
            case "out":
                document.pop(draw(st.sampled_from(list(document))))
            case "witnesses":
                pool = [*map(str, (*LOG.witnesses, *OTHER.witnesses, LOG.key)), "w", ""]
                document["witnesses"] = draw(st.lists(st.sampled_from(pool), max_size=3))
    data = json.dumps(document, ensure_ascii=True).encode()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(max_size=2)) + data[at + draw(st.integers(0, 2)) :]
    return data


@settings(max_examples=600, deadline=None)
@given(changed())
def test_both_accept_or_both_refuse_whatever_was_changed_and_no_change_of_meaning_is_accepted(
    data: bytes,
) -> None:
    found = both(data)
    if found is not None:
        # The changes can make a whole receipt of the other log: then it must be exactly what that log says.
        texts = json.loads(data)
        (log,) = (log for log in (LOG, OTHER) if log.key == found.key)
        assert texts["entry"].encode() == log.entries[found.index]
        assert texts["payload"].encode() == log.payloads[found.index]
        assert found.payload == json.loads(log.payloads[found.index])
        assert found.notice in (None, NOTICE)
        assert set(found.witnesses) <= set(log.witnesses)


def exact(index: int) -> tuple[dict[str, Any], bytes]:
    content = entries.canonical(act())
    return {"at": AT, "commitment": entries.commit(salt(index), content).hex(), "kind": "act", "v": 1}, content


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("change", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_both_refuse_what_was_changed_by_hand(change: Callable[[dict[str, Any]], object]) -> None:
    document = LOG.document(3)
    assert both(written(document)) is not None
    change(document)
    assert both(json.dumps(document).encode()) is None


def test_both_refuse_the_place_behind_the_last_entry() -> None:
    document = LOG.document(6)
    assert both(written({**document, "proof": document["proof"].replace("index 6", "index 7")})) is None


def test_both_refuse_a_receipt_that_is_too_long_to_be_one() -> None:
    data = written(LOG.document(3))
    assert both(data + b" " * (MAX_RECEIPT - len(data))) is not None
    assert both(data + b" " * (MAX_RECEIPT + 1 - len(data))) is None


@pytest.mark.parametrize("name", ["", "a b", "a\u3000b", "a\x1fb", "n" * 256, "é" * 128, "a\nb"])
def test_both_refuse_a_log_whose_name_no_key_can_have(name: str) -> None:
    assert both(written(log_called(name))) is None
    assert both(written(log_called("ä" * 127))) is not None


def log_called(name: str) -> dict[str, Any]:
    """A receipt of a log of one entry that signs, by hand, under any name."""
    secret = Ed25519PrivateKey.from_private_bytes(seed(4))
    material = b"\x01" + secret.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    log = signed_log([compact(ENTRY)], [CONTENT])
    text = note.parse(log.checkpoint).text.replace(ORIGIN, name)
    line = f"— {name} {base64.b64encode(key_id + secret.sign(text.encode())).decode()}\n"
    key = f"{name}+{key_id.hex()}+{base64.b64encode(material).decode()}"
    return {**log.document(0), "key": key, "proof": f"c2sp.org/tlog-proof@v1\nindex 0\n\n{text}\n{line}"}


ENTRY, CONTENT = exact(0)
SIGNED_ODDLY: list[tuple[str, bytes]] = [
    ("with spaces", json.dumps(ENTRY).encode()),
    ("in another order", compact(dict(reversed(ENTRY.items())))),
    ("with a name twice", compact(ENTRY)[:-1] + b',"v":1}'),
    ("with a field more", compact({**ENTRY, "w": 1})),
    ("with a field less", compact({name: value for name, value in ENTRY.items() if name != "at"})),
    ("without commitment", compact({**ENTRY, "commitment": None})),
    ("with a commitment in capitals", compact({**ENTRY, "commitment": ENTRY["commitment"].upper()})),
    ("of another version", compact({**ENTRY, "v": 2})),
    ("of version true", compact({**ENTRY, "v": True})),
    ("of version 1.0", compact({**ENTRY, "v": 1.0})),
    ("at no time", compact({**ENTRY, "at": "now"})),
    ("before time", compact({**ENTRY, "at": -1})),
    ("after time", compact({**ENTRY, "at": 2**53 + 1})),
    ("at a fraction", compact({**ENTRY, "at": 0.5})),
    ("of no kind", compact({**ENTRY, "kind": 1})),
    ("with empty facts", compact({"at": AT, "commitment": ENTRY["commitment"], "facts": {}, "kind": "act", "v": 1})),
    (
        "with facts that are a list",
        compact({**{k: ENTRY[k] for k in ("at", "commitment")}, "facts": [1], "kind": "act", "v": 1}),
    ),
    (
        "too long",
        compact({**{k: ENTRY[k] for k in ("at", "commitment")}, "facts": {"a": "x" * 20_000}, "kind": "act", "v": 1}),
    ),
    ("that is a list", b"[]"),
    ("that is no JSON", b"{"),
]


@pytest.mark.parametrize("line", [case[1] for case in SIGNED_ODDLY], ids=[case[0] for case in SIGNED_ODDLY])
def test_both_refuse_an_entry_that_is_none_though_the_log_signed_it(line: bytes) -> None:
    log = signed_log([line], [CONTENT])
    assert both(written(log.document(0))) is None
    good = signed_log([compact(ENTRY)], [CONTENT])
    assert both(written(good.document(0))) is not None, "what the cases are changed from holds"


def test_both_read_the_facts_of_an_entry() -> None:
    line = entries.encode(Entry("rotate", AT, bytes.fromhex(ENTRY["commitment"]), {"size": 7, "next": "é"}))
    assert both(written(signed_log([line], [CONTENT]).document(0))).entry.facts == {"size": 7, "next": "é"}


@pytest.mark.parametrize("content", [b"[]", b"1", b'{"a":1,"a":2}', b'{"a":NaN}', b"{", b"\xc3\xa9", b"[" * 50_000])
def test_both_refuse_a_content_that_is_none_though_it_was_committed_to(content: bytes) -> None:
    line = entries.encode(Entry("act", AT, entries.commit(salt(0), content)))
    assert both(written(signed_log([line], [content]).document(0, notice=None))) is None


ODD_CHECKPOINTS: dict[str, Callable[[str], str]] = {
    "with an extension line": lambda text: text + "more\n",
    "of two lines": lambda text: "\n".join(text.split("\n")[:2]) + "\n",
    "with an empty line": lambda text: text.replace("\n", "\n\n", 1),
    "of another log": lambda text: "other\n" + text.partition("\n")[2],
    "with a longer number": lambda text: text.replace("\n1\n", "\n01\n"),
    "of a larger log": lambda text: text.replace("\n1\n", "\n2\n"),
    "of an empty log": lambda text: text.replace("\n1\n", "\n0\n"),
    "of a negative size": lambda text: text.replace("\n1\n", "\n-1\n"),
    "of a size beyond all": lambda text: text.replace("\n1\n", f"\n{2**63}\n"),
    "with another root": lambda text: text.replace("=", "A=", 1),
}


@pytest.mark.parametrize("name", ODD_CHECKPOINTS)
def test_both_refuse_a_checkpoint_that_is_none_though_the_log_signed_it(name: str) -> None:
    log = signed_log([compact(ENTRY)], [CONTENT])
    text = ODD_CHECKPOINTS[name](note.parse(log.checkpoint).text)
    odd = (text + "\n" + log.signer.sign(text)).encode()
    proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + odd
    assert both(written({**log.document(0), "proof": proof.decode()})) is None


def test_both_take_the_latest_of_several_cosignatures_by_one_witness() -> None:
    log = made(3, witnesses=1)
    again = log.cosigners[0].cosign(note.parse(log.checkpoint), SEEN + 500)
    document = log.document(1)
    document["proof"] += again
    assert both(written(document)).witnesses == {log.witnesses[0]: SEEN + 500}


def test_both_pass_over_signatures_by_strangers() -> None:
    document = made(3).document(1)
    stranger = Signer("stranger", seed(8))
    document["proof"] += stranger.sign("something else\n")
    assert both(written(document)).witnesses == {}


def witnessed_after_quantum(stated: int = SEEN) -> dict[str, Any]:
    """A receipt with a cosignature by ML-DSA-44, which states one time and was made over `SEEN`."""
    log = made(4)
    secret = MLDSA44PrivateKey.from_seed_bytes(seed(3))
    key = VerifierKey.of("witness.example/pq", ML_DSA_44, secret.public_key().public_bytes_raw())
    text = note.parse(log.checkpoint).text
    blob = stated.to_bytes(8, "big") + secret.sign(ml_dsa_message(key.name, text, SEEN))
    document = {**log.document(2), "witnesses": [str(key)]}
    document["proof"] += note.signature_line(Signature(key.name, key.key_id, blob))
    return document


def test_both_check_a_witness_that_signs_for_the_time_after_quantum_computers() -> None:
    found = both(written(witnessed_after_quantum()))
    assert {(key.name, at) for key, at in found.witnesses.items()} == {("witness.example/pq", SEEN)}
    assert both(written(witnessed_after_quantum(SEEN + 1))) is None


@pytest.mark.parametrize(("seconds", "held"), [(1, True), (2**63 - 1, True), (2**63, False), (2**64 - 1, False)])
def test_both_refuse_a_cosignature_at_a_time_that_cannot_be(seconds: int, held: bool) -> None:
    log = made(2)
    secret = Ed25519PrivateKey.from_private_bytes(seed(5))
    key = VerifierKey.of("witness.example/late", COSIGNATURE, secret.public_key().public_bytes_raw())
    message = cosignature_message(note.parse(log.checkpoint).text, seconds)
    blob = seconds.to_bytes(8, "big") + secret.sign(message)
    document = {**log.document(1), "witnesses": [str(key)]}
    document["proof"] += note.signature_line(Signature(key.name, key.key_id, blob))
    found = both(written(document))
    assert (None if found is None else found.witnesses) == ({key: seconds} if held else None)


def test_what_an_older_library_cannot_check_is_not_taken_for_good(folder: Path) -> None:
    (folder / "receipt.json").write_bytes(written(witnessed_after_quantum()))
    assert run(folder, "receipt.json").returncode == 0
    program = "import sys, runpy; sys.modules['cryptography.hazmat.primitives.asymmetric.mldsa'] = None; "
    program += (
        "sys.argv[:] = ['verify_receipt.py', 'receipt.json']; runpy.run_path('verify_receipt.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "only a newer «cryptography» can check that" in done.stderr.decode()


def test_both_refuse_more_signatures_than_anybody_reads() -> None:
    document = made(2).document(1)
    lines = [Signer(f"stranger/{number}", seed(1)).sign("x\n") for number in range(100)]
    fits, too_many = "".join(lines[:99]), "".join(lines)
    assert both(written({**document, "proof": document["proof"] + fits})) is not None
    assert both(written({**document, "proof": document["proof"] + too_many})) is None
