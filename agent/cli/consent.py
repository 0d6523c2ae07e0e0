"""`gleanwatch consent`: read the notice, answer it, take an answer back, keep proofs of it, have things erased.

The commands stand here with what `--help` teaches; what they do is in `consent_review` (the notice and every purpose),
`consent_act` (one act), `consent_show`, `consent_files` (receipts and export), `consent_qr` and `consent_erase`. An
answer is typed by a person at a terminal, never taken from a pipe or an argument (DESIGN 3.10). Everything goes through
the agent's one `Face`, as on the page, whether or not an agent runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click

from agent.cli import consent_act as acts
from agent.cli.asking import Failure, ask, opened_once, this_instance
from agent.cli.consent_desk import Desk, language_option
from agent.cli.group import Teaching
from agent.cli.pager import paged, pager_option
from agent.cli.progress import progress
from agent.cli.show import console, json_option, print_json
from agent.model.consent import Erasable, Ground
from agent.model.purposes import ActKind, GateState, Purpose

OPTIONAL_KEYS: Final = "\b\nPURPOSE is one of:\n" + "\n".join(f"  {p.value}" for p in acts.OPTIONAL)
MANDATORY_KEYS: Final = "\b\nPURPOSE is one of:\n" + "\n".join(f"  {p.value}" for p in acts.MANDATORY)
ORDER: Final = (
    "show notice review allow refuse withdraw object pause resume history dispute receipts export erase".split()  # noqa: SIM905 - one line instead of sixteen
)


class InOrder(Teaching):
    """Subcommands in the order in which a person meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(ORDER)


