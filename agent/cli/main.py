"""The `gleanwatch` command: which subcommands there are, and where each lives.

Subcommands are imported when they are called: `gleanwatch --help` and the short commands must not wait for a web server
or a catalogue to load.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from agent import __version__
from agent.cli.group import TopGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("agent.cli.run:run", "Run the agent in the foreground, with its local page."),
    "status": ("agent.cli.status:status", "Whether all is well, on one screen, with a link to your page."),
    "findings": ("agent.cli.findings:findings", "Show what was recognised, why, and what to do now."),
    "scan": ("agent.cli.scan:scan", "Look at what is on this machine now; store nothing."),
    "ask": ("agent.cli.ask:ask_about", "Would this tool be flagged, why, what is allowed instead?"),
    "try": ("agent.cli.attempt:attempt", "Start a harmless collection of your own and watch it being flagged."),
    "consent": ("agent.cli.consent:consent", "Read the notice and answer it; your record, receipts, export, erasure."),
    "ledger": ("agent.cli.ledger:ledger", "Verify, prove, export the record that nobody can quietly rewrite."),
    "rules": ("agent.cli.rules:rules", "Detection rules: which there are, check your own, try them on events."),
    "rehearse": ("agent.cli.rehearse:rehearse", "What a policy would do, to whom, and where; with a hash to sign."),
    "browser": ("agent.cli.browser:browser", "Connect browsers to the agent, or disconnect them."),
    "demo": ("agent.cli.demo:demo", "A throw-away show: browser, scrapers, agent, on loopback only."),
    "doctor": ("agent.cli.doctor:doctor", "Check every link from browser to ledger by using it; say what to mend."),
    "setup": ("agent.cli.setup:setup", "After installing: connect browsers, load the extension, start with log-in."),
    "service": ("agent.cli.service:service", "Let the agent start with your log-in, under ceilings of the system."),
    "faults": ("agent.cli.faults:faults", "Reports of the agent's own faults, which stay on this computer."),
    "uninstall": ("agent.cli.uninstall:uninstall", "Take everything away again; says first what goes and what stays."),
    "completion": ("agent.cli.completion:completion", "Let the Tab key finish commands, in bash, zsh and fish."),
}
NOT_YET: Final = {
    "report": "signed reports to a compliance team",
    "enrol": "joining a compliance team's collector",
    "collector": "the compliance team's server",
    "research": "private aggregates from consenting devices",
}


class Commands(TopGroup):
    """Subcommands by name, imported when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name in NOT_YET:
            return _not_yet(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them, then what is still to come."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        if NOT_YET:
            with formatter.section("Not in this release yet"):
                formatter.write_dl(list(NOT_YET.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the names without importing what they stand for: the Tab key must not wait."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return named + click.Command.shell_complete(self, ctx, incomplete)


def _not_yet(name: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("_rest", nargs=-1, type=click.UNPROCESSED)
    def command(_rest: tuple[str, ...]) -> None:
        from agent.cli.asking import Failure

        raise Failure(f"«{name}» ({NOT_YET[name]}) is not in this release yet. gleanwatch --help lists what is.")

    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gleanwatch")
def main() -> None:
    """Gleanwatch sees when this machine collects people's data off the web in bulk, and tells you first.

    \b
    Start:             gleanwatch run
    See it work:       gleanwatch try
    Is all well?       gleanwatch status      (and a fresh link to your page)
    What is wrong?     gleanwatch doctor
    Rest for an hour:  gleanwatch consent pause
    Stop watching:     gleanwatch consent object
    One command:       gleanwatch COMMAND --help, with examples

    Every command that shows something takes --json. GLEANWATCH_HOME moves all files of an instance under one folder.
    NO_COLOR, PAGER and COLUMNS are respected.
    """
