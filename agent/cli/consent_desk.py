"""A person at a terminal, with the agent behind it: what is shown, what is typed, what is put on record.

A `Desk` joins three things that tests replace by real ones of their own: where text goes, where a typed line comes
from, and who answers the control commands. `Desk.to_read` only shows; `Desk.to_answer` insists on a terminal at both
ends first, because an answer is typed by a person and never taken from a pipe, an argument or a script (DESIGN 3.10).

Every act carries the hash of the notice that was on the screen, the id of the prompt that was answered and how long the
text stood there (milliseconds, by a clock that never goes back).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click
import msgspec
from rich.console import Console

from agent.cli.asking import Answer, Failure, ask, this_instance
from agent.cli.show import console
from agent.content.notices import LANGUAGES, best_language
from agent.model.consent import ActView, PurposeView
from agent.model.face import NoticeText
from agent.model.purposes import ActKind, Mode, Purpose
from agent.settings.clock import SystemClock

Send = Callable[[str, Mapping[str, object]], Answer]
"""Runs one control command; raises `Failure` where it cannot be done."""

Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice that stands on the screen.

    Attributes:
        notice: Which text.
        at: When it had been printed, seconds by the desk's clock; None where it was not printed now, because the
            person had been shown exactly this text before.
    """

    notice: NoticeText
    at: float | None


@dataclass(frozen=True, slots=True)
class Desk:
    """One conversation at a terminal.

    Attributes:
        say: Where text for the person goes.
        read: Asks with a prompt and returns the line that was typed, without its end.
        monotonic: Seconds that never go back.
        send: Runs one control command.
        language: The language that the notice and the purposes are wanted in.
    """

    say: Console
    read: Callable[[str], str]
    monotonic: Callable[[], float]
    send: Send
    language: str

    @classmethod
    def to_read(cls, language: str | None = None) -> Desk:
        """Return a desk that shows things, whether or not anybody sits there."""
        instance = this_instance()
        return cls(
            console(),
            typed_line,
            SystemClock().monotonic,
            lambda command, args: ask(instance, command, args),
            language or language_of(os.environ),
        )

    @classmethod
    def to_answer(cls, language: str | None = None) -> Desk:
        """Return a desk that may ask.

        Raises:
            Failure: There is no terminal, or only on one side.
        """
        need_terminal()
        return cls.to_read(language)

    def mode(self) -> Mode:
        """Return how this instance runs."""
        return Mode(self.send("status", {}).result["mode"])

    def purposes(self) -> list[PurposeView]:
        """Return every purpose, mandatory ones first."""
        return [msgspec.convert(one, PurposeView) for one in self.send("purposes", {"language": self.language}).items]

    def history(self) -> list[ActView]:
        """Return every act on record, newest first."""
        return [msgspec.convert(one, ActView) for one in self.send("history", {"language": self.language}).items]

    def notice(self) -> NoticeText:
        """Return the notice that holds now."""
        return msgspec.convert(self.send("notice", {"language": self.language}).result, NoticeText)

    def difference(self) -> list[tuple[str, str]]:
        """Return what changed since the person last answered; empty when nothing did."""
        lines = self.send("difference", {"language": self.language}).result["lines"]
        return [(str(mark), str(line)) for mark, line in lines or ()]

    def act(
        self, kind: ActKind, purpose: Purpose | None, shown: Shown, control: str, *, timed: bool = True
    ) -> Sequence[Mapping[str, object]]:
        """Put an act on record and return the gates that hold afterwards.

        Args:
            kind: What was done.
            purpose: About what; None for every mandatory purpose in use.
            shown: The text that the person had before them.
            control: The prompt that was answered.
            timed: Whether the time since the text was printed says something; not for the showing itself.
        """
        dwell = None if shown.at is None or not timed else round((self.monotonic() - shown.at) * 1000)
        args = {
            "purpose": None if purpose is None else purpose.value,
            "kind": kind.value,
            "notice_sha256": shown.notice.sha256,
            "channel": "terminal",
            "control": control,
            "dwell_ms": dwell,
        }
        gates: Sequence[Mapping[str, object]] = self.send("act", args).result
        return gates

    def line(self, prompt: str) -> str:
        """Have one line typed and return it without the space around it.

        Raises:
            Failure: The person ended it, by Ctrl-C or the end of input.
        """
        try:
            return self.read(prompt).strip()
        except (click.Abort, EOFError, KeyboardInterrupt):
            self.say.print()
            raise Failure("ended. What you had answered before is on record, nothing else is.") from None

    def choose(self, prompt: str, words: Mapping[str, Choice]) -> Choice:
        """Ask until one of the words is typed; the empty word stands for Enter.

        Raises:
            Failure: The person ended it, by Ctrl-C or the end of input.
        """
        while True:
            typed = self.line(prompt).casefold()
            if typed in words:
                return words[typed]
            self.say.print("  [yellow]Not understood; nothing was recorded.[/]")

    def confirm(self, word: str, does: str) -> None:
        """Have one word typed before something is done.

        Raises:
            Failure: Something else was decided; nothing was changed.
        """
        if not self.choose(f"Type «{word}» to {does}, or Enter to leave it", {word: True, "": False}):
            raise Failure("nothing was changed.")


def need_terminal() -> None:
    """Make sure that a person can read and type.

    Raises:
        Failure: Standard input or output is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure("an answer is typed by a person at a terminal, never read from a pipe. Or use your page.")


def typed_line(prompt: str) -> str:
    """Ask at the terminal and return the typed line."""
    typed: str = click.prompt(prompt, default="", show_default=False)
    return typed


def language_of(env: Mapping[str, str]) -> str:
    """Return which of our languages this environment asks for; English where it asks for none of them.

    Args:
        env: LC_ALL, else LC_MESSAGES, else LANG decides, as POSIX has it: `de_AT.UTF-8` asks for German.
    """
    named = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return best_language([named], LANGUAGES)


def _known_language(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    # What is not there falls back to the first: what was asked for by name is refused instead.
    chosen = best_language([value], ["", *LANGUAGES])
    if not chosen:
        raise click.BadParameter(f"«{value}» is not there. There are: {', '.join(LANGUAGES)}.")
    return chosen


language_option = click.option(
    "--language",
    metavar="CODE",
    callback=_known_language,
    help="Language of notice and purposes: en, de, fr, es or nb. Default: as the environment says.",
)
