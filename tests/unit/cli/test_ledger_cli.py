"""`gleanwatch ledger`: what it says of our own log, what it gives out, and that it checks anybody's notes, proofs and
receipts with no agent. The agent's side is a control server on a real socket that gives the answers of the protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.ledger import ledger
from agent.ledger import note
from agent.ledger import proof as proofs
from agent.ledger.cosignature import Cosigner
from agent.ledger.note import Signer
from agent.ledger.receipt import check_receipt, verifier
from agent.link.control import CommandError, ControlServer, Emit
from agent.settings.instance import locate
from tests.support.places import CHECKOUT, clean_environment, short_folder
from tests.unit.ledger.making import AT, NOTICE, SEEN, act, made, seed, written

VECTORS = Path(os.environ.get("GLEANWATCH_VECTORS") or CHECKOUT.parent / "shared" / "vectors") / "tessera-checkpoints"
TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
COMMAND = [sys.executable, "-c", "from agent.cli.main import main; main()", "ledger"]

LOG = made(7, witnesses=2)
KEY, WITNESS = str(LOG.key), str(LOG.witnesses[0])

WHOLE = {
    "ok": True,
    "entries": 12_345,
    "logs": 2,
    "checkpoints": 678,
    "signatures": 2,
    "payloads": 12_000,
    "erased": 3,
    "contents": 12_000,
    "witnesses": [],
    "witnessed": 0,
    "problems": [],
    "remarks": ["The clock was set back by 3 s before entry 5.", "No witness has seen this log."],
}
BROKEN = {
    **WHOLE,
    "ok": False,
    "problems": [
        {"where": "entry 7", "what": "its content is not the one that was entered"},
        {"where": "checkpoint 9", "what": "the root is [not] the one that was signed"},
    ],
}


@dataclass
class Recorded:
    """What the agent answers: by command, its items and then its result; a text is what it says when it refuses."""

    home: Path
    answers: dict[str, tuple[list[object], object] | str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def handle(self, command: str, args: Any, emit: Emit) -> object:
        self.asked.append((command, dict(args)))
        answer = self.answers[command]
        if isinstance(answer, str):
            raise CommandError(answer)
        for item in answer[0]:
            await emit(item)
        return answer[1]


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as place:
        yield place


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return clean_environment(home, COLUMNS="200")


@pytest.fixture
def agent(home: Path, env: dict[str, str]) -> Iterator[Recorded]:
    """An agent in a thread of its own, since the command line waits for its answers."""
    recorded = Recorded(home)
    instance = locate(env, sys.platform, home, os.getuid())
    instance.control_socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    control = ControlServer(instance.control_socket, os.getuid(), recorded.handle, lambda _name: None)
    loop.run_until_complete(control.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield recorded
    asyncio.run_coroutine_threadsafe(control.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


@pytest.fixture
def run(env: dict[str, str]) -> Callable[..., Result]:
    def invoke(*arguments: object, data: bytes | None = None) -> Result:
        return CliRunner().invoke(ledger, [str(one) for one in arguments], input=data, env=env)

    return invoke


def failed(done: Result) -> str:
    """What a command that cannot be done says: one line on stderr, exit code 1."""
    assert done.exit_code == 1, done.output
    assert re.fullmatch(r"gleanwatch: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def misused(done: Result) -> str:
    assert (done.exit_code, done.stdout) == (2, "")
    return done.stderr


def document(done: Result) -> Any:
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


# Our own log


def test_a_whole_log_is_told_with_what_was_checked_and_what_no_witness_means(agent: Recorded, run: Any) -> None:
    agent.answers["ledger_verify"] = ([{"done": n, "of": 3} for n in range(4)], WHOLE)
    done = run("verify")
    assert (done.exit_code, done.stderr) == (0, "")
    for words in (
        "whole and unchanged: 12,345 entries in 2 logs",
        "678 signed checkpoints",
        "of the last one of each log): 2",
        "against their entries: 12,000",
        "contents that were erased, each with an entry that says so: 3",
        "No witness has seen this log",
        "The clock was set back by 3 s before entry 5.",
    ):
        assert words in done.stdout, words
    assert agent.asked == [("ledger_verify", {"every_checkpoint": False})]


def test_witnesses_are_named(agent: Recorded, run: Any) -> None:
    agent.answers["ledger_verify"] = (
        [],
        {**WHOLE, "witnesses": ["witness.example/0"], "witnessed": 345, "remarks": []},
    )
    done = run("verify", "--every-checkpoint")
    assert "cosignatures by witness.example/0: they have seen 345 entries of the open log" in done.stdout
    assert "No witness" not in done.stdout
    assert agent.asked == [("ledger_verify", {"every_checkpoint": True})]


def test_a_log_that_does_not_hold_is_told_with_every_place_and_exit_code_1(agent: Recorded, run: Any) -> None:
    agent.answers["ledger_verify"] = ([], BROKEN)
    done = run("verify")
    said = failed(done)
    assert "first at entry 7: its content is not the one that was entered" in said
    assert "copy this instance's folder" in said
    assert "does NOT hold" in done.stdout
    assert "checkpoint 9: the root is [not] the one that was signed" in done.stdout
    assert "unchanged:" not in done.stdout


@pytest.mark.parametrize("answer", [WHOLE, BROKEN])
def test_json_gives_the_answer_and_nothing_else(agent: Recorded, run: Any, answer: dict[str, Any]) -> None:
    agent.answers["ledger_verify"] = ([{"done": 1, "of": 1}], answer)
    done = run("verify", "--json")
    assert json.loads(done.stdout) == answer
    assert done.exit_code == (0 if answer["ok"] else 1)


def test_what_the_agent_refuses_is_passed_on(agent: Recorded, run: Any) -> None:
    agent.answers["ledger_prove"] = "There is no entry 99. The last one is 6."
    assert "There is no entry 99" in failed(run("prove", 99, "--json"))


@pytest.mark.parametrize("command", [["verify"], ["checkpoint"], ["prove", "0"], ["receipt", "0"], ["export", "x"]])
def test_where_nothing_was_ever_recorded_it_says_so(
    run: Any, command: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "gleanwatch run" in failed(run(*command))


def test_the_checkpoint_alone_goes_to_standard_output(agent: Recorded, run: Any, tmp_path: Path) -> None:
    agent.answers["ledger_checkpoint"] = ([], {"note": LOG.checkpoint.decode(), "key": KEY})
    done = run("checkpoint")
    assert (done.exit_code, done.stdout) == (0, LOG.checkpoint.decode())
    assert KEY in done.stderr
    assert document(run("checkpoint", "--json")) == {"note": LOG.checkpoint.decode(), "key": KEY}
    assert run("verify", "--note", "-", "--key", KEY, data=done.stdout.encode()).exit_code == 0


# What is given out


def proof_of(index: int) -> dict[str, str]:
    return {
        "proof": proofs.encode(LOG.proof(index)).decode(),
        "entry": LOG.entries[index].decode(),
        "key": KEY,
    }


def test_a_proof_goes_into_files_that_the_printed_command_verifies(
    agent: Recorded, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    agent.answers["ledger_prove"] = ([], proof_of(3))
    done = run("prove", 3, "--out", "proof")
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in Path("proof").iterdir()) == ["3.entry", "3.tlog-proof", "3.vkey"]
    assert Path("proof/3.entry").read_bytes() == LOG.entries[3]
    printed = next(line for line in done.stdout.splitlines() if "gleanwatch ledger verify" in line)
    command = shlex.split(printed.partition("gleanwatch ledger ")[2])
    assert "The entry is in the log" in run(*command).stdout
    assert "is there already" in failed(run("prove", 3, "--out", "proof"))
    assert agent.asked[0] == ("ledger_prove", {"entry": 3})


def test_a_proof_as_json_writes_nothing(
    agent: Recorded, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    agent.answers["ledger_prove"] = ([], proof_of(0))
    assert document(run("prove", 0, "--json")) == {**proof_of(0), "files": []}
    assert list(tmp_path.iterdir()) == []


def test_a_proof_that_does_not_hold_is_not_given_out(agent: Recorded, run: Any, tmp_path: Path) -> None:
    agent.answers["ledger_prove"] = ([], {**proof_of(3), "entry": LOG.entries[2].decode()})
    assert "is not given out" in failed(run("prove", 3, "--out", tmp_path / "proof"))
    assert not (tmp_path / "proof").exists()


def test_a_receipt_goes_to_standard_output_or_into_a_file_beside_its_verifier(
    agent: Recorded, run: Any, tmp_path: Path
) -> None:
    agent.answers["receipt"] = ([], LOG.document(3))
    assert check_receipt(run("receipt", 3).stdout.encode()).index == 3
    place = tmp_path / "mine" / "receipt.json"
    assert document(run("receipt", 3, "--out", place, "--with-verifier", "--json")) == {
        "files": [str(place), str(place.parent / "verify_receipt.py")]
    }
    assert check_receipt(place.read_bytes()).index == 3
    assert place.stat().st_mode & 0o077 == 0, "what a person said is theirs to read"
    assert (place.parent / "verify_receipt.py").read_bytes() == verifier()
    alone = [sys.executable, "-I", "verify_receipt.py", "receipt.json"]
    assert b"HOLDS" in subprocess.run(alone, cwd=place.parent, capture_output=True, check=True).stdout
    assert "receipt holds" in run("verify", "--receipt", place, "--key", KEY, "--witness", WITNESS).stdout
    assert "is there already" in failed(run("receipt", 3, "--out", place))


def test_a_receipt_that_does_not_hold_is_not_given_out(agent: Recorded, run: Any, tmp_path: Path) -> None:
    agent.answers["receipt"] = ([], {**LOG.document(3), "payload": LOG.payloads[2].decode()})
    done = run("receipt", 3)
    assert "is not given out" in failed(done)
    assert done.stdout == ""
    failed(run("receipt", 3, "--out", tmp_path / "receipt.json"))
    assert list(tmp_path.iterdir()) == []


def parts(name: str, *pieces: bytes) -> list[object]:
    return [
        {"name": name, "part": base64.b64encode(piece).decode(), "last": place == len(pieces) - 1}
        for place, piece in enumerate(pieces)
    ]


def test_an_export_is_plain_files_in_a_new_folder(agent: Recorded, run: Any, tmp_path: Path) -> None:
    agent.answers["ledger_export"] = (
        [*parts("key", KEY.encode()), *parts("log-1/entries", b"one", b"", b"two"), *parts("log-1/empty", b"")],
        {},
    )
    folder = tmp_path / "log"
    done = run("export", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "log-1/" in done.stdout
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {"key": KEY.encode(), "log-1/entries": b"onetwo", "log-1/empty": b""}
    assert folder.stat().st_mode & 0o077 == 0
    assert "not empty" in failed(run("export", folder))
    again = document(run("export", tmp_path / "again", "--json"))
    assert again["files"] == {"key": len(KEY), "log-1/entries": 6, "log-1/empty": 0}
    assert [command for command, _ in agent.asked] == ["ledger_export", "ledger_export"]


def test_an_export_that_breaks_off_leaves_nothing_under_its_name(agent: Recorded, run: Any, tmp_path: Path) -> None:
    agent.answers["ledger_export"] = (parts("log-1/entries", b"one", b"two")[:1], {})
    failed(run("export", tmp_path / "log"))
    agent.answers["ledger_export"] = (parts("../out", b"x"), {})
    failed(run("export", tmp_path / "log"))
    assert list(tmp_path.iterdir()) == []


# At a terminal


def at_terminal(env: dict[str, str], *arguments: str, typed: bytes = b"") -> tuple[int, str]:
    import pty

    ours, theirs = pty.openpty()
    said = b""
    try:
        env = {**env, "TERM": "xterm"}
        with subprocess.Popen([*COMMAND, *arguments], env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            os.write(ours, typed)
            while True:
                try:
                    said += os.read(ours, 65_536)
                except OSError:  # how Linux says that nobody holds the other end any more
                    break
    finally:
        os.close(ours)
    return process.returncode, said.decode()


ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads a pseudo-terminal as Linux has it")


@ONLY_LINUX
def test_progress_is_shown_at_a_terminal(agent: Recorded, env: dict[str, str]) -> None:
    agent.answers["ledger_verify"] = ([{"done": 5_000, "of": 12_345}, {"done": 12_345, "of": 12_345}], WHOLE)
    code, said = at_terminal(env, "verify")
    assert code == 0
    assert "12345/12345" in said
    assert "whole and unchanged" in said


@ONLY_LINUX
@pytest.mark.parametrize(("typed", "done"), [("rotate\n", True), ("yes\n", False), ("\n", False)])
def test_rotation_is_explained_and_needs_the_word(agent: Recorded, env: dict[str, str], typed: str, done: bool) -> None:
    agent.answers["ledger_rotate"] = ([], {"closed": "gleanwatch.localhost/a/1", "opened": "gleanwatch.localhost/a/2"})
    code, said = at_terminal(env, "rotate", typed=typed.encode())
    assert "cannot be undone" in said
    assert (code == 0, agent.asked == [("ledger_rotate", {})]) == (done, done)
    assert ("Opened: gleanwatch.localhost/a/2" in said) is done
    assert ("nothing was changed" in said) is not done


def test_rotation_is_never_taken_from_a_pipe(agent: Recorded, run: Any) -> None:
    assert "at a terminal" in failed(run("rotate", data=b"rotate\n"))
    assert agent.asked == []


# What lies in files, ours and anybody's: no agent runs in what follows


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public vectors are not here: set GLEANWATCH_VECTORS")
@pytest.mark.parametrize("number", range(16))
def test_every_checkpoint_of_a_foreign_log_is_verified(run: Any, number: int) -> None:
    place = VECTORS / f"checkpoint.{number}"
    found = document(run("verify", "--note", place, "--key", TESSERA, "--json"))
    assert (found["ok"], found["what"], found["checkpoint"]["size"]) == (True, "checkpoint", number)
    assert [each["name"] for each in found["signed_by"]] == ["example.com/log/testdata"]
    told = run("verify", "--note", place, "--key", TESSERA).stdout
    assert "The checkpoint is signed by a key that you gave" in told
    changed = place.read_bytes().replace(f"\n{number}\n".encode(), f"\n{number + 1}\n".encode())
    said = failed(run("verify", "--note", "-", "--key", TESSERA, data=changed))
    assert "line 5: the signature by example.com/log/testdata (33d7b496) is wrong" in said


PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""Key and note of the example in the documentation of golang.org/x/mod/sumdb/note."""
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_a_note_that_is_no_checkpoint_is_verified_and_shown(run: Any) -> None:
    done = run("verify", "--note", "-", "--key", PETER, data=PETERS_NOTE)
    assert done.exit_code == 0
    assert "It is not a checkpoint" in done.stdout
    assert "then you don't know what your problem is." in done.stdout
    found = document(run("verify", "--note", "-", "--key", PETER, "--json", data=PETERS_NOTE))
    assert (found["what"], found["checkpoint"]) == ("note", None)


