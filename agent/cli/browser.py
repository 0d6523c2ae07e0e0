"""`gleanwatch browser`: connect browsers to the agent by their native messaging manifests, or disconnect them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from agent.cli.asking import Failure, this_instance
from agent.cli.group import Teaching
from agent.cli.show import console, json_option, print_json
from agent.settings.instance import Instance
from native_host import manifests
from native_host.browsers import Level, Place, firefox_home_place, places, user_data_place
from native_host.manifests import Outcome, Report

_STYLE = {Outcome.WRITTEN: "green", Outcome.UNCHANGED: "green", Outcome.FAILED: "red", Outcome.FOREIGN: "red"}

where_options = [
    click.option("--user-data-dir", type=click.Path(path_type=Path), help="A Chromium with this --user-data-dir only."),
    click.option("--home", type=click.Path(path_type=Path), help="A Firefox that is started with this HOME only."),
    click.option(
        "--system", "for_all", is_flag=True, help="For every person on this machine (needs its administrator)."
    ),
]


@click.group(cls=Teaching)
def browser() -> None:
    """Connect browsers to the agent, or disconnect them.

    A browser may talk to the agent only where a small file of its own names it. These commands write, show and take
    away exactly our own files; one that another program wrote is reported and never touched.
    """


def _with_where(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(where_options):
        command = option(command)
    return command


_with_ids = click.option(
    "--extension-id",
    "ids",
    multiple=True,
    metavar="ID",
    help="A further extension that may talk to the agent: your own package's id (32 letters), or a Firefox add-on id.",
)


@browser.command()
@_with_where
@_with_ids
@json_option
def install(user_data_dir: Path | None, home: Path | None, for_all: bool, ids: tuple[str, ...], as_json: bool) -> None:
    """Connect every browser that is found, or the one named.

    \b
    gleanwatch browser install
    gleanwatch browser install --user-data-dir ~/chromium-for-work
    sudo gleanwatch browser install --system
    """
    instance = _prepared(this_instance())
    callers = [*_remembered(instance), *_callers(ids)]
    report = _guard(
        lambda: manifests.install(
            instance.host_dir, instance.relay_socket, _places(user_data_dir, home, for_all), extra_callers=callers
        )
    )
    _print(report, as_json)


@browser.command()
@_with_where
@_with_ids
@json_option
def status(user_data_dir: Path | None, home: Path | None, for_all: bool, ids: tuple[str, ...], as_json: bool) -> None:
    """Show which browsers are connected, and how to load the extension.

    \b
    gleanwatch browser status
    gleanwatch browser status --json
    """
    instance = this_instance()
    callers = [*_remembered(instance), *_callers(ids)]
    report = _guard(
        lambda: manifests.status(
            instance.host_dir, instance.relay_socket, _places(user_data_dir, home, for_all), extra_callers=callers
        )
    )
    _print(report, as_json)
    if not as_json:
        console().print("\nTo load the extension: chrome://extensions → Developer mode → «Load unpacked» → the folder")
        console().print(f"{_source(None)}", soft_wrap=True)


@browser.command()
@_with_where
@json_option
def remove(user_data_dir: Path | None, home: Path | None, for_all: bool, as_json: bool) -> None:
    """Take away every file that `install` wrote.

    \b
    gleanwatch browser remove
    """
    instance = this_instance()
    report = _guard(lambda: manifests.remove(instance.host_dir, _places(user_data_dir, home, for_all)))
    _print(report, as_json)


@browser.command()
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    help="The extension's folder; by default the one that came with this program.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/extension"), show_default=True)
@click.option("--base-url", default="", help="Where you will serve the files: writes update manifests for it.")
@click.option("--key", type=click.Path(path_type=Path), help="Your RSA key (PEM): signs a .crx with it.")
@click.option("--signed", type=click.Path(path_type=Path), help="The .xpi as Mozilla signed it: serves that one.")
@json_option
def package(
    *, source: Path | None, out: Path, base_url: str, key: Path | None, signed: Path | None, as_json: bool
) -> None:
    """Build the extension's packages; the same source gives the same bytes on any machine.

    \b
    gleanwatch browser package --out build/extension
    gleanwatch browser package --base-url https://intranet.example/gleanwatch --key key.pem
    """
    from agent.packaging.build import build
    from agent.packaging.contents import PackagingError

    try:
        built = build(_source(source), out, url=base_url, key=key, signed=signed)
    except PackagingError as problem:
        raise Failure(str(problem)) from None
    if as_json:
        print_json({"folder": str(out.absolute()), **msgspec.to_builtins(built)})
        return
    say = console()
    say.print(f"Gleanwatch's extension {built.version}, in {out}:", soft_wrap=True)
    for name, digest in built.files.items():
        say.print(f"  [green]{name}[/]\n    [dim]sha256 {digest}[/]", soft_wrap=True)
    say.print(f"Chromium's id {built.signed_id or built.extension_id}, Firefox's {built.addon_id}.", soft_wrap=True)
    if built.left_out:
        say.print(f"[dim]Not packed, since nothing uses it: {', '.join(built.left_out)}.[/]", soft_wrap=True)
    for note in built.notes:
        say.print(f"[yellow]•[/] {note}", soft_wrap=True)


@browser.command()
@click.option("--browser", "name", type=click.Choice(["chrome", "chromium", "edge", "firefox"]), required=True)
@click.option("--system", type=click.Choice(["linux", "macos", "windows"]), required=True)
@click.option("--base-url", required=True, help="Where you serve what `gleanwatch browser package` built.")
@click.option("--extension-id", default="", metavar="ID", help="Id of your .crx, as `browser package` said it.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A managed value, such as organisation=…")
@click.option("--out", type=click.Path(path_type=Path), help="Write the file here instead of showing it.")
@json_option
def policy(
    *,
    name: str,
    system: str,
    base_url: str,
    extension_id: str,
    pairs: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Print the enterprise policy that hands the extension to everybody in an organisation.

    \b
    gleanwatch browser policy --browser firefox --system linux --base-url https://intranet.example/gleanwatch
    """
    from agent import __version__
    from agent.packaging import policies
    from agent.packaging.contents import PackagingError
    from native_host.own_files import write_whole

    more = {"extension_id": _chromium_id(extension_id)} if extension_id else {}
    try:
        managed = policies.managed_values(pairs, (_source(None) / "managed_schema.json").read_bytes())
        wanted = policies.deployment(base_url, __version__, managed=managed, **more)
    except PackagingError as problem:
        raise Failure(str(problem)) from None
    sample = policies.sample(policies.Browser(name), policies.System(system), wanted)
    if out is not None:
        try:
            write_whole(out, sample.content, 0o644)
        except OSError as problem:
            raise Failure(f"{out} cannot be written: {problem.strerror}. Name another place with --out.") from None
    if as_json:
        print_json({"path": sample.path, "text": sample.text, "written": str(out) if out else ""})
    elif out is None:
        click.echo(sample.text, nl=False)
        console(stderr=True).print(f"[dim]Goes to: {sample.path}[/]", soft_wrap=True)
    else:
        console().print(f"{out}: {sample.path}", soft_wrap=True)


