"""The launcher: what it is made of survives any path, any update and any environment."""

from __future__ import annotations

import ast
import os
import stat
import sys
from pathlib import Path

import pytest

from native_host import launcher
from native_host.launcher import LauncherError
from native_host.manifests import ORIGINS, RECORD
from tests.unit.native_host.relay_rig import ORIGIN, Agent, running

AWKWARD = ("with space", "it's", 'double"quote', "br{ace}s %s", "back\\slash", "$HOME `id`", "Zoë-日本", "line\nbreak")


def starts(program: Path, socket: Path) -> None:
    agent = Agent(socket)
    try:
        with running([program, ORIGIN]) as host:
            agent.accept()
            host.until_up()
            host.say(b"through")
            assert agent.hear() == b"through"
    finally:
        agent.stop()


@pytest.mark.parametrize("name", AWKWARD)
def test_any_path_to_the_relay_and_the_socket(run_dir: Path, python: Path, name: str) -> None:
    run = run_dir / name
    run.mkdir(mode=0o700)
    launcher.write(run / "host", run / "s", ORIGINS, python)
    starts(run / "host" / launcher.NAME, run / "s")


@pytest.mark.parametrize("name", [*AWKWARD, "long" * 40])
def test_any_path_to_the_interpreter(run_dir: Path, tmp_path: Path, python: Path, name: str) -> None:
    """A first line cannot hold a space or more than 127 bytes, so the shell takes over."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "python3").symlink_to(python)
    launcher.write(tmp_path / "host", run_dir / "s", ORIGINS, folder / "python3")
    program = tmp_path / "host" / launcher.NAME
    assert program.read_bytes().startswith(b"#!/bin/sh\n")
    starts(program, run_dir / "s")


def test_a_path_that_is_not_utf8(run_dir: Path, python: Path) -> None:
    run = Path(os.fsdecode(os.fsencode(run_dir) + b"/\xe9"))
    run.mkdir(mode=0o700)
    launcher.write(run / "host", run / "s", ORIGINS, python)
    starts(run / "host" / launcher.NAME, run / "s")


def test_rights_and_absolute_interpreter(program: Path, python: Path) -> None:
    assert program.read_bytes().splitlines()[0] == f"#!{python} -IS".encode()
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert stat.S_IMODE(program.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in program.parent.glob("lib-*/native_host/*.py")} == {0o644}


def test_a_second_install_changes_nothing(program: Path, run_dir: Path, python: Path) -> None:
    from native_host.manifests import ADDONS

    before = {path: path.stat().st_mtime_ns for path in program.parent.rglob("*.py")} | {program: program.stat().st_ino}
    changed = launcher.write(program.parent, run_dir / "relay.sock", (*ORIGINS, *ADDONS), python)
    after = {path: path.stat().st_mtime_ns for path in program.parent.rglob("*.py")} | {program: program.stat().st_ino}
    assert not changed
    assert before == after


def test_an_update_keeps_the_copy_that_runs_and_drops_older_ones(run_dir: Path, tmp_path: Path, python: Path) -> None:
    host_dir = tmp_path / "host"
    launcher.write(host_dir, run_dir / "s", ORIGINS, python)
    (current,) = host_dir.glob("lib-*")
    older, oldest = host_dir / f"lib-{'1' * 16}", host_dir / f"lib-{'2' * 16}"
    for library in (older, oldest):
        library.mkdir()
        (library / "relay.py").touch()
    program = host_dir / launcher.NAME
    program.write_bytes(program.read_bytes().replace(current.name.encode(), older.name.encode()))
    assert launcher.write(host_dir, run_dir / "s", ORIGINS, python)
    assert set(host_dir.glob("lib-*")) == {current, older}


def test_a_damaged_copy_is_mended(run_dir: Path, tmp_path: Path, python: Path) -> None:
    launcher.write(tmp_path / "host", run_dir / "s", ORIGINS, python)
    (relay,) = (tmp_path / "host").glob("lib-*/native_host/relay.py")
    relay.write_text("half a fi")
    assert launcher.is_current(tmp_path / "host", run_dir / "s", ORIGINS, python) is False
    launcher.write(tmp_path / "host", run_dir / "s", ORIGINS, python)
    assert launcher.is_current(tmp_path / "host", run_dir / "s", ORIGINS, python) is True
    starts(tmp_path / "host" / launcher.NAME, run_dir / "s")


def test_a_relay_that_runs_survives_an_update(program: Path, agent: Agent, run_dir: Path, python: Path) -> None:
    with running([program, ORIGIN]) as host:
        agent.accept()
        host.until_up()
        assert launcher.write(program.parent, run_dir / "relay.sock", (*ORIGINS, "another@example.org"), python)
        host.say(b"still here")
        assert agent.hear() == b"still here"


def test_somebody_elses_file_is_left_alone(run_dir: Path, tmp_path: Path, python: Path) -> None:
    program = tmp_path / launcher.NAME
    program.write_text("#!/bin/sh\necho mine\n")
    with pytest.raises(LauncherError, match="not written by Gleanwatch"):
        launcher.write(tmp_path, run_dir / "s", ORIGINS, python)
    with pytest.raises(LauncherError):
        launcher.remove(tmp_path)
    assert program.read_text() == "#!/bin/sh\necho mine\n"


def test_removal_leaves_what_is_not_ours(program: Path) -> None:
    other = program.parent / "notes.txt"
    other.touch()
    (program.parent / RECORD).unlink()
    assert launcher.remove(program.parent)
    assert list(program.parent.iterdir()) == [other]
    other.unlink()
    assert not launcher.remove(program.parent)
    assert not program.parent.exists()


def test_shims_old_and_broken_interpreters_are_passed_over(tmp_path: Path, python: Path) -> None:
    def fake(folder: str, text: str) -> Path:
        path = tmp_path / folder / "python3"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    shim = fake("shims", f'exec "{python}" "$@"')
    old = fake("old", "echo 3 8")
    broken = fake("broken", "exit 1")
    chosen = launcher.choose_python("linux", [shim, old, broken, tmp_path / "absent", Path("python3"), python])
    assert chosen == python
    with pytest.raises(LauncherError, match="Install"):
        launcher.choose_python("linux", [shim, old])


def test_the_relay_is_written_for_the_oldest_python_it_may_meet() -> None:
    folder = Path(launcher.__file__).parent
    for name in launcher.SOURCES:
        ast.parse((folder / name).read_text("utf-8"), feature_version=launcher.OLDEST_PYTHON)


def test_what_the_relay_imports_is_copied_with_it() -> None:
    folder = Path(launcher.__file__).parent
    wanted = {"__init__.py"}
    for name in launcher.SOURCES:
        for node in ast.walk(ast.parse((folder / name).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("native_host"):
                wanted.add(f"{node.module.removeprefix('native_host').lstrip('.') or '__init__'}.py")
            names = node.names if isinstance(node, ast.Import) else []
            roots = [alias.name.split(".")[0] for alias in names]
            assert all(root in sys.stdlib_module_names for root in roots), f"{name} imports {roots}"
    assert wanted <= set(launcher.SOURCES)