def test_a_note_by_strangers_only_is_refused_with_their_names(run: Any) -> None:
    said = failed(run("verify", "--note", "-", "--key", KEY, data=PETERS_NOTE))
    assert "none of the given keys signed it. It is said to be signed by PeterNeumann (c74f20a3)" in said


def test_a_foreign_checkpoint_may_carry_extension_lines_and_another_name_than_its_key(run: Any) -> None:
    foreign = Signer("example.org/keys/2026", seed(70))
    text = note.parse(LOG.checkpoint).text.replace("gleanwatch.localhost", "other.example") + "[red]time[/] 5\n"
    data = note.signed(text, foreign.sign(text))
    done = run("verify", "--note", "-", "--key", foreign.verifier, data=data)
    assert done.exit_code == 0, done.stderr
    assert "extension     [red]time[/] 5 (nothing vouches for what it means)" in done.stdout
    found = document(run("verify", "--note", "-", "--key", foreign.verifier, "--json", data=data))
    assert found["checkpoint"]["extensions"] == ["[red]time[/] 5"]


def files(folder: Path, index: int = 3) -> list[str]:
    (folder / "entry").write_bytes(LOG.entries[index])
    (folder / "proof").write_bytes(proofs.encode(LOG.proof(index)))
    return ["verify", "--proof", str(folder / "proof"), "--entry", str(folder / "entry")]


