"""One act at a time: `consent allow`, `refuse`, `withdraw`, `object` and `dispute`.

Each is one command and one typed word, so that taking back takes exactly the steps that giving took (GDPR 7(3)). The
purpose is told before the word is asked for, and the notice is printed first where the person has not seen its present
text. `PurposeKey` reads purposes by key, or by a piece that only one key has, and lists them when it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from agent.cli import consent_words as words
from agent.cli.asking import Failure
from agent.cli.consent_desk import Desk
from agent.cli.consent_review import CONTROLS, make_sure_shown
from agent.cli.consent_show import print_meaning, print_now, print_purposes
from agent.model.consent import PurposeView
from agent.model.purposes import ActKind, Channel, Purpose

OPTIONAL: Final = tuple(p for p in Purpose if p.optional)
MANDATORY: Final = tuple(p for p in Purpose if not p.optional)

_WORD: Final[Mapping[ActKind, tuple[str, str]]] = {
    ActKind.GIVEN: ("allow", "allow this"),
    ActKind.REFUSED: ("refuse", "refuse this"),
    ActKind.WITHDRAWN: ("withdraw", "take your consent back"),
    ActKind.OBJECTED: ("object", "put on record that you object"),
}
_AFTER: Final[Mapping[ActKind, str]] = {
    ActKind.GIVEN: "Recorded. Take it back with one word, at any time: gleanwatch consent withdraw {key}",
    ActKind.REFUSED: "Recorded. It stays off, and nobody but you can see that you refused.",
    ActKind.WITHDRAWN: "Recorded. It is off now. Allow it again: gleanwatch consent allow {key}",
}


class PurposeKey(click.ParamType[Purpose]):
    """A purpose, by its key or by a piece that only one of the offered keys has, such as `diagnostics`."""

    name = "purpose"

    def __init__(self, offered: Iterable[Purpose], otherwise: str) -> None:
        self._offered = tuple(offered)
        self._otherwise = otherwise

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Purpose:
        """Return the purpose; what does not name exactly one is misuse, with the keys listed."""
        if isinstance(value, Purpose):
            return value
        text = str(value).strip().casefold()
        exact = [p for p in Purpose if p.value == text]
        found = exact or [p for p in self._offered if text and text in p.value]
        keys = ", ".join(p.value for p in self._offered)
        if len(found) != 1:
            self.fail(f"«{words.plain(str(value))}» names no single purpose. There are: {keys}.", param, ctx)
        if found[0] not in self._offered:
            self.fail(f"{found[0].value} {self._otherwise} Here: {keys}.", param, ctx)
        return found[0]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the keys that go on from what was typed."""
        return [CompletionItem(p.value) for p in self._offered if incomplete.casefold() in p.value]


ON_CONSENT: Final = PurposeKey(OPTIONAL, "rests on a notice, not on consent: see «gleanwatch consent object».")
ON_NOTICE: Final = PurposeKey(MANDATORY, "is optional: there is nothing to object to, it is «allow» or «withdraw».")


def find(views: Iterable[PurposeView], purpose: Purpose) -> PurposeView:
    """Return one purpose as the agent tells it.

    Raises:
        Failure: The agent does not know it, or nothing is done for it, so that there is nothing to answer.
    """
    for view in views:
        if view.purpose is purpose:
            if not view.in_use:
                raise Failure(f"nothing is done for {purpose.value} here, so there is nothing to answer.")
            return view
    raise Failure(f"the running agent does not know {purpose.value}: it may be older than the command line.")


def answer(desk: Desk, kind: ActKind, purpose: Purpose) -> None:
    """Tell one optional purpose, have one word typed, put it on record."""
    mode = desk.mode()
    view = find(desk.purposes(), purpose)
    if kind is ActKind.WITHDRAWN and (view.standing is None or view.standing.kind is not ActKind.GIVEN):
        raise Failure(f"there is no consent to take back. {words.last_word(view, mode)}")
    shown = make_sure_shown(desk)
    desk.say.print(Text(f"\n{view.title}", style="bold"))
    print_meaning(desk.say, view)
    print_now(desk.say, view, mode)
    desk.confirm(*_WORD[kind])
    desk.act(kind, purpose, shown, CONTROLS[kind])
    desk.say.print(_AFTER[kind].format(key=purpose.value))


def object_to(desk: Desk, purpose: Purpose | None) -> None:
    """Say what objecting does here, have it typed, put it on record."""
    mode, views = desk.mode(), desk.purposes()
    about = [v for v in views if not v.optional and v.in_use] if purpose is None else [find(views, purpose)]
    shown = make_sure_shown(desk)
    desk.say.print("\n[bold]You are about to object to:[/]")
    for view in about:
        desk.say.print(Text(f"  • {view.title} ({view.purpose.value})"))
    authorisation = words.needs_authorisation(views, mode)
    desk.say.print(Text(words.objection_means(mode, authorisation=authorisation)))
    desk.confirm(*_WORD[ActKind.OBJECTED])
    desk.act(ActKind.OBJECTED, purpose, shown, CONTROLS[ActKind.OBJECTED])
    desk.say.print()
    print_purposes(desk.say, desk.purposes(), mode)


def dispute(desk: Desk, entry: int) -> None:
    """Put on record that an earlier act was not the person's.

    Raises:
        Failure: There is no such act, or nothing to dispute about it.
    """
    mode = desk.mode()
    one = next((one for one in desk.history() if one.act.entry == entry), None)
    if one is None:
        raise Failure(f"entry {entry} is no act of yours on record. All of them: gleanwatch consent history")
    if one.disputed_by is not None:
        raise Failure(f"you said so before: it is on record as entry {one.disputed_by}.")
    if not one.can_dispute:
        raise Failure(f"there is nothing to dispute about entry {entry}: {words.told(one, mode)}.")
    desk.say.print(Text(f"Entry {entry}, {words.when(one.act.at)}: {words.told(one, mode)}", style="bold"))
    desk.say.print(Text(f"  {one.title} · {words.by(one.act)}", style="dim"))
    desk.say.print(
        "What it allowed is taken away, what it forbade stays forbidden. The entry itself stays: nothing on record is "
        "ever changed, the dispute is put beside it."
    )
    desk.confirm("not me", "put on record that this was not you")
    desk.send("dispute", {"entry": entry, "channel": Channel.TERMINAL.value, "control": "terminal.dispute"})
    desk.say.print("Recorded. If somebody else can use this account, change its password and lock your screen.\n")
    print_purposes(desk.say, desk.purposes(), mode)
