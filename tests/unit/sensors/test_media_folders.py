"""Folders of pictures and films that grow, counted by name in real folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.sensors.media import FEWEST_FILES, MediaFolders


@dataclass
class SetClock:
    """A clock that the test moves; far from the file system's, so that nothing counts as just changed."""

    seconds: float = 1000.0

    def now(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def watching(clock: SetClock, places: dict[str, Path]) -> MediaFolders:
    folders = MediaFolders(clock)
    for place, folder in places.items():
        folders.add(place, folder)
    return folders


def media(folder: Path, first: int, count: int, ending: str = "jpg") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / f"{number}.{ending}").touch()


def test_a_folder_that_grows_is_told_with_how_many_in_how_long(tmp_path: Path, clock: SetClock) -> None:
    media(tmp_path, 0, 500)
    folders = watching(clock, {"downloads": tmp_path})
    clock.seconds += 5
    assert folders.look() == []
    media(tmp_path, 500, 12, "MP4")
    clock.seconds += 5
    (grown,) = folders.look()
    assert (grown.files, grown.seconds, grown.place) == (12, 10.0, "downloads")
    assert folders.look() == [], "told once"
    media(tmp_path, 600, FEWEST_FILES)
    clock.seconds += 5
    assert [one.files for one in folders.look()] == [FEWEST_FILES]


def test_slow_growth_other_files_and_unfinished_ones_say_nothing(tmp_path: Path, clock: SetClock) -> None:
    folders = watching(clock, {"downloads": tmp_path})
    for number in range(40):
        media(tmp_path, number, 1)
        (tmp_path / f"{number}.jpg.part").touch()
        (tmp_path / f"{number}.txt").touch()
        clock.seconds += 15
        assert folders.look() == []


def test_folders_that_a_downloader_makes_or_fills_are_followed_and_old_pictures_are_not_counted(
    tmp_path: Path, clock: SetClock
) -> None:
    media(tmp_path / "archive/deep", 0, 300)
    media(tmp_path / "holidays", 0, 300)
    folders = watching(clock, {"work": tmp_path})
    folders.add("work", tmp_path)
    clock.seconds += 2
    assert folders.look() == []
    media(tmp_path / "site/person", 0, 15)
    clock.seconds += 2
    assert [one.files for one in folders.look()] == [15]
    media(tmp_path / "holidays", 300, 1)
    clock.seconds += 2
    assert folders.look() == []
    media(tmp_path / "holidays", 301, FEWEST_FILES)
    clock.seconds += 2
    assert [one.files for one in folders.look()] == [FEWEST_FILES]


def test_links_absent_folders_and_crowds_are_bounded(tmp_path: Path, clock: SetClock) -> None:
    media(tmp_path / "elsewhere", 0, 50)
    (tmp_path / "in").mkdir()
    folders = watching(clock, {"a": tmp_path / "in", "b": tmp_path / "absent"})
    (tmp_path / "in/link").symlink_to(tmp_path / "elsewhere")
    for number in range(60):
        media(tmp_path / f"in/{number}", 0, 1)
    clock.seconds += 1
    (grown,) = folders.look()
    assert 0 < grown.files < 60, "some folders are followed, and no more"


def test_old_folders_are_not_new_however_many_there_are(tmp_path: Path, clock: SetClock) -> None:
    for number in range(300):
        media(tmp_path / f"{number}", 0, 1)
    folders = watching(clock, {"downloads": tmp_path})
    (tmp_path / "note.txt").touch()
    clock.seconds += 2
    assert folders.look() == []
    media(tmp_path / "new", 0, FEWEST_FILES)
    clock.seconds += 2
    assert [one.files for one in folders.look()] == [FEWEST_FILES], "and a new one still is"


def test_of_a_folder_too_full_to_be_read_what_is_met_later_counts_as_old(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.sensors.media._MOST_NAMES", 20)  # fifty thousand take a test too long to make
    for number in range(60):
        media(tmp_path / f"{number}", 0, FEWEST_FILES)
    folders = watching(clock, {"downloads": tmp_path})
    monkeypatch.setattr("agent.sensors.media._MOST_NAMES", 100)  # as if the system gave another part of the names
    (tmp_path / "note.txt").touch()
    clock.seconds += 2
    assert folders.look() == []