def test_a_proof_is_verified_against_entry_and_key(run: Any, tmp_path: Path) -> None:
    found = document(run(*files(tmp_path), "--key", KEY, "--witness", WITNESS, "--json"))
    assert (found["ok"], found["index"], found["checkpoint"]["size"]) == (True, 3, 7)
    assert [(each["name"], each["at_seconds"]) for each in found["signed_by"]] == [
        (LOG.key.name, None),
        ("witness.example/0", SEEN),
    ]
    told = run(*files(tmp_path), "--key", KEY, "--witness", WITNESS).stdout
    assert "The entry is in the log" in told
    assert "number        3 (counted from 0)" in told
    assert "Ed25519 cosignature, 2026-11-18 11:07:40 UTC" in told


def test_a_proof_of_another_entry_is_refused_with_exit_code_1(run: Any, tmp_path: Path) -> None:
    command = files(tmp_path)
    (tmp_path / "entry").write_bytes(LOG.entries[4])
    assert "does not lead to the root of the tree of 7 entries" in failed(run(*command, "--key", KEY))
    done = run(*command, "--key", KEY, "--json")
    assert json.loads(done.stdout)["ok"] is False
    assert failed(done)


def test_a_proof_with_a_wrong_key_or_a_witness_that_did_not_sign_is_refused(run: Any, tmp_path: Path) -> None:
    other = Signer(LOG.key.name, seed(71)).verifier
    assert "not signed by the log's key" in failed(run(*files(tmp_path), "--key", other))
    absent = Cosigner("witness.example/absent", seed(72)).verifier
    assert "witness.example/absent" in failed(run(*files(tmp_path), "--key", KEY, "--witness", absent))
    assert "not a witness" in failed(run(*files(tmp_path), "--key", KEY, "--witness", KEY))