def register_all(instance: Instance) -> None:
    """Connect every browser found and say which (for `gleanwatch run --register`)."""
    report = manifests.install(
        instance.host_dir, instance.relay_socket, _places(None, None, False), extra_callers=_remembered(instance)
    )
    found = [r for r in report.places if r.outcome is not Outcome.SKIPPED]
    say = console()
    if report.launcher.outcome is Outcome.FAILED:
        say.print(f"[red]Browsers are not connected:[/] {report.launcher.detail}")
    if not found:
        say.print("No browser was found here. Install one (make browsers) and start again.")
    for result in found:
        style = _STYLE.get(result.outcome, "dim")
        detail = f" {result.detail}" if result.detail else ""
        say.print(
            f"  {result.title}: [{style}]{_WORDS.get(result.outcome, result.outcome.value)}[/].{detail}", soft_wrap=True
        )
        if result.caveat:
            say.print(f"    [yellow]{result.caveat}[/]", soft_wrap=True)


_WORDS = {Outcome.WRITTEN: "connected", Outcome.UNCHANGED: "already connected"}


def _prepared(instance: Instance) -> Instance:
    from agent.cli.asking import uid
    from agent.settings.instance import InstanceError, prepare

    try:
        prepare(instance, uid())
    except InstanceError as problem:
        raise Failure(str(problem)) from None
    return instance


def _source(named: Path | None) -> Path:
    from agent.packaging.place import extension_folder

    folder = named or extension_folder()
    if folder is None:
        raise Failure("This installation came without the extension. Name its folder with --source.")
    return folder


def _chromium_id(text: str) -> str:
    if not re.fullmatch("[a-p]{32}", text):
        raise Failure(
            f"{text!r} is no id of an extension: it has 32 letters from a to p, as `browser package` says it."
        )
    return text


def _callers(ids: Sequence[str]) -> list[str]:
    """Return further callers as the relay's manifests name them; a bare id is one of Chromium's family."""
    return [f"chrome-extension://{each}/" if re.fullmatch("[a-p]{32}", each) else each for each in ids]


def _remembered(instance: Instance) -> Sequence[str]:
    """Return whom an earlier `--extension-id` let in: that holds until `browser remove`."""
    from agent.cli.chain import further_callers
    from native_host import launcher

    return further_callers(instance.host_dir / launcher.NAME)


def _places(user_data_dir: Path | None, home: Path | None, for_all: bool) -> Sequence[Place]:
    named = []
    if user_data_dir is not None:
        named.append(user_data_place(user_data_dir.absolute()))
    if home is not None:
        named.append(firefox_home_place(sys.platform, home.absolute()))
    if named:
        return named
    wanted = Level.SYSTEM if for_all else Level.USER
    return [p for p in places(sys.platform, Path.home(), os.environ) if p.level is wanted]


def _guard(work: Callable[[], Report]) -> Report:
    try:
        return work()
    except ValueError as problem:
        raise Failure(str(problem)) from None


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print_json({"ok": report.ok, **msgspec.to_builtins(report)})
    else:
        from rich.table import Table

        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for head in ("browser", "state", "file"):
            # A path is there to be copied: it is folded, never cut.
            table.add_column(head, overflow="fold")
        shown = [r for r in report.places if r.outcome is not Outcome.SKIPPED]
        for result in (report.launcher, *shown):
            table.add_row(result.title, f"[{_STYLE.get(result.outcome, 'dim')}]{result.outcome.value}[/]", result.where)
        say = console()
        say.print(table)
        for result in (report.launcher, *shown):
            for text in (result.detail, result.caveat):
                if text:
                    say.print(f"{result.title}: {text}", soft_wrap=True)
        skipped = [r.title for r in report.places if r.outcome is Outcome.SKIPPED]
        if skipped:
            say.print(f"[dim]Not found here: {', '.join(dict.fromkeys(skipped))}.[/]", soft_wrap=True)
    if not report.ok:
        raise Failure("not everything could be done: see above.")