@click.group(cls=InOrder, invoke_without_command=True)
@click.pass_context
def consent(ctx: click.Context) -> None:
    """Read the notice; answer it, purpose by purpose; prove it; take it back; have things erased.

    \b
    Where things stand:        gleanwatch consent
    Read and answer:           gleanwatch consent review
    Say no, or stop:           gleanwatch consent object
    Rest for an hour:          gleanwatch consent pause
    Take a consent back:       gleanwatch consent withdraw PURPOSE
    Proofs to keep:            gleanwatch consent receipts --out FOLDER
    Everything about you:      gleanwatch consent export FOLDER

    A purpose is one reason for looking at something. Some rest on a notice: you can object to them, and «seen» says
    that you were shown it, not that you agree. Others rest on your consent: they are off until you allow them, and
    refusing costs you nothing. Every answer is one entry in a record
    in which a later change can be found out.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@consent.command()
@language_option
@pager_option
@json_option
def show(language: str | None = None, no_pager: bool = False, as_json: bool = False) -> None:
    """Say of each purpose whether it is on, when it starts, why, and what you said of it.

    \b
    gleanwatch consent
    gleanwatch consent show --language fr
    gleanwatch consent show --json
    """
    from agent.cli.consent_show import print_purposes, purposes_json

    desk = Desk.to_read(language)
    mode, views = desk.mode(), desk.purposes()
    if as_json:
        purposes_json(views, mode)
        return
    with paged(no_pager) as say:
        print_purposes(say, views, mode)
        say.print("Read and answer: gleanwatch consent review", style="dim")


@consent.command()
@language_option
@pager_option
@json_option
def notice(language: str | None, no_pager: bool, as_json: bool) -> None:
    """Read the notice that holds now. Nothing is asked and nothing put on record.

    To answer it: gleanwatch consent review

    \b
    gleanwatch consent notice
    gleanwatch consent notice --language nb > notice.md
    """
    from agent.cli.consent_show import print_notice

    text = Desk.to_read(language).notice()
    if as_json:
        print_json(text)
    elif not sys.stdout.isatty():
        click.echo(text.text, nl=False)
    else:
        with paged(no_pager) as say:
            print_notice(say, text)


@consent.command()
@language_option
def review(language: str | None) -> None:
    """Read the notice and answer purpose by purpose.

    What changed since you last answered comes first. Then each purpose on its own: what it means, its legal basis, who
    sees it, how long it is kept. Type one word, or just Enter to decide later. Ctrl-C ends it; what you had answered
    before stays.

    Into a file or a pipe only the text is printed; nothing is asked and nothing put on record.

    \b
    gleanwatch consent review
    gleanwatch consent review --language de
    gleanwatch consent review > notice.md
    """
    from agent.cli.consent_review import review as walk

    if not sys.stdout.isatty():
        click.echo(Desk.to_read(language).notice().text, nl=False)
    walk(Desk.to_answer(language))


@consent.command(epilog=OPTIONAL_KEYS)
@click.argument("purpose", type=acts.ON_CONSENT)
@language_option
def allow(purpose: Purpose, language: str | None) -> None:
    """Allow an optional purpose. Off until you do; one word takes it back.

    \b
    gleanwatch consent allow self.longer-history
    gleanwatch consent allow longer-history        a piece of the key is enough
    """
    acts.answer(Desk.to_answer(language), ActKind.GIVEN, purpose)


@consent.command(epilog=OPTIONAL_KEYS)
@click.argument("purpose", type=acts.ON_CONSENT)
@language_option
def refuse(purpose: Purpose, language: str | None) -> None:
    """Say no to an optional purpose, so that you are not asked again.

    Not answering counts as no as well. Nobody but you can see who refused: this never leaves the computer.

    \b
    gleanwatch consent refuse diagnostics
    """
    acts.answer(Desk.to_answer(language), ActKind.REFUSED, purpose)


@consent.command(epilog=OPTIONAL_KEYS)
@click.argument("purpose", type=acts.ON_CONSENT)
@language_option
def withdraw(purpose: Purpose, language: str | None) -> None:
    """Take back your consent to an optional purpose. Works at once.

    As many steps as allowing took: this command and one word. What was done before stays lawful; from now on nothing
    more is done, and what still waited to be sent is thrown away.

    \b
    gleanwatch consent withdraw longer-history
    """
    acts.answer(Desk.to_answer(language), ActKind.WITHDRAWN, purpose)


@consent.command("object", epilog=MANDATORY_KEYS)
@click.argument("purpose", type=acts.ON_NOTICE, required=False)
@language_option
def object_to(purpose: Purpose | None, language: str | None) -> None:
    """Object to one purpose that rests on the notice, or to all of them.

    On a computer of your own it stops at once. Under an organisation it is put on record, and the data of that purpose
    stays on this computer until your objection is answered or you take it back; whether the watching goes on meanwhile
    depends on the law that holds there, and you are told before you type anything.

    \b
    gleanwatch consent object
    gleanwatch consent object compliance.signed-report
    """
    acts.object_to(Desk.to_answer(language), purpose)


@consent.command()
@click.option("--minutes", type=click.IntRange(1, 1440), default=60, show_default=True, help="How long.")
@json_option
def pause(minutes: int, as_json: bool) -> None:
    """Stop watching for a while: an hour, or as many minutes as you say. It goes on by itself afterwards.

    Nobody asks why, and nobody is told: it is no act, needs no reason, and is never reported. Your own record keeps
    that watching stopped and started again, and when.

    \b
    gleanwatch consent pause
    gleanwatch consent pause --minutes 15
    gleanwatch consent resume                      go on at once
    """
    from agent.cli.show import moment

    _pause(minutes)
    until = ask(this_instance(), "status").result["paused_until"]
    if as_json:
        print_json({"paused_until": until})
        return
    say = console()
    say.print(f"Paused until {moment(until)}: nothing is watched. No reason is asked, and it is not reported.")
    say.print("Go on at once: gleanwatch consent resume")


@consent.command()
@json_option
def resume(as_json: bool) -> None:
    """End a pause: what your answers allow is watched again at once.

    \b
    gleanwatch consent resume
    """
    held = _pause(0)
    watching = any(gate["purpose"] == Purpose.DETECT.value and gate["state"] == GateState.OPEN.value for gate in held)
    if as_json:
        print_json({"paused_until": None, "watching": watching})
    elif watching:
        console().print("No pause any more: watching goes on.")
    else:
        console().print("No pause any more. Nothing is watched for another reason; which one says: gleanwatch consent")


def _pause(minutes: int) -> list[Any]:
    held: list[Any] = ask(this_instance(), "pause", {"minutes": minutes}).result
    return held


@consent.command()
@language_option
@pager_option
@json_option
def history(language: str | None, no_pager: bool, as_json: bool) -> None:
    """Show everything on record about you, newest first: shown, answered, withdrawn, erased.

    \b
    gleanwatch consent history
    gleanwatch consent history --json
    """
    from agent.cli.consent_show import history_json, print_history

    desk = Desk.to_read(language)
    if as_json:
        history_json(desk.history())
        return
    acts_of_record, mode = desk.history(), desk.mode()
    with paged(no_pager) as say:
        print_history(say, acts_of_record, mode)


@consent.command()
@click.argument("entry", type=click.IntRange(min=0))
@language_option
def dispute(entry: int, language: str | None) -> None:
    """Say of an entry: «that was not me».

    ENTRY is its number in «gleanwatch consent history». What that act allowed is taken away at once; what it forbade
    stays forbidden. The entry stays in the record with your dispute beside it.

    \b
    gleanwatch consent dispute 12
    """
    acts.dispute(Desk.to_answer(language), entry)


@consent.command()
@click.argument("entry", type=click.IntRange(min=0), required=False)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the receipts into this folder.")
@click.option("--qr", is_flag=True, help="Show the receipt of ENTRY as a QR code, to take it away on a phone.")
@language_option
@json_option
def receipts(entry: int | None, out: Path | None, qr: bool, language: str | None, as_json: bool) -> None:
    """Check the proof of each of your answers now, and take the receipts with you.

    A receipt is one small file that proves one entry of the record: what was answered, to which text, when, and that it
    has not been changed since. It comes with verify_receipt.py, one file that checks it without Gleanwatch and without
    this computer. It proves when the entry was made and that it is unchanged; that it was you rests on your session.

    \b
    gleanwatch consent receipts                    check all of them now
    gleanwatch consent receipts --out receipts     write them, with their checker
    gleanwatch consent receipts 12 --out .         only entry 12
    gleanwatch consent receipts 12 --json          the receipt itself
    gleanwatch consent receipts 12 --qr            as a picture in the terminal
    python verify_receipt.py receipt-12.json       check it, anywhere
    """
    from agent.cli import consent_files as kept

    desk = Desk.to_read(language)
    click.get_current_context().with_resource(opened_once(this_instance()))
    if qr:
        from agent.cli.consent_qr import print_qr

        if entry is None:
            raise click.UsageError("a QR code holds one receipt: name its ENTRY.")
        print_qr(desk, entry)
        return
    if as_json and entry is not None and out is None:
        print_json(desk.send("receipt", {"entry": entry}).result)
        return
    found = kept.with_receipts(desk.history(), entry)
    if not found:
        raise Failure(
            "nothing is on record yet that a receipt could prove."
            if entry is None
            else f"entry {entry} is no answer of yours that a receipt is kept of. See: gleanwatch consent history"
        )
    entries = [one.act.entry for one in found if one.act.entry is not None]
    if out is not None:
        written = kept.write_receipts(desk, entries, out)
        if as_json:
            print_json({"folder": str(out), "files": [path.name for path in written]})
            return
        kept.print_files(desk.say, out, {path.name: path.stat().st_size for path in written})
        example = written[0].name
        desk.say.print(f"Check one, here or anywhere else: python {kept.VERIFIER} {example}", soft_wrap=True)
        return
    checks: dict[int, Any] = {}
    with progress("Verifying each proof") as tell:
        for number in entries:
            tell(len(checks), len(entries))
            checks[number] = kept.check(desk, number)
    if as_json:
        print_json({"receipts": [_receipt_json(one, checks[one.act.entry or 0]) for one in found]})
    else:
        kept.print_checks(desk.say, found, checks, desk.mode())
    if bad := [str(number) for number, proof in checks.items() if not proof.ok]:
        raise Failure(f"the proof of entry {', '.join(bad)} does not hold. Say why: gleanwatch ledger verify")


@consent.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@json_option
def export(folder: Path, as_json: bool) -> None:
    """Write everything about you into a new folder: records, notices, receipts, proofs, their checker.

    FOLDER must be empty or not there yet. Open index.html in it to read it; the rest is for programs and for whoever
    checks it. It is not encrypted: keep it where only you can read it.

    \b
    gleanwatch consent export my-gleanwatch
    """
    from agent.cli.consent_files import export_to, print_files

    wanted = folder.expanduser().absolute()
    sizes = export_to(this_instance(), wanted)
    if as_json:
        print_json({"folder": str(wanted), "files": sizes})
        return
    say = console()
    print_files(say, wanted, sizes)
    if "index.html" in sizes:
        say.print(f"To read it, open: {wanted / 'index.html'}", soft_wrap=True)
    say.print("It is not encrypted: keep it where only you can read it.")


@consent.command()
@click.option("--what", type=click.Choice([w.value for w in Erasable]), help="What goes; asked for when not given.")
@click.option("--entry", type=click.IntRange(min=0), help="With --what record: the entry's number.")
@click.option(
    "--ground",
    type=click.Choice([g.value for g in Ground if g is not Ground.RETENTION]),
    help="Why; asked for when not given.",
)
@click.option("--preview", is_flag=True, help="Only say what would go and what would stay.")
@json_option
def erase(what: str | None, entry: int | None, ground: str | None, preview: bool, as_json: bool) -> None:
    """Have things about you erased, for good. Shows what would go and what would stay before anything does.

    What erasing means for the record: each of its entries is one line with a time, its kind and a sealed mark of its
    content; the content lies apart. Erasing deletes the content, the key it lay under and the salt of the mark, so that
    nobody can tell any more what it said, nor guess it. The line stays and a new one says that it was erased, when and
    why. So nothing can vanish unseen, and what was erased is gone all the same. Answers that still hold stay, since
    they are what forbids or allows something; withdraw first, then erase.

    \b
    gleanwatch consent erase                                asks for everything
    gleanwatch consent erase --what page-loads              asks for the ground
    gleanwatch consent erase --what record --entry 12 --preview
    gleanwatch consent erase --what all --preview --json    for programs
    """
    from agent.cli import consent_erase as erasing

    chosen = Erasable(what) if what is not None else None
    if entry is not None and chosen is not Erasable.RECORD:
        raise click.UsageError("--entry belongs to --what record.")
    if not preview:
        if as_json:
            raise click.UsageError("--json goes with --preview: erasing itself is confirmed by a person.")
        erasing.erase(Desk.to_answer(), chosen, entry, Ground(ground) if ground else None)
        return
    if chosen is None:
        raise click.UsageError("--preview needs --what.")
    desk = Desk.to_read()
    coming = erasing.preview(desk, chosen, entry)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(coming))
        return
    erasing.print_preview(desk.say, coming, "What would go")


def _receipt_json(one: Any, proof: Any) -> dict[str, Any]:
    return {
        "entry": one.act.entry,
        "at": one.act.at,
        "kind": one.act.kind.value,
        "purpose": one.act.purpose.value,
        "ok": proof.ok,
        "said": proof.said,
        "size": proof.size,
        "witnesses": list(proof.witnesses),
    }
