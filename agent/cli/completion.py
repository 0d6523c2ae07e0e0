"""`gleanwatch completion`: the Tab key finishes commands, options, purposes, platforms and ids of findings.

    gleanwatch completion SHELL → a script for that shell → on Tab it runs `gleanwatch` with what was typed so far
    → click walks to the command → what can stand there

The script is click's own. What it asks for must come at once or not at all: names are read from what is shipped, ids of
findings from a running agent that answers within a moment; no database is opened and nothing is started for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from agent.cli.asking import Failure, follow, this_instance
from agent.cli.show import console, json_option, print_json

PROGRAM = "gleanwatch"
VARIABLE = "_GLEANWATCH_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
PATIENCE_SECONDS = 0.5
"""How long the Tab key may wait for the agent."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--install", "wanted", is_flag=True, help="Put it where the shell finds it, and say where that is.")
@json_option
def completion(shell: str, wanted: bool, as_json: bool) -> None:
    """Print the script that lets the Tab key finish what you type, or put it in place.

    It finishes commands and options, purposes, platforms and, where an agent runs, the ids of findings.

    \b
    gleanwatch completion bash --install
    gleanwatch completion zsh --install
    gleanwatch completion fish --install
    source <(gleanwatch completion bash)     for this shell only
    """
    text = script(shell)
    if not wanted:
        if as_json:
            print_json({"shell": shell, "script": text})
        else:
            click.echo(text)
        return
    path = place(shell, os.environ, Path.home())
    changed = _put(path, text)
    more = further(shell, path)
    if as_json:
        print_json({"shell": shell, "file": str(path), "changed": changed, "to_do": more})
        return
    say = console()
    say.print(f"[green]✓[/] {path}" + ("" if changed else " (was there already)"), soft_wrap=True)
    say.print(more, soft_wrap=True, markup=False)


def script(shell: str) -> str:
    """Return click's script for a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from agent.cli.main import main

    found = get_completion_class(shell)
    if found is None:
        raise Failure(f"there is no completion for {shell}. There is for: {', '.join(SHELLS)}.")
    # Not bash's own `source`: it starts a bash to ask for its version, which says nothing of where the script goes.
    return ShellComplete.source(found(main, {}, PROGRAM, VARIABLE))


def place(shell: str, env: Mapping[str, str], home: Path) -> Path:
    """Return the file in which a shell looks for a person's own completions.

    bash: bash-completion's folder for `XDG_DATA_HOME`; fish: its configuration's; zsh has none of its own, so the file
    lies beside bash's and has to be named in `.zshrc`.
    """
    data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / PROGRAM,
        "zsh": data / "zsh" / "site-functions" / f"_{PROGRAM}",
        "fish": config / "fish" / "completions" / f"{PROGRAM}.fish",
    }[shell]


def further(shell: str, path: Path) -> str:
    """Say what a person still has to do after the script is in place."""
    if shell == "fish":
        return "It works in every new fish."
    if shell == "bash":
        return f"It works in every new bash that has bash-completion. Without it, add to ~/.bashrc: source '{path}'"
    return f"Add to ~/.zshrc: fpath=('{path.parent}' $fpath); autoload -Uz compinit && compinit"


def _put(path: Path, text: str) -> bool:
    """Write the script; never over something that is not ours. Say whether anything changed."""
    try:
        before = path.read_text("utf-8") if path.exists() else None
        if before is not None and VARIABLE not in before:
            raise Failure(f"{path} is there already and is not ours. Move it away, then try again.")
        if before == text:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise Failure(f"{path} cannot be written: {why}. Without --install the script is printed instead.") from None
    return True


def finding_ids(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer ids of findings with the tool's name, from the running agent; nothing where none answers at once."""
    try:
        items = list(follow(this_instance(), "findings", patience=PATIENCE_SECONDS))[:-1]
    except (Failure, OSError):
        return []
    return [
        CompletionItem(one["id"], help=f"{one['name']}, {one['stage']}")
        for one in reversed(items)
        if one["id"].startswith(incomplete)
    ]


def platform_keys(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the keys of watched platforms."""
    from agent.content.platforms import load_platforms

    return [CompletionItem(key) for key in load_platforms().keys if key.startswith(incomplete.casefold())]
