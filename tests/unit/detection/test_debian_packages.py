"""The package manager's own files: whose is a program, and what does its package say of itself?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.detection.identified import Role
from agent.detection.identify.debian import DebianPackage, DebianPackages, is_systems_own, judge, read_stanza

STATUS = """Package: libthing1
Status: install ok installed
Description: a library

Package: sitecopy-x
Status: install ok installed
Section: web
Tag: implemented-in::c, use::downloading
Description: Copy websites to your computer
 An offline browser that downloads a whole web site.
 .
 Never read as the first paragraph: metrics.
Homepage: https://x.example

Package: fetcher
Section: net
Description: command line download accelerator
 Downloads a file over several connections.

Package: suite
Section: editors
Description: office productivity suite
 Writes letters.
"""


@pytest.fixture
def packages(tmp_path: Path) -> DebianPackages:
    info = tmp_path / "info"
    info.mkdir()
    (info / "sitecopy-x.list").write_text("/.\n/usr\n/usr/bin\n/usr/bin/sitecopy\n/usr/share/doc/x\n")
    (info / "fetcher:amd64.list").write_text("/bin/fetcher\n/usr/games/fetchgame\n")
    (info / "suite.list").write_text("/usr/lib/suite/program/writer.bin\n")
    status = tmp_path / "status"
    status.write_text(STATUS)
    return DebianPackages(info, status)


def test_the_owner_of_a_program_and_its_description_are_found(packages: DebianPackages) -> None:
    found = packages.package_of("/usr/bin/sitecopy")
    assert found is not None
    assert (found.name, found.summary) == ("sitecopy-x", "copy websites to your computer")
    assert found.about == "an offline browser that downloads a whole web site."
    assert "downloading" in found.keywords and "metrics" not in found.summary + found.about


def test_merged_folders_architectures_and_folders_named_after_packages_are_understood(
    packages: DebianPackages,
) -> None:
    for path, name in (
        ("/usr/bin/fetcher", "fetcher"),
        ("/bin/fetcher", "fetcher"),
        ("/usr/games/fetchgame", "fetcher"),
        ("/usr/lib/suite/program/writer.bin", "suite"),
    ):
        found = packages.package_of(path)
        assert found is not None and found.name == name


@pytest.mark.parametrize("path", ["/usr/bin/other", "/home/me/sitecopy", "sitecopy", "", "/usr/bin/x\n/y", "/usr/bin"])
def test_what_no_package_owns_has_none(packages: DebianPackages, path: str) -> None:
    assert packages.package_of(path) is None


def test_what_a_package_says_decides(packages: DebianPackages) -> None:
    copier, fetcher, suite = (
        packages.package_of(path) for path in ("/usr/bin/sitecopy", "/bin/fetcher", "/usr/lib/suite/program/writer.bin")
    )
    assert copier is not None and fetcher is not None and suite is not None
    collects, fetches = judge(copier), judge(fetcher)
    assert collects is not None and collects.capability == "mirrors" and collects.tool == "package:debian:sitecopy-x"
    assert fetches is not None and fetches.role is Role.ENGINE, "a download program alone says nothing of many"
    assert judge(suite) is None


def test_an_answer_changes_with_the_lists(packages: DebianPackages, tmp_path: Path) -> None:
    assert packages.package_of("/usr/bin/new") is None
    (tmp_path / "info" / "suite.list").write_text("/usr/bin/new\n")
    os.utime(tmp_path / "info", ns=(1, 1))
    found = packages.package_of("/usr/bin/new")
    assert found is not None and found.name == "suite"


def test_a_machine_without_these_files_has_no_packages(tmp_path: Path) -> None:
    assert DebianPackages(tmp_path / "no", tmp_path / "none").package_of("/usr/bin/x") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_a_regular_file_is_a_list(packages: DebianPackages, tmp_path: Path) -> None:
    pipe = tmp_path / "info" / "piped.list"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(held, b"/usr/bin/piped\n")
        assert packages.package_of("/usr/bin/piped") is None
        assert packages.package_of("/usr/bin/fetcher") is not None
    finally:
        os.close(held)


def test_a_strange_stanza_reads_as_little() -> None:
    assert read_stanza("x", "") == DebianPackage("x")
    assert read_stanza("x", " only\n continued\nDescription").summary == ""


def test_where_only_a_package_manager_writes() -> None:
    assert is_systems_own("/usr/bin/x") and is_systems_own("/lib/x")
    assert not is_systems_own("/usr/local/bin/x") and not is_systems_own("/home/me/usr/x")
