"""`consent review`: the notice, then one purpose after the other, each with its own answer.

The difference to what the person last answered comes first, then the whole text; that it was shown is put on record
once it stands on the screen. After that every purpose in use is told in plain words and asked about: a mandatory one
for «I have been shown this», an optional one for yes or no, with Enter meaning «later» everywhere. What was allowed
before can be taken back at the same place with the same one word. Nothing is assumed, nothing is preset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.cli import consent_words as words
from agent.cli.consent_desk import Desk, Shown
from agent.cli.consent_show import print_difference, print_meaning, print_notice, print_now, print_purposes
from agent.content.notices import said
from agent.model.consent import PurposeView
from agent.model.face import NoticeText
from agent.model.purposes import ActKind, Mode

CONTROLS: Mapping[ActKind, str] = {
    ActKind.SHOWN: "terminal.notice",
    ActKind.ACKNOWLEDGED: "terminal.acknowledge",
    ActKind.OBJECTED: "terminal.object",
    ActKind.AUTHORISED: "terminal.authorise",
    ActKind.GIVEN: "terminal.allow",
    ActKind.REFUSED: "terminal.refuse",
    ActKind.WITHDRAWN: "terminal.withdraw",
}
"""The id of the prompt that each act comes from, as its record keeps it."""


def review(desk: Desk) -> None:
    """Walk a person through the notice and every purpose in use.

    Raises:
        Failure: Something could not be recorded, or the person ended it; what was answered before stays on record.
    """
    mode = desk.mode()
    shown = show_notice(desk, desk.notice(), desk.difference())
    desk.say.print("\nThis is the whole notice; scroll up to read it. Its purposes follow one by one.")
    desk.line("Enter to go on")
    asked = [view for view in desk.purposes() if view.in_use]
    authorisation = words.needs_authorisation(asked, mode)
    for number, view in enumerate(asked, 1):
        desk.say.print()
        desk.say.rule(Text(f"{number} of {len(asked)}  {view.title}", style="bold"), align="left", style="dim")
        print_meaning(desk.say, view)
        print_now(desk.say, view, mode)
        answered = ask(desk, question(view, mode, shown.notice.language, authorisation=authorisation))
        if answered is not None:
            desk.act(answered, view.purpose, shown, CONTROLS[answered])
            desk.say.print("  [dim]Recorded.[/]")
    desk.say.print()
    desk.say.rule(Text("Where it stands now", style="bold"), align="left", style="dim")
    print_purposes(desk.say, desk.purposes(), mode)


def show_notice(desk: Desk, notice: NoticeText, difference: Sequence[tuple[str, str]] = ()) -> Shown:
    """Print the notice, what changed first, and put on record that it was shown."""
    if difference:
        print_difference(desk.say, difference)
    print_notice(desk.say, notice)
    if notice.language != desk.language:
        desk.say.print(
            f"[yellow]This notice is not there in the language you asked for ({desk.language}); "
            f"this is its text in {notice.language}.[/]"
        )
    shown = Shown(notice, desk.monotonic())
    desk.act(ActKind.SHOWN, None, shown, CONTROLS[ActKind.SHOWN], timed=False)
    return shown


def make_sure_shown(desk: Desk) -> Shown:
    """Return the notice that holds, printed now unless the person was shown exactly this text before.

    An answer names the text it was given to, so that text must have been before the person at some time.
    """
    notice = desk.notice()
    for one in desk.history():
        same = one.act.kind is ActKind.SHOWN and one.act.notice_sha256 == notice.sha256
        if same and not one.erased and one.disputed_by is None:
            desk.say.print(
                Text(
                    f"The notice that you were shown on {words.when(one.act.at)} still holds. "
                    f"Read it again: {words.REVIEW}",
                    style="dim",
                )
            )
            return Shown(notice, None)
    return show_notice(desk, notice, desk.difference())


@dataclass(frozen=True, slots=True)
class Option:
    """One word that can be typed: what it is called on the page too, and the act it stands for; None does nothing."""

    word: str
    label: str
    kind: ActKind | None


def ask(desk: Desk, options: Sequence[Option]) -> ActKind | None:
    """Show what can be typed, none before the other, and return what was."""
    print_options(desk.say, options)
    return desk.choose("Your answer", typed_words(options))


def print_options(say: Console, options: Sequence[Option]) -> None:
    """Print each word with its meaning, in one table, all in the same type."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for option in options:
        table.add_row(Text(option.word or "Enter", style="bold"), Text(option.label))
    say.print(Padding(table, (0, 0, 0, 2), expand=False))


def typed_words(options: Sequence[Option]) -> Mapping[str, ActKind | None]:
    """Return what each typed word stands for; words that mean the same as an offered one are taken as well."""
    known = {option.word: option.kind for option in options}
    same = {"seen": "yes", "object": "no", "yes": "seen", "no": "object", "authorize": "authorise"}
    return known | {word: known[other] for word, other in same.items() if other in known and word not in known}


def question(view: PurposeView, mode: Mode, language: str, *, authorisation: bool) -> Sequence[Option]:
    """Return what can be said about one purpose now.

    Args:
        view: The purpose.
        mode: How this instance runs.
        language: The notice's, which names the words' meanings.
        authorisation: Whether mandatory purposes wait for an express authorisation here.
    """
    if not view.optional:
        return about_notice(mode, language, authorisation=authorisation, answered=view.standing is not None)
    given = view.standing is not None and view.standing.kind is ActKind.GIVEN
    allow = Option("allow", said(language, "press", "agree"), ActKind.GIVEN)
    refuse = Option("refuse", said(language, "press", "refuse"), ActKind.REFUSED)
    withdraw = Option("withdraw", said(language, "press", "withdraw"), ActKind.WITHDRAWN)
    if given and view.gate.reason == "notice_changed":
        # The consent was to another text: it opens nothing now, and can be given anew as well as taken back.
        return (allow, withdraw, _later(answered=True))
    return (withdraw, _later(answered=True)) if given else (allow, refuse, _later(answered=view.standing is not None))


def about_notice(mode: Mode, language: str, *, authorisation: bool, answered: bool) -> Sequence[Option]:
    """Return what can be said about purposes that rest on the notice, one or all at once."""
    if mode is Mode.PERSONAL:
        # Here it is the person's own choice, so it is asked as one.
        yes = Option("yes", said(language, "press", "start"), ActKind.ACKNOWLEDGED)
        no = said(language, "press", "stop" if answered else "not_start")
        return (yes, Option("no", no, ActKind.OBJECTED), _later(answered=answered))
    agrees = (
        Option("authorise", said(language, "press", "authorise"), ActKind.AUTHORISED)
        if authorisation
        else Option("seen", said(language, "press", "shown"), ActKind.ACKNOWLEDGED)
    )
    return (agrees, Option("object", said(language, "press", "object"), ActKind.OBJECTED), _later(answered=answered))


def _later(*, answered: bool) -> Option:
    return Option("", "leave it as it is" if answered else "decide later", None)
