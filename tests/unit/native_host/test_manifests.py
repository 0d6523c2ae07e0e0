"""Registering with browsers: exactly our own files, whole or not at all, and a word on everything else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from native_host import launcher, manifests
from native_host.browsers import Kind, Level, Place, firefox_home_place, places, user_data_place
from native_host.manifests import (
    ADDONS,
    HOST_NAME,
    ORIGINS,
    Callers,
    Outcome,
    Report,
    install,
    noted_places,
    remove,
    status,
)
from tests.unit.native_host.relay_rig import Agent, running

FILE = f"{HOST_NAME}.json"


class MemoryRegistry:
    """A registry in memory: the real one exists on Windows only, and the rules above it are what is tested here."""

    def __init__(self) -> None:
        self.values: dict[tuple[Level, str], str] = {}

    def get(self, level: Level, key: str) -> str | None:
        return self.values.get((level, key))

    def set(self, level: Level, key: str, value: str) -> None:
        if level is Level.SYSTEM:
            raise PermissionError(13, "Permission denied")
        self.values[level, key] = value

    def delete(self, level: Level, key: str) -> None:
        del self.values[level, key]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Place, Place]:
    return user_data_place(tmp_path / "chromium"), firefox_home_place("linux", tmp_path / "home")


@pytest.fixture
def host_dir(tmp_path: Path) -> Path:
    return tmp_path / "host"


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def outcomes(report: Report) -> list[Outcome]:
    return [result.outcome for result in report.places]


def test_each_kind_of_browser_gets_its_own_form(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    report = install(host_dir, run_dir / "s", two, python=python)
    assert report.ok
    assert outcomes(report) == [Outcome.WRITTEN, Outcome.WRITTEN]
    chromium, firefox = (json.loads(Path(result.where).read_bytes()) for result in report.places)
    common: dict[str, Any] = {
        "name": "org.gleanwatch.relay",
        "description": manifests.DESCRIPTION,
        "path": str(host_dir / launcher.NAME),
        "type": "stdio",
    }
    assert chromium == {**common, "allowed_origins": ["chrome-extension://mknhlinkinafnncanjmoelmjghdbpgdg/"]}
    assert firefox == {**common, "allowed_extensions": ["gleanwatch@gleanwatch.org"]}
    for result in report.places:
        assert Path(result.where).name == FILE, "browsers want the file's name to be the host's"
        assert stat.S_IMODE(Path(result.where).stat().st_mode) == 0o644


def test_what_was_registered_is_shown_and_taken_away_exactly(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, tmp_path: Path, python: Path
) -> None:
    neighbour = tmp_path / "chromium/NativeMessagingHosts/org.example.other.json"
    neighbour.parent.mkdir(parents=True)
    neighbour.write_text("{}")
    before = files(tmp_path)
    assert outcomes(status(host_dir, run_dir / "s", two, python=python)) == [Outcome.ABSENT, Outcome.ABSENT]
    install(host_dir, run_dir / "s", two, python=python)
    shown = status(host_dir, run_dir / "s", two, python=python)
    assert shown.launcher.outcome is Outcome.UNCHANGED
    assert outcomes(shown) == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert outcomes(install(host_dir, run_dir / "s", two, python=python)) == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    gone = remove(host_dir, two)
    assert gone.ok
    assert gone.launcher.outcome is Outcome.REMOVED
    assert outcomes(gone) == [Outcome.REMOVED, Outcome.REMOVED]
    assert files(tmp_path) == before
    assert outcomes(remove(host_dir, two)) == [Outcome.ABSENT, Outcome.ABSENT]


def test_the_launcher_stays_for_as_long_as_a_browser_elsewhere_uses_it(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    chromium, firefox = two
    install(host_dir, run_dir / "s", [chromium], python=python)
    install(host_dir, run_dir / "s", [firefox], python=python)
    first = remove(host_dir, [firefox])
    assert first.ok
    assert (first.launcher.outcome, outcomes(first)) == (Outcome.KEPT, [Outcome.REMOVED])
    assert str(chromium.folder) in first.launcher.detail
    assert status(host_dir, run_dir / "s", [chromium], python=python).launcher.outcome is Outcome.UNCHANGED
    assert remove(host_dir, [chromium]).launcher.outcome is Outcome.REMOVED
    assert not host_dir.exists()


def test_a_manifest_that_went_otherwise_keeps_nothing(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    report = install(host_dir, run_dir / "s", two, python=python)
    Path(report.places[0].where).unlink()
    assert remove(host_dir, [two[1]]).launcher.outcome is Outcome.REMOVED


def test_those_that_were_connected_by_a_folder_are_known_again(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    install(host_dir, run_dir / "s", two, python=python)
    again = noted_places(host_dir)
    assert {one.folder for one in again} == {one.folder for one in two}
    assert outcomes(remove(host_dir, again)) == [Outcome.REMOVED, Outcome.REMOVED]
    assert noted_places(host_dir) == []


FOREIGN = {
    "another program's": json.dumps({"name": "org.example.other", "path": "/bin/true"}),
    "another instance's": json.dumps(
        {"name": HOST_NAME, "description": manifests.DESCRIPTION, "path": "/elsewhere/gleanwatch_native_host"}
    ),
    "not JSON": "half a fi",
    "a list": "[]",
    "empty": "",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_that_is_not_ours_is_never_touched(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path, content: str
) -> None:
    chromium, _ = two
    assert chromium.folder is not None
    file = chromium.folder / FILE
    file.parent.mkdir(parents=True)
    file.write_text(content)
    for report in (
        install(host_dir, run_dir / "s", two, python=python),
        status(host_dir, run_dir / "s", two, python=python),
        remove(host_dir, two),
    ):
        assert not report.ok
        assert report.places[0].outcome is Outcome.FOREIGN
        assert report.places[0].detail, "the report says what to do"
        assert report.places[1].outcome is not Outcome.FOREIGN, "the other browser is served all the same"
    assert file.read_text() == content


def test_a_link_or_a_folder_in_the_way_is_not_ours(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, tmp_path: Path, python: Path
) -> None:
    chromium, firefox = two
    assert chromium.folder is not None
    assert firefox.folder is not None
    chromium.folder.mkdir(parents=True)
    target = tmp_path / "precious"
    target.write_text("precious")
    (chromium.folder / FILE).symlink_to(target)
    (firefox.folder / FILE).mkdir(parents=True)
    report = install(host_dir, run_dir / "s", two, python=python)
    assert outcomes(report) == [Outcome.FOREIGN, Outcome.FOREIGN]
    assert target.read_text() == "precious"


def test_ours_but_out_of_date_is_said_and_renewed(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    install(host_dir, run_dir / "s", two, python=python)
    store = f"chrome-extension://{'b' * 32}/"
    more = (store, "{01234567-89ab-cdef-0123-456789abcdef}")
    shown = status(host_dir, run_dir / "s", two, extra_callers=more, python=python)
    assert shown.launcher.outcome is Outcome.OUTDATED
    assert outcomes(shown) == [Outcome.OUTDATED, Outcome.OUTDATED]
    assert "gleanwatch browser install" in shown.places[0].detail
    report = install(host_dir, run_dir / "s", two, extra_callers=more, python=python)
    assert outcomes(report) == [Outcome.WRITTEN, Outcome.WRITTEN]
    assert json.loads(Path(report.places[0].where).read_bytes())["allowed_origins"] == [*ORIGINS, store]


def test_a_further_extension_may_start_the_relay(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, python: Path
) -> None:
    store = f"chrome-extension://{'b' * 32}/"
    install(host_dir, run_dir / "s", two, extra_callers=[store], python=python)
    agent = Agent(run_dir / "s")
    with running([host_dir / launcher.NAME, store]) as host:
        agent.accept()
        host.until_up()
    agent.stop()


@pytest.mark.parametrize(
    "name", ["chrome-extension://*/", f"chrome-extension://{'b' * 32}", "https://example.org/", "", "*", 'a"@b\nc']
)
def test_a_malformed_caller_is_refused(two: tuple[Place, Place], host_dir: Path, run_dir: Path, name: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        install(host_dir, run_dir / "s", two, extra_callers=[name])
    assert not host_dir.exists()


def test_a_browser_that_is_not_installed_is_left_alone(
    host_dir: Path, run_dir: Path, tmp_path: Path, python: Path
) -> None:
    home = tmp_path / "home"
    (home / ".config/vivaldi").mkdir(parents=True)
    rows = [place for place in places("linux", home, {}) if place.level is Level.USER]
    report = install(
        host_dir,
        run_dir / "s",
        rows,
        python=python,
        installed=lambda place: any(sign.exists() for sign in place.signs if home in sign.parents),
    )
    written = [result.browser for result in report.places if result.outcome is Outcome.WRITTEN]
    assert written == ["vivaldi"]
    assert files(home) == {home / ".config/vivaldi/NativeMessagingHosts" / FILE}


def test_the_caveat_of_a_place_goes_with_its_result(
    host_dir: Path, run_dir: Path, tmp_path: Path, python: Path
) -> None:
    rows = [place for place in places("linux", tmp_path, {}) if place.browser == "firefox-flatpak"]
    report = install(host_dir, run_dir / "s", rows, python=python, installed=lambda _: True)
    assert "flatpak override" in report.places[0].caveat


@pytest.mark.skipif(os.name != "posix", reason="folder rights are POSIX")
def test_a_failure_leaves_nothing_half_written(host_dir: Path, run_dir: Path, tmp_path: Path, python: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the browser's folder should be")
    report = install(host_dir, run_dir / "s", [user_data_place(blocked)], python=python)
    assert report.places[0].outcome in (Outcome.FAILED, Outcome.FOREIGN)
    assert report.places[0].detail
    assert not [path for path in files(tmp_path) if path.name.endswith(".tmp")]


def test_without_an_interpreter_nothing_is_registered(
    two: tuple[Place, Place], host_dir: Path, run_dir: Path, tmp_path: Path
) -> None:
    report = install(host_dir, run_dir / "s", two, python=tmp_path / "no-such-python")
    assert report.launcher.outcome is Outcome.FAILED
    assert "python3" in report.launcher.detail
    assert not report.places
    assert two[0].folder is not None
    assert not two[0].folder.exists()


def test_paths_that_cannot_work_are_the_callers_mistake(host_dir: Path, run_dir: Path) -> None:
    with pytest.raises(ValueError, match="absolute"):
        install(Path("host"), run_dir / "s", ())
    with pytest.raises(ValueError, match="103 bytes"):
        install(host_dir, run_dir / ("s" * 100), ())


def test_windows_registers_by_keys_and_keeps_the_files_with_the_host(host_dir: Path, tmp_path: Path) -> None:
    registry = MemoryRegistry()
    host_dir.mkdir()
    program = host_dir / launcher.NAME
    rows = [place for place in places("win32", tmp_path, {}) if place.browser in ("chrome", "brave", "firefox")]
    user = [place for place in rows if place.level is Level.USER]
    results = manifests.register(program, user, Callers(), registry=registry, installed=lambda _: True)
    assert {result.outcome for result in results} <= {Outcome.WRITTEN, Outcome.UNCHANGED}
    chromium, firefox = (str(host_dir / f"{HOST_NAME}.{kind}.json") for kind in (Kind.CHROMIUM, Kind.FIREFOX))
    assert registry.values == {
        (Level.USER, rf"SOFTWARE\Google\Chrome\NativeMessagingHosts\{HOST_NAME}"): chromium,
        (Level.USER, rf"SOFTWARE\BraveSoftware\Brave-Browser\NativeMessagingHosts\{HOST_NAME}"): chromium,
        (Level.USER, rf"SOFTWARE\Mozilla\NativeMessagingHosts\{HOST_NAME}"): firefox,
    }
    assert "allowed_extensions" in json.loads(Path(firefox).read_bytes())
    machine = [place for place in rows if place.level is Level.SYSTEM]
    refused = manifests.register(program, machine, Callers(), registry=registry, installed=lambda _: True)
    assert {result.outcome for result in refused} == {Outcome.FAILED}
    assert "administrator" in refused[0].detail
    report = remove(host_dir, user, registry=registry)
    assert report.ok
    assert registry.values == {}
    assert not host_dir.exists()


def test_a_registry_key_that_points_elsewhere_is_not_ours(host_dir: Path, tmp_path: Path) -> None:
    registry = MemoryRegistry()
    key = rf"SOFTWARE\Mozilla\NativeMessagingHosts\{HOST_NAME}"
    registry.values[Level.USER, key] = "C:\\other.json"
    rows = [
        place for place in places("win32", tmp_path, {}) if place.browser == "firefox" and place.level is Level.USER
    ]
    results = manifests.register(host_dir / "x", rows, Callers(), registry=registry, installed=lambda _: True)
    assert [result.outcome for result in results] == [Outcome.FOREIGN]
    assert remove(host_dir, rows, registry=registry).places[0].outcome is Outcome.FOREIGN
    assert registry.values == {(Level.USER, key): "C:\\other.json"}
    assert not files(tmp_path)


def test_windows_says_that_the_relay_does_not_run_there_yet(host_dir: Path, run_dir: Path) -> None:
    report = install(host_dir, run_dir / "s", (), system="win32")
    assert report.launcher.outcome is Outcome.FAILED
    assert "does not run on Windows yet" in report.launcher.detail
    assert not host_dir.exists()


def test_the_callers_are_the_extension_we_ship() -> None:
    assert ORIGINS == ("chrome-extension://mknhlinkinafnncanjmoelmjghdbpgdg/",)
    assert ADDONS == ("gleanwatch@gleanwatch.org",)
