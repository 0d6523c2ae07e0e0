"""What a person takes away as files: `consent receipts` and `consent export`.

Receipts come one by one from the agent and are written as they came, beside the one-file verifier that checks them
without this program. The export arrives in parts (a frame holds 64 KiB), is written into a folder beside the wanted one
and moved into place whole, so that there is never half an export under its name. No file that is there already is
written over.
"""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from agent.cli import consent_words as words
from agent.cli.asking import Failure, NotRunning, ask, follow
from agent.cli.consent_desk import Desk
from agent.cli.progress import progress
from agent.ledger.receipt import verifier
from agent.model.consent import ActView, ProofCheck
from agent.model.purposes import Mode
from agent.settings.instance import Instance

VERIFIER = "verify_receipt.py"


def receipt_name(entry: int) -> str:
    """Return the file name of an entry's receipt."""
    return f"receipt-{entry}.json"


def fetch_receipt(desk: Desk, entry: int) -> bytes:
    """Return one receipt as the JSON document that is kept.

    Raises:
        Failure: There is no such entry, or its content was erased.
    """
    receipt = desk.send("receipt", {"entry": entry}).result
    return msgspec.json.encode(receipt) + b"\n"


def with_receipts(acts: Iterable[ActView], only: int | None = None) -> list[ActView]:
    """Return the acts that have a receipt, oldest first: an erased one has none any more."""
    kept = [one for one in acts if one.act.entry is not None and not one.erased and only in (None, one.act.entry)]
    return sorted(kept, key=lambda one: one.act.entry or 0)


def check(desk: Desk, entry: int) -> ProofCheck:
    """Verify one entry now."""
    return msgspec.convert(desk.send("check", {"entry": entry}).result, ProofCheck)


