"""Groups of commands that teach: a misspelt name gets a suggestion, the list of commands is read in full.

    what was typed → click's parser → a command; or one line on stderr that says what was meant and where help is

`Teaching` is the class of every group of the command line. The top one (`main.py`) also ends every failure as the
contract has it (DESIGN 5): one line on stderr that says what to do, exit code 1 for failure and 2 for misuse.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click


class Teaching(click.Group):
    """A group whose help shows every command's first sentence whole, and which knows what a misspelt name meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named, or say which one was probably meant."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        meant = get_close_matches(name.casefold(), self.list_commands(ctx), n=2, cutoff=0.5)
        said = f"There is no command «{_plain(name)}»."
        raise click.UsageError(f"{said} Did you mean: {' or '.join(meant)}?" if meant else said, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the whole first sentence of each."""
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(400)) for name, one in known if one is not None])


class TopGroup(Teaching):
    """The command itself: ends every failure in one line, with the exit code that says whose mistake it was."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line as `click.Command.main` does, and end the process unless `standalone_mode` is off."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show «✓» gets a question mark for it, never a traceback.
            if (change := getattr(stream, "reconfigure", None)) is not None:
                change(errors="replace")
        try:
            done = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            if sys.stdout is not None:  # none: a service of Windows, a closed descriptor
                sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as problem:
            problem.show()
            sys.exit(problem.exit_code)
        except click.UsageError as problem:
            _end(_with_help(problem), problem.exit_code)
        except click.ClickException as problem:
            problem.show()
            sys.exit(problem.exit_code)
        except click.Abort:
            _end("ended.", 130)
        except BrokenPipeError:
            # Whoever read us has enough, such as `head`. The interpreter's own last flush must not complain of it.
            _drop_the_rest()
            sys.exit(1)
        except OSError as problem:
            if problem.filename is not None:
                raise  # a file of ours: a defect, which is told as one
            _drop_the_rest()
            why = problem.strerror or type(problem).__name__
            _end(f"what it says could not be written ({why}). Give it a place with room, then try again.", 1)
        sys.exit(done if isinstance(done, int) else 0)


def _drop_the_rest() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _with_help(problem: click.UsageError) -> str:
    where = problem.ctx.command_path if problem.ctx is not None else "gleanwatch"
    said = " ".join(problem.format_message().split())
    return f"{said.rstrip('.')}{'' if said.endswith('?') else '.'} See: {where} --help"


def _end(said: str, status: int) -> NoReturn:
    click.echo(f"gleanwatch: {said}", err=True)
    sys.exit(status)


def _plain(text: str) -> str:
    """Return what somebody typed without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
