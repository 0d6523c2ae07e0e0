"""What the surroundings of a process speak for, by the command lines and ancestors of real ones."""

from __future__ import annotations

import pytest

from agent.detection.context import ORDINARY, Setting, Surroundings, recognised, surroundings
from agent.detection.identify.executable import program_of
from agent.model.events import CommandLine


def around(line: str, *ancestors: str, package: str | None = None, above: Surroundings | None = None) -> Surroundings:
    command = CommandLine(tuple(line.split(" ")), "", "/home/p")
    return surroundings(program_of(command), ancestors, package=package, above=above)


@pytest.mark.parametrize(
    ("line", "package", "setting"),
    [
        ("python3 -m pytest -q tests", "pytest", Setting.TESTS),
        ("python3 /v/bin/pytest tests", "pytest", Setting.TESTS),
        ("python3 -m unittest discover", "", Setting.TESTS),
        ("python3 manage.py test shop", "", Setting.TESTS),
        ("node /p/node_modules/.bin/jest --watch", "jest", Setting.TESTS),
        ("node /p/node_modules/.bin/playwright test", "playwright", Setting.TESTS),
        ("python3 /v/bin/robot ui.robot", "robotframework", Setting.TESTS),
        ("ruby /usr/bin/rspec", None, Setting.TESTS),
        ("php /p/vendor/bin/phpunit", None, Setting.TESTS),
        ("/usr/bin/ctest -V", None, Setting.TESTS),
        ("go test ./...", None, Setting.TESTS),
        ("cargo +nightly test", None, Setting.TESTS),
        ("python3 -m pip install scrapy", "pip", Setting.INSTALLING),
        ("/usr/bin/uv pip install scrapy", None, Setting.INSTALLING),
        ("uv tool install gallery-dl", None, Setting.INSTALLING),
        ("node /usr/bin/npm install puppeteer", "npm", Setting.INSTALLING),
        ("python3 /usr/bin/pipx install yt-dlp", "pipx", Setting.INSTALLING),
        ("python3 /v/bin/poetry -C app add scrapy", "poetry", Setting.INSTALLING),
        ("apt-get install -y httrack", None, Setting.INSTALLING),
        ("dpkg --configure -a", None, Setting.INSTALLING),
        ("brew install wget", None, Setting.INSTALLING),
        ("python3 /v/bin/playwright install chromium", "playwright", Setting.INSTALLING),
        ("/p/node_modules/.bin/esbuild a.ts", None, Setting.BUILDING),
        ("node /p/node_modules/.bin/webpack --watch", "webpack", Setting.BUILDING),
        ("cargo build --release", None, Setting.BUILDING),
        ("python3 /v/bin/pyinstaller -F a.py", "pyinstaller", Setting.BUILDING),
        ("ruff check scraper", None, Setting.CHECKING),
        ("python3 -m mypy scraper", "mypy", Setting.CHECKING),
        ("node /p/node_modules/.bin/tsc -w", "typescript", Setting.CHECKING),
        ("python3 /v/bin/pylsp", "python-lsp-server", Setting.EDITING),
        ("/home/p/go/bin/gopls serve", None, Setting.EDITING),
        ("python3 /v/bin/sphinx-build -b linkcheck . out", "sphinx", Setting.DOCUMENTING),
        ("lychee README.md", None, Setting.DOCUMENTING),
        ("node /p/node_modules/.bin/linkinator docs", "linkinator", Setting.DOCUMENTING),
        ("python3 -m pdb scrape.py", "", Setting.DEBUGGING),
        ("strace -f python3 scrape.py", None, Setting.DEBUGGING),
    ],
)
def test_ordinary_work_is_recognised_by_its_own_command_line(line: str, package: str | None, setting: Setting) -> None:
    found = around(line, "bash", package=package)
    assert found.setting is setting
    assert found.factor < 1
    assert found.why


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("python3 scrape.py", ""),
        ("python3 /home/p/pytest", ""),  # the name alone
        ("python3 pytest.py --count 9", ""),
        ("node jest.js", ""),
        ("python3 /v/bin/pytest", "my-own-tool"),  # the name alone, installed
        ("python3 /v/bin/scrapy crawl x", "scrapy"),
        ("python3 /v/bin/pipx run yt-dlp", "pipx"),
        ("uv run scrape.py", None),
        ("uv tool run gallery-dl", None),
        ("node /usr/bin/npx playwright codegen", "npm"),
        ("node /usr/bin/npm test", "npm"),  # whatever the project's own file says
        ("make crawl", None),
        ("just scrape", None),
        ("python3 -m ipykernel_launcher -f x.json", "ipykernel"),
        ("python3 /v/bin/jupyter-lab", "jupyterlab"),
        ("mise exec -- python3 scrape.py", None),
        ("/usr/share/code/code .", None),
    ],
)
def test_names_task_runners_notebooks_and_editors_excuse_nothing(line: str, package: str | None) -> None:
    assert around(line, "bash", "code", package=package) == ORDINARY


def test_what_stands_above_counts_by_what_is_known_of_it_before_its_name() -> None:
    runner = around("python3 -m pytest", package="pytest")
    below = around("python3 helper.py", "python3", package="", above=runner)
    assert below.setting is Setting.TESTS
    assert around("sleep 1", "sh", above=below).setting is Setting.TESTS, "it reaches all the way down"
    impostor = around("python3 /home/p/pytest", package="")
    assert around("chrome --headless", "pytest", above=impostor) == ORDINARY
    assert around("chrome --headless", "pytest").setting is Setting.TESTS, "with nothing better than a name"


@pytest.mark.parametrize(
    ("ancestor", "setting"),
    [
        ("Runner.Worker", Setting.BUILD_MACHINE),
        ("gitlab-runner", Setting.BUILD_MACHINE),
        ("vitest", Setting.TESTS),
        ("apt-get", Setting.INSTALLING),
        ("ctest.exe", Setting.TESTS),
    ],
)
def test_ancestors_count_by_name_where_nothing_else_is_known(ancestor: str, setting: Setting) -> None:
    assert around("node x.js", "sh", ancestor, "systemd").setting is setting


def test_of_several_reasons_the_most_telling_is_given() -> None:
    found = around("python3 -m pip install x", "pytest", "Runner.Worker")
    assert found.setting is Setting.INSTALLING


def test_a_debugger_is_a_hint_and_no_excuse() -> None:
    assert around("python3 -m cProfile scrape.py").factor * 0.9 >= 0.6


def test_most_programs_are_no_setting() -> None:
    assert recognised(program_of(CommandLine(("/usr/bin/curl", "-s", "x"), "", "/"))) is None
    assert recognised(program_of(CommandLine((), "", "/"))) is None