def test_the_log_of_a_foreign_proof_may_have_another_name_than_its_key(run: Any, tmp_path: Path) -> None:
    foreign = Signer("example.org/keys/2026", seed(70))
    text = note.parse(LOG.checkpoint).text
    proof = proofs.TlogProof(3, LOG.proof(3).path, note.signed(text, foreign.sign(text)))
    command = files(tmp_path)
    (tmp_path / "proof").write_bytes(proofs.encode(proof))
    assert "its origin" in failed(run(*command, "--key", foreign.verifier))
    assert run(*command, "--key", foreign.verifier, "--origin", LOG.key.name).exit_code == 0


def test_a_receipt_is_told_with_what_it_does_not_prove(run: Any) -> None:
    data = written(LOG.document(3))
    told = run("verify", "--receipt", "-", data=data).stdout
    for words in (
        "The receipt holds",
        "What it says:",
        "purpose       security.detect-bulk-collection",
        "the notice's text",
        "whose log it is, is not proved",
        "Employer-witnessed only",
    ):
        assert words in told, words
    told = run("verify", "--receipt", "-", "--key", KEY, "--witness", WITNESS, data=data).stdout
    assert "not proved" not in told
    assert "Employer-witnessed" not in told
    assert "No witness has seen this log" in run("verify", "--receipt", "-", data=written(made(2).document(0))).stdout
    found = document(run("verify", "--receipt", "-", "--json", data=data))
    assert (found["payload"], found["notice"], found["key_given"]) == (act(3), NOTICE, False)
    assert found["entry"] == {"kind": "act", "at": AT + 3, "facts": {}}


