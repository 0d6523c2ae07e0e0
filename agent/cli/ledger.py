"""`gleanwatch ledger`: the record that nobody can quietly rewrite: verified, proved, given out, exported, rotated.

What concerns our own log is asked of the agent, or done by the same code where none runs (`asking.py`); progress comes
as items on the way. What lies in files is checked here, by `checking.py`, with no instance and no agent: notes,
checkpoints and proofs in the open C2SP formats, whoever made them. Nothing is given out that was not checked first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
import msgspec
from rich.text import Text

from agent.cli import checking
from agent.cli.asking import Failure, NotRunning, ask, follow, this_instance
from agent.cli.checking import Refused, VKey, plain
from agent.cli.group import Teaching
from agent.cli.progress import progress
from agent.cli.show import console, hang, json_option, print_json
from agent.ledger.merkle import MAX_SIZE
from agent.ledger.note import NoteError, VerifierKey

_MOST = 4 << 20
"""Bytes of a file that is still read for checking; the formats have lower limits of their own."""

_ROTATION = """[bold]Rotation[/] closes the log that is being written and opens a new one under a new name, by the \
same key. The last entry of the old one and the first of the new one name each other, so nothing can be slipped in \
between. It keeps a log from growing for ever, and apart from the next one when all that it tells of has run out of \
time. Nothing is deleted. Receipts of the old log go on being good. Witnesses must be told the new name. \
[bold]It cannot be undone.[/]"""


@click.group(cls=Teaching)
def ledger() -> None:
    """The record of notices and acts that nobody can quietly rewrite.

    Every act and every start and stop is an entry in a Merkle tree; each time something is added, the tree's root is
    signed. An entry shows nothing of what it is about: that lies elsewhere, tied to it by a salted hash, and can be
    erased while the record stays whole.

    \b
    Is my record unchanged?        gleanwatch ledger verify
    A receipt to take away:        gleanwatch ledger receipt 7 --out receipt.json --with-verifier
    Is this receipt good?          gleanwatch ledger verify --receipt receipt.json
    Somebody else's checkpoint:    gleanwatch ledger verify --note checkpoint --key example.com/log+33d7b496+AeHT…
    """


# Verification


@ledger.command()
@click.option(
    "--every-checkpoint", is_flag=True, help="Own log: verify the signature of every checkpoint, not only the last."
)
@click.option("--note", type=click.File("rb"), help="A signed note or checkpoint of any log; - for standard input.")
@click.option("--proof", type=click.File("rb"), help="A C2SP tlog-proof of any log; needs --entry and --key.")
@click.option("--entry", type=click.File("rb"), help="The entry that the proof is about, byte for byte.")
@click.option("--receipt", type=click.File("rb"), help="A receipt that Gleanwatch gave out.")
@click.option("--key", "keys", type=VKey(), multiple=True, help="Verifier key of the log, or a file that holds it.")
@click.option("--witness", "witnesses", type=VKey(), multiple=True, help="Key of a witness that must have cosigned.")
@click.option("--origin", help="With --proof: the log's name, where it is not the name of its key.")
@json_option
def verify(
    *,
    every_checkpoint: bool,
    note: IO[bytes] | None,
    proof: IO[bytes] | None,
    entry: IO[bytes] | None,
    receipt: IO[bytes] | None,
    keys: tuple[VerifierKey, ...],
    witnesses: tuple[VerifierKey, ...],
    origin: str | None,
    as_json: bool,
) -> None:
    """Check that a record is whole and unchanged. Exit code 1 when it is not.

    Without a file: this computer's own log, every entry, every root, the contents that are still there. With one: a
    checkpoint, a proof or a receipt, whoever made it; no agent is needed for that.

    \b
    gleanwatch ledger verify
    gleanwatch ledger verify --note checkpoint --key example.com/log+33d7b496+AeHT…
    gleanwatch ledger verify --proof 7.tlog-proof --entry 7.entry --key log.vkey --witness witness.vkey
    gleanwatch ledger verify --receipt receipt.json --key log.vkey
    """
    asked = [file for file in (note, proof, receipt) if file is not None]
    if len(asked) > 1:
        raise click.UsageError("One thing at a time: --note, --proof or --receipt.")
    if (entry is None) != (proof is None):
        raise click.UsageError("--proof and --entry go together: a proof is about one entry.")
    if origin is not None and proof is None:
        raise click.UsageError("--origin goes with --proof.")
    if not asked:
        if keys or witnesses:
            raise click.UsageError("--key and --witness go with --note, --proof or --receipt.")
        _verify_own(every_checkpoint, as_json)
        return
    if every_checkpoint:
        raise click.UsageError("--every-checkpoint is about this computer's own log.")
    if note is None and len(keys) > 1:
        raise click.UsageError("A proof or a receipt is of one log: give one --key.")
    if not keys and receipt is None:
        raise click.UsageError("Without a --key that you trust there is nothing to check against.")
    with _judged(as_json):
        if note is not None:
            found = checking.check_note(_read(note), keys, witnesses)
        elif proof is not None and entry is not None:
            found = checking.check_proof(_read(proof), _read(entry), keys[0], witnesses, origin)
        else:
            found = checking.check_receipt_data(_read(asked[0]), keys[0] if keys else None, witnesses)
        if as_json:
            print_json(found)
            return
        for line in checking.told(found):
            console().print(line, soft_wrap=True)


@contextmanager
def _judged(as_json: bool) -> Iterator[None]:
    """Turn what does not hold into exit code 1, said as a program or as a person wants it."""
    try:
        yield
    except Refused as problem:
        said = "".join(letter if letter.isprintable() else "?" for letter in str(problem))
        if as_json:
            print_json({"ok": False, "problem": said})
        raise Failure(f"it does not hold: {said}.") from None


def _verify_own(every_checkpoint: bool, as_json: bool) -> None:
    with progress("Verifying") as tell:
        result = _run(
            "ledger_verify",
            {"every_checkpoint": every_checkpoint},
            lambda i: tell(i["done"], i["of"], count=f"{i['done']}/{i['of']}"),
        )
    if as_json:
        print_json(result)
    else:
        say = console()
        for line in _told_own(result, every_checkpoint):
            point = line.removeprefix("  • ")
            if point != line:
                hang(say, Text.from_markup(point))
            else:
                say.print(line)
    if not result["ok"]:
        first = result["problems"][0] if result["problems"] else {"where": "the log", "what": "not said"}
        raise Failure(
            f"the ledger does not hold, first at {first['where']}: {first['what']}. "
            "Change nothing now: copy this instance's folder as it is and show it to whoever answers for it."
        )


def _told_own(result: Mapping[str, Any], every_checkpoint: bool) -> Iterator[str]:
    logs = f"{result['logs']} log{'' if result['logs'] == 1 else 's'}"
    if result["ok"]:
        yield f"[green]✓ The ledger is whole and unchanged:[/] {result['entries']:,} entries in {logs}."
    else:
        yield f"[red]✗ The ledger does NOT hold.[/] Looked at: {result['entries']:,} entries in {logs}."
        for problem in result["problems"]:
            yield f"  [red]{plain(problem['where'])}[/]: {plain(problem['what'])}"
    which = "every one" if every_checkpoint else "of the last one of each log"
    yield "What was checked:"
    yield f"  • every entry's hash, the tree over them, and its root at {result['checkpoints']:,} signed checkpoints"
    yield f"  • signatures of checkpoints ({which}): {result['signatures']:,}"
    yield f"  • contents that are still there, against their entries: {result['payloads']:,}"
    if result["erased"]:
        yield f"  • contents that were erased, each with an entry that says so: {result['erased']:,}"
    if result["witnesses"]:
        names = ", ".join(plain(name) for name in result["witnesses"])
        yield f"  • cosignatures by {names}: they have seen {result['witnessed']:,} entries of the open log"
    for remark in result["remarks"]:
        yield f"  • {plain(remark)}"


# What leaves the log


@ledger.command()
@json_option
def checkpoint(as_json: bool) -> None:
    """Print the last signed checkpoint: the log's name, number of entries, root and signatures.

    Whoever keeps a copy can show later that nothing up to it was changed. The key goes to standard error, so that the
    checkpoint itself can go into a file.

    \b
    gleanwatch ledger checkpoint > checkpoint
    """
    result = ask(this_instance(), "ledger_checkpoint").result
    if as_json:
        print_json(result)
        return
    click.echo(result["note"], nl=False)
    click.echo(f"To be verified with the key: {result['key']}", err=True)


@ledger.command()
@click.argument("index", metavar="INDEX", type=click.IntRange(0, MAX_SIZE - 1))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files. Default: this one."
)
@json_option
def prove(index: int, out: Path | None, as_json: bool) -> None:
    """Prove that an entry is in the log: entry, proof and key, in files that any C2SP tool reads.

    Writes INDEX.entry, INDEX.tlog-proof and INDEX.vkey. With --json and no --out nothing is written: the three are in
    the document. The content of the entry is not among them; for that, see «receipt».

    \b
    gleanwatch ledger prove 7 --out proof
    gleanwatch ledger verify --proof proof/7.tlog-proof --entry proof/7.entry --key proof/7.vkey
    """
    result = ask(this_instance(), "ledger_prove", {"entry": index}).result
    try:
        key = VerifierKey.parse(result["key"])
        checking.check_proof(result["proof"].encode(), result["entry"].encode(), key, (), None)
    except (Refused, NoteError) as problem:
        raise Failure(
            f"the proof does not hold and is not given out: {problem}. See: gleanwatch ledger verify"
        ) from None
    written: list[Path] = []
    if out is not None or not as_json:
        folder = out or Path()
        parts = (("entry", result["entry"]), ("tlog-proof", result["proof"]), ("vkey", result["key"] + "\n"))
        written = _write({folder / f"{index}.{ending}": text.encode() for ending, text in parts})
    if as_json:
        print_json({**result, "files": [str(path) for path in written]})
        return
    for path in written:
        console().print(f"[green]✓[/] {plain(str(path))}", soft_wrap=True)
    entry, proof, vkey = (str(path) for path in written)
    check = f"gleanwatch ledger verify --proof {proof} --entry {entry} --key {vkey}"
    console().print(f"It holds. Anybody can check it: {plain(check)}", soft_wrap=True)


@ledger.command()
@click.argument("index", metavar="INDEX", type=click.IntRange(0, MAX_SIZE - 1))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write. Default: standard output.")
@click.option(
    "--with-verifier", is_flag=True, help="With --out: put verify_receipt.py beside it, which checks it alone."
)
@json_option
def receipt(index: int, out: Path | None, with_verifier: bool, as_json: bool) -> None:
    """Give out the receipt of an entry: its content, its proof, the keys and the notice, in one JSON document.

    It is yours, and holds what you said in clear: give it to whom you like, and to nobody else.

    \b
    gleanwatch ledger receipt 7 --out receipt.json --with-verifier
    python verify_receipt.py receipt.json
    """
    if with_verifier and out is None:
        raise click.UsageError("--with-verifier needs --out: the verifier is put beside the receipt.")
    data = msgspec.json.encode(ask(this_instance(), "receipt", {"entry": index}).result)
    try:
        checking.check_receipt_data(data, None, ())
    except Refused as problem:
        raise Failure(
            f"the receipt does not hold and is not given out: {problem}. See: gleanwatch ledger verify"
        ) from None
    if out is None:
        click.echo(data.decode())
        return
    files = {out: data + b"\n"}
    if with_verifier:
        from agent.ledger.receipt import verifier

        files[out.parent / "verify_receipt.py"] = verifier()
    written = _write(files)
    if as_json:
        print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        console().print(f"[green]✓[/] {plain(str(path))}", soft_wrap=True)
    console().print(
        "It holds. Check it again at any time, anywhere: gleanwatch ledger verify --receipt FILE"
        + (", or without Gleanwatch: python verify_receipt.py FILE" if with_verifier else ""),
        soft_wrap=True,
    )


@ledger.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
def export(folder: Path, as_json: bool) -> None:
    """Write the whole log as plain files into DIR, which must be new or empty.

    Entries, tree, checkpoints, cosignatures and keys, in the open formats (C2SP tlog-tiles), each log in a folder of
    its own. Contents are not among them: what you said comes with «gleanwatch consent export».

    \b
    gleanwatch ledger export my-log
    gleanwatch ledger verify --note my-log/log-1/checkpoint --key my-log/log-1/key
    """
    from agent.cli.consent_files import export_to, print_files

    wanted = folder.expanduser().absolute()
    sizes = export_to(this_instance(), wanted, "ledger_export")
    if as_json:
        print_json({"folder": str(wanted), "files": sizes})
        return
    print_files(console(), wanted, sizes)
    console().print("Other tools that know C2SP tlog-tiles read it as it stands.")


@ledger.command()
@json_option
def rotate(as_json: bool) -> None:
    """Close the log that is being written and open the next one. Asks first, at a terminal.

    \b
    gleanwatch ledger rotate
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failure("rotation is confirmed by a person at a terminal, never by a pipe. Nothing was changed.")
    console(stderr=True).print(_ROTATION)
    typed: str = click.prompt(
        "Type «rotate» to do it, anything else to leave it", default="", show_default=False, err=True
    )
    if typed.strip() != "rotate":
        raise Failure("nothing was changed.")
    result = ask(this_instance(), "ledger_rotate").result
    if as_json:
        print_json(result)
        return
    console().print(f"[green]✓[/] Closed: {plain(result['closed'])}", soft_wrap=True)
    console().print(f"[green]✓[/] Opened: {plain(result['opened'])}", soft_wrap=True)


# Between the agent and the disk


def _run(command: str, args: Mapping[str, object], each: Callable[[Any], None]) -> Any:
    """Ask the agent, or the instance itself; call `each` with every item as it comes, and return the result."""
    instance = this_instance()
    held: list[Any] = []
    try:
        # Which one is the result is known when nothing comes after it.
        for value in follow(instance, command, args):
            for before in held:
                each(before)
            held = [value]
    except NotRunning:
        answer = ask(instance, command, args)
        for item in answer.items:
            each(item)
        return answer.result
    return held[0]


def _write(files: Mapping[Path, bytes]) -> list[Path]:
    """Write new files, readable by their owner only, and return their paths; never over an existing one."""
    for path in files:
        if path.exists():
            raise Failure(f"{path} is there already, and is not written over. Name another place, or remove it first.")
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(data)
    except OSError as problem:
        raise Failure(f"{problem.filename} could not be written: {_why(problem)}.") from None
    return list(files)


def _why(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or type(problem).__name__


def _read(file: IO[bytes]) -> bytes:
    data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise Refused(f"a file of more than {_MOST} bytes is not read")
    return data