def write_receipts(desk: Desk, entries: Sequence[int], folder: Path) -> list[Path]:
    """Write receipts and their verifier.

    Args:
        desk: Where they come from.
        entries: Which.
        folder: Where they go; made if it is not there.

    Returns:
        What was written.

    Raises:
        Failure: One of the files is there already, or cannot be written.
    """
    wanted = {folder / receipt_name(entry): entry for entry in entries}
    for path in wanted:
        if path.exists():
            raise Failure(f"{path} is there already and is not written over. Name another folder with --out.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, entry in wanted.items():
            _write(path, fetch_receipt(desk, entry))
        tool = folder / VERIFIER
        # The same program from an earlier time is left as it is.
        if not tool.exists():
            _write(tool, verifier())
    except OSError as problem:
        raise Failure(f"{folder} cannot be written to: {problem.strerror or type(problem).__name__}.") from None
    return [*wanted, tool]


def print_checks(say: Console, acts: Sequence[ActView], checks: Mapping[int, ProofCheck], mode: Mode) -> None:
    """Print acts with a mark for the proof that was verified just now."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("entry", justify="right", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", ratio=1)
    table.add_column("proof", no_wrap=True)
    for one in acts:
        proof = checks[one.act.entry or 0]
        mark = Text("✓ holds", style="green") if proof.ok else Text("✗ fails", style="bold red")
        said = Text(words.told(one, mode))
        said.append(f"\n{one.title}", style="dim")
        table.add_row(str(one.act.entry), words.when(one.act.at), said, mark)
    say.print(table)
    say.print(
        Text(
            "\n✓ means: content, place in the record and signature were verified just now. "
            + (
                f"Also seen and signed by: {', '.join(sorted(witnesses))}."
                if (witnesses := {words.plain(name) for proof in checks.values() for name in proof.witnesses})
                else "Nobody else has seen this record yet: if all of it were put back to an older copy, "
                "that would not be noticed."
            ),
            style="dim",
        )
    )
    for entry, proof in checks.items():
        if not proof.ok:
            say.print(Text(f"Entry {entry}: {proof.said}", style="red"))


def print_files(say: Console, folder: Path, names: Mapping[str, int]) -> None:
    """Say what lies in a folder: its files, and each folder in it with how many files it holds.

    Args:
        say: Where to.
        folder: The folder.
        names: Each file's name in it → its size, bytes.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for name, size in names.items():
        head, *rest = PurePosixPath(name).parts
        groups[head + "/" if rest else head].append(size)
    say.print(Text(f"{folder}", style="bold"), soft_wrap=True)
    for name, sizes in sorted(groups.items(), key=lambda pair: (not pair[0].endswith("/"), pair[0])):
        many = f"{len(sizes)} file{'s' if len(sizes) > 1 else ''}, " if name.endswith("/") else ""
        say.print(Text.assemble(f"  {name:<28}", (f"{many}{_size(sum(sizes))}", "dim")))


def export_to(instance: Instance, folder: Path, command: str = "export") -> dict[str, int]:
    """Write everything about the person into a new folder; or, with `ledger_export`, the log alone.

    Returns:
        Each file's name → its size, bytes.

    Raises:
        Failure: The folder holds something, cannot be written, or the agent sent what cannot be a file.
    """
    refuse_unless_empty(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as problem:
        raise Failure(f"{folder} cannot be written to: {problem.strerror or type(problem).__name__}.") from None
    try:
        with progress("Putting it together") as tell:
            # How much there will be is not known before it has come: the bytes are counted.
            sizes = write_parts(
                _parts(instance, command),
                aside,
                lambda name, written: tell(written, what=name.partition("/")[0], count=_size(written)),
            )
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
    except OSError as problem:
        raise Failure(f"{folder} cannot be written to: {problem.strerror or type(problem).__name__}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sizes


def refuse_unless_empty(folder: Path) -> None:
    """Make sure that nothing lies where an export goes.

    Raises:
        Failure: It is a file, or a folder with something in it.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Failure(f"{folder} is no folder. Name one that is empty or not there yet.")
    if folder.is_dir() and any(folder.iterdir()):
        raise Failure(f"{folder} is not empty, and nothing in it is written over. Name an empty or a new folder.")


def write_parts(parts: Iterable[Any], folder: Path, tell: Callable[[str, int], None]) -> dict[str, int]:
    """Write files that come in parts, one file after the other.

    Args:
        parts: `{"name", "part" (base64), "last"}` in order.
        folder: An existing folder.
        tell: Hears each file's name and how many bytes are written in all.

    Returns:
        Each file's name → its size, bytes.

    Raises:
        Failure: A name would leave the folder or comes twice, a part is no base64, or the last part is missing.
        OSError: It cannot be written.
    """
    sizes: dict[str, int] = {}
    current, content, written = "", bytearray(), 0
    for part in parts:
        name = str(part["name"])
        if current not in ("", name) or name in sizes:
            raise Failure("the agent's export is out of order. Nothing was kept; try again.")
        current = name
        try:
            content += base64.b64decode(part["part"], validate=True)
        except (binascii.Error, ValueError):
            raise Failure("the agent's export cannot be read. Is it another release? Nothing was kept.") from None
        if part["last"]:
            _write(_inside(folder, name), bytes(content))
            sizes[name] = len(content)
            written += len(content)
            tell(name, written)
            current, content = "", bytearray()
    if current:
        raise Failure("the agent's export ended in the middle of a file. Nothing was kept; try again.")
    return sizes


def _parts(instance: Instance, command: str) -> Iterator[Any]:
    """The export as it comes from the running agent; all at once where none runs."""
    try:
        before = None
        for item in follow(instance, command):
            if before is not None:
                yield before
            before = item  # the last thing to come is the command's result and no part
    except NotRunning:
        yield from ask(instance, command).items


def _inside(folder: Path, name: str) -> Path:
    """Return where a file goes; its name is the agent's word and is not trusted to stay in the folder."""
    relative = PurePosixPath(name)
    if not name or "\\" in name or ":" in name or relative.is_absolute() or ".." in relative.parts:
        raise Failure("the agent named a file outside of the export's folder. Nothing was kept.")
    path = folder.joinpath(*relative.parts)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"