def test_a_receipt_that_was_changed_is_refused(run: Any) -> None:
    data = written({**LOG.document(3), "payload": LOG.payloads[2].decode()})
    assert "does not fit the entry's commitment" in failed(run("verify", "--receipt", "-", data=data))


def test_a_foreign_text_cannot_steer_the_terminal_or_the_renderer(run: Any) -> None:
    log = made(payloads=[act(words="\x1b[2J\u202e\x9b[bold]x[/bold][/]", other=["[red]"])])
    done = run("verify", "--receipt", "-", data=written(log.document(0)))
    assert done.exit_code == 0, done.output
    assert all(letter == "\n" or letter.isprintable() for letter in done.stdout)
    assert "[bold]x[/bold][/]" in done.stdout
    odd = Signer("odd\x9b\u202e/name", seed(1))
    text = "odd\x9b\u202e/name\n1\n" + "A" * 43 + "=\n"
    said = failed(run("verify", "--note", "-", "--key", KEY, data=note.signed(text, odd.sign(text))))
    assert all(letter == "\n" or letter.isprintable() for letter in said)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff", b"x" * (5 << 20), b"text\n\n\xe2\x80\x94 name AAAA\n"])
def test_what_is_no_note_proof_or_receipt_is_refused(run: Any, tmp_path: Path, data: bytes) -> None:
    failed(run("verify", "--note", "-", "--key", KEY, data=data))
    failed(run("verify", "--receipt", "-", data=data))
    failed(run(*files(tmp_path)[:2], "-", "--entry", tmp_path / "entry", "--key", KEY, data=data))


