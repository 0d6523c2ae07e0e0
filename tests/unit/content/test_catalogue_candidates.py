"""The maintainer's command: installed packages that speak of collecting become entries for a person to review."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
import yaml

from agent.content.catalogue import Catalogue, load_catalogue
from tests.catalogue.propose import debian_candidates, main, node_candidates, python_candidates, stub

TODAY = datetime.date(2026, 11, 23)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue()


def distribution(site: Path, name: str, summary: str, *, commands: str = "", modules: str = "") -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nSummary: {summary}\n\n", "utf-8")
    if commands:
        (folder / "entry_points.txt").write_text(f"[console_scripts]\n{commands}\n", "utf-8")
    if modules:
        (folder / "top_level.txt").write_text(modules, "utf-8")


def node_package(root: Path, name: str, description: str, **more: object) -> None:
    (root / name).mkdir(parents=True)
    text = json.dumps({"name": name, "description": description, **more})
    (root / name / "package.json").write_text(text, "utf-8")


def test_a_distribution_that_says_it_scrapes_is_proposed_and_ordinary_ones_are_not(
    tmp_path: Path, shipped: Catalogue
) -> None:
    distribution(
        tmp_path,
        "petgleaner",
        "Scrapes profiles from a social network in bulk",
        commands="petglean = p:m",
        modules="pet",
    )
    distribution(tmp_path, "leftpadder", "Pads strings on the left")
    distribution(tmp_path, "instaloader", "Download pictures along with their captions from Instagram")
    (one,) = python_candidates(tmp_path, shipped)
    assert (one.name, one.executables, one.imports) == ("petgleaner", ("petglean",), ("pet",))


def test_scoped_node_packages_are_looked_at_and_known_ones_left_out(tmp_path: Path, shipped: Catalogue) -> None:
    node_package(tmp_path, "@pets/crawler", "Web crawler that scrapes whole websites", bin={"petcrawl": "x.js"})
    node_package(tmp_path, "crawlee", "The scalable web crawling and scraping library")
    node_package(tmp_path, "left-padder", "Pads strings on the left")
    (one,) = node_candidates(tmp_path, shipped)
    assert (one.name, one.executables) == ("@pets/crawler", ("petcrawl",))


def test_a_debian_package_is_proposed_with_its_commands(tmp_path: Path, shipped: Catalogue) -> None:
    (tmp_path / "petmirror.list").write_text("/.\n/usr/bin/petmirror\n/usr/share/doc/petmirror\n", "utf-8")
    status = tmp_path / "status"
    status.write_text(
        "Package: petmirror\nSection: web\nDescription: mirrors whole websites, web crawler\n Copies sites.\n\n"
        "Package: coreutils\nSection: utils\nDescription: GNU core utilities\n",
        "utf-8",
    )
    (one,) = debian_candidates(tmp_path, status, shipped)
    assert (one.ecosystem, one.name, one.executables) == ("debian", "petmirror", ("petmirror",))


def test_a_stub_is_an_entry_that_is_refused_until_a_person_has_completed_it(tmp_path: Path, shipped: Catalogue) -> None:
    distribution(
        tmp_path / "site", "petgleaner", "Scrapes profiles from a social network in bulk", commands="petglean = p:m"
    )
    (one,) = python_candidates(tmp_path / "site", shipped)
    text = stub(one, TODAY)
    (entry,) = yaml.safe_load(text)
    assert entry["homepage"] == "" and entry["collects"] == ""
    assert "It says: scrapes profiles" in text
    family = tmp_path / f"{entry['family']}.yaml"
    family.write_text(text, "utf-8")
    with pytest.raises(Exception, match="field homepage"):
        load_catalogue(tmp_path)
    completed = entry | {"homepage": "https://petgleaner.example", "collects": "Profiles of pets."}
    family.write_text(yaml.safe_dump([completed]), "utf-8")
    assert load_catalogue(tmp_path).by_executable("petglean") is not None


def test_metadata_that_is_nonsense_proposes_nothing_and_stops_nothing(tmp_path: Path, shipped: Catalogue) -> None:
    distribution(tmp_path, "petgleaner", "Scrapes profiles from a social network in bulk", commands="=\n[[[")
    node_package(tmp_path, "broken", "x")
    (tmp_path / "broken" / "package.json").write_bytes(b"\xff{")
    assert [one.executables for one in python_candidates(tmp_path, shipped)] == [()]
    assert list(node_candidates(tmp_path, shipped)) == []


def test_it_prints_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distribution(tmp_path, "petgleaner", "Scrapes profiles from a social network in bulk")
    before = sorted(tmp_path.rglob("*"))
    assert main(["--site", str(tmp_path)], TODAY) == 0
    shown = capsys.readouterr()
    assert "- id: petgleaner" in shown.out
    assert "1 candidates" in shown.err
    assert sorted(tmp_path.rglob("*")) == before


def test_not_saying_where_to_look_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([], TODAY)
    assert ended.value.code == 2
    assert "--site FOLDER" in capsys.readouterr().err
