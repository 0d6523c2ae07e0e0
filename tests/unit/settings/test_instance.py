"""Where an instance lives on each system, tested for every system on this one, and which folders are refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent.model.purposes import Mode
from agent.settings.instance import MAX_SOCKET_PATH, Instance, InstanceError, locate, prepare

HOME = Path("/home/ada")


def everything(instance: Instance) -> list[Path]:
    """Every file and socket except the policy, which is the system's."""
    return [
        instance.data_dir,
        instance.run_dir,
        instance.host_dir,
        instance.database,
        instance.key_file,
        instance.config_file,
        instance.relay_socket,
        instance.control_socket,
        instance.lock_file,
    ]


def test_linux_follows_the_xdg_folders() -> None:
    bare = locate({}, "linux", HOME, 1000)
    assert bare.database == HOME / ".local/share/gleanwatch/data/gleanwatch.db"
    assert bare.relay_socket == HOME / ".local/state/gleanwatch/run/relay.sock"
    assert bare.config_file == HOME / ".config/gleanwatch/config.toml"
    assert bare.policy_file == Path("/etc/gleanwatch/policy.toml")
    assert bare.mode_hint is None
    env = {"XDG_RUNTIME_DIR": "/run/user/1000", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}
    moved = locate(env, "linux", HOME, 1000)
    assert moved.relay_socket == Path("/run/user/1000/gleanwatch/relay.sock")
    assert moved.root == Path("/d/gleanwatch")
    assert moved.config_file == Path("/c/gleanwatch/config.toml")


def test_xdg_values_that_are_not_absolute_are_ignored() -> None:
    assert locate({"XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "."}, "linux", HOME, 1000) == locate(
        {}, "linux", HOME, 1000
    )


def test_macos_and_windows_have_their_own_places() -> None:
    mac = locate({}, "darwin", Path("/Users/ada"), 501)
    assert mac.root == Path("/Users/ada/Library/Application Support/gleanwatch")
    assert mac.policy_file == Path("/Library/Application Support/Gleanwatch/policy.toml")
    windows = locate({"LOCALAPPDATA": "/c/ada/Local", "PROGRAMDATA": "/c/ProgramData"}, "win32", Path("/c/ada"), 0)
    assert windows.root == Path("/c/ada/Local/gleanwatch")
    assert windows.policy_file == Path("/c/ProgramData/Gleanwatch/policy.toml")


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("demo", [False, True])
def test_gleanwatch_home_moves_every_file_and_socket(system: str, demo: bool) -> None:
    env = {"GLEANWATCH_HOME": "/tmp/gw", "XDG_RUNTIME_DIR": "/run/user/1000", "XDG_DATA_HOME": "/d"}
    instance = locate(env, system, HOME, 1000, demo)
    for place in everything(instance):
        assert place.is_relative_to("/tmp/gw"), place


def test_gleanwatch_home_alone_does_not_move_the_policy() -> None:
    instance = locate({"GLEANWATCH_HOME": "/tmp/gw"}, "linux", HOME, 1000)
    assert instance.policy_file == Path("/etc/gleanwatch/policy.toml")
    assert instance.mode_hint is None


def test_a_moved_policy_makes_a_test_instance() -> None:
    instance = locate({"GLEANWATCH_POLICY": "/tmp/p.toml"}, "linux", HOME, 1000)
    assert instance.policy_file == Path("/tmp/p.toml")
    assert instance.mode_hint is Mode.TEST


def test_a_demo_never_touches_the_persons_own_instance() -> None:
    own, demo = locate({}, "linux", HOME, 1000), locate({}, "linux", HOME, 1000, demo=True)
    assert demo.mode_hint is Mode.TEST
    assert not set(everything(own)) & set(everything(demo))
    assert demo.policy_file != own.policy_file


@pytest.mark.parametrize("name", ["GLEANWATCH_HOME", "GLEANWATCH_POLICY"])
def test_a_relative_place_is_refused(name: str) -> None:
    with pytest.raises(InstanceError, match=f"{name} is not an absolute path"):
        locate({name: "somewhere"}, "linux", HOME, 1000)


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("runtime", [{}, {"XDG_RUNTIME_DIR": "/run/user/1000"}])
def test_long_socket_paths_move_to_a_short_folder_of_the_persons_own(system: str, runtime: dict[str, str]) -> None:
    env = {"GLEANWATCH_HOME": "/very" + "/long" * 30, **runtime}
    instance = locate(env, system, HOME, 1000)
    for socket in (instance.relay_socket, instance.control_socket):
        assert len(os.fsencode(socket)) <= MAX_SOCKET_PATH
        assert not socket.is_relative_to("/tmp")
    assert instance == locate(env, system, HOME, 1000)
    other = locate({**env, "GLEANWATCH_HOME": "/very" + "/long" * 31}, system, HOME, 1000)
    assert other.relay_socket != instance.relay_socket
    assert instance.database.is_relative_to(env["GLEANWATCH_HOME"])


def test_no_short_folder_at_all_is_said() -> None:
    long = "/long" * 30
    with pytest.raises(InstanceError, match="set GLEANWATCH_HOME to a shorter path"):
        locate({"GLEANWATCH_HOME": long}, "linux", Path(long), 1000)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return locate({"GLEANWATCH_HOME": str(tmp_path / "gw"), "XDG_RUNTIME_DIR": str(tmp_path)}, "linux", tmp_path, 0)


posix = pytest.mark.skipif(sys.platform == "win32", reason="rights are not kept in a mode on Windows")


@posix
def test_prepared_folders_are_the_owners_alone(instance: Instance) -> None:
    old = os.umask(0)
    try:
        prepare(instance, os.getuid())
    finally:
        os.umask(old)
    for folder in (instance.root, instance.data_dir, instance.run_dir, instance.host_dir):
        assert folder.stat().st_mode & 0o777 == 0o700, folder
    prepare(instance, os.getuid())


@posix
@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
def test_a_folder_open_to_others_is_refused(instance: Instance, mode: int) -> None:
    prepare(instance, os.getuid())
    instance.run_dir.chmod(mode)
    with pytest.raises(InstanceError, match="chmod 700"):
        prepare(instance, os.getuid())


@posix
def test_somebody_elses_folder_is_refused(instance: Instance) -> None:
    prepare(instance, os.getuid())
    with pytest.raises(InstanceError, match="belongs to another user"):
        prepare(instance, os.getuid() + 1)


@posix
def test_a_link_in_place_of_a_folder_is_refused(instance: Instance, tmp_path: Path) -> None:
    prepare(instance, os.getuid())
    elsewhere = tmp_path / "elsewhere"
    instance.run_dir.rename(elsewhere)
    instance.run_dir.symlink_to(elsewhere)
    with pytest.raises(InstanceError, match="is a link"):
        prepare(instance, os.getuid())


def test_a_file_in_place_of_a_folder_is_refused(instance: Instance) -> None:
    instance.root.mkdir(mode=0o700)
    instance.data_dir.write_text("in the way")
    with pytest.raises(InstanceError, match=r"cannot be made|not a folder"):
        prepare(instance, os.getuid())


@pytest.mark.skipif(sys.platform == "win32", reason="folders there are closed to others already")
def test_a_demo_that_came_first_leaves_a_folder_that_the_persons_own_instance_takes(tmp_path: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    for demo in (True, False):
        prepare(locate(env, "linux", tmp_path / "home", os.getuid(), demo=demo), os.getuid())