def test_a_key_may_lie_in_a_file(run: Any, tmp_path: Path) -> None:
    (tmp_path / "log.vkey").write_text(KEY + "\n")
    assert run(*files(tmp_path), "--key", tmp_path / "log.vkey").exit_code == 0
    (tmp_path / "bad.vkey").write_bytes(b"\xff" * 10_000)
    assert "not a verifier key" in misused(run(*files(tmp_path), "--key", tmp_path / "bad.vkey"))
    assert "neither a key nor a file" in misused(run(*files(tmp_path), "--key", tmp_path / "none.vkey"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--note", "-"],
        ["verify", "--note", "-", "--receipt", "-", "--key", KEY],
        ["verify", "--proof", "-", "--key", KEY],
        ["verify", "--entry", "-"],
        ["verify", "--key", KEY],
        ["verify", "--origin", "x"],
        ["verify", "--note", "-", "--key", "mistyped+00000000+AAAA"],
        ["verify", "--note", "-", "--key", KEY, "--every-checkpoint"],
        ["verify", "--receipt", "-", "--key", KEY, "--key", TESSERA],
        ["verify", "--note", "/nowhere/at/all", "--key", KEY],
        ["prove"],
        ["prove", "--", "-1"],
        ["prove", "first"],
        ["receipt", "3", "--with-verifier"],
        ["export"],
    ],
)
def test_misuse_is_told_apart_from_failure(run: Any, arguments: list[str]) -> None:
    assert misused(run(*arguments, data=b""))


@pytest.mark.parametrize("command", sorted(ledger.commands))
def test_help_teaches(run: Any, command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert len(done.stdout.split()) > 20


def test_the_command_is_among_the_others() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, check=True, text=True)
    assert "gleanwatch ledger verify" in done.stdout
