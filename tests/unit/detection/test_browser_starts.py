"""Browsers and what drives them, by the command lines that real launchers and real people use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identified import Identified, Role
from agent.detection.identify.browser import AGENT_TOOL, BrowserStart, Profile, judge, started
from agent.detection.identify.executable import program_of
from agent.detection.scoring import confidence, level
from agent.model.events import CommandLine
from agent.model.findings import Level

PUPPETEER = (
    "--allow-pre-commit-input --disable-background-networking --disable-breakpad --disable-default-apps "
    "--disable-hang-monitor --disable-popup-blocking --disable-prompt-on-repost --disable-sync --enable-automation "
    "--export-tagged-pdf --force-color-profile=srgb --metrics-recording-only --no-first-run --password-store=basic "
    "--use-mock-keychain --headless=new --remote-debugging-port=0 --user-data-dir=/tmp/puppeteer_dev_chrome_profile-aB3"
)
NODRIVER = (
    "--remote-allow-origins=* --no-first-run --no-service-autorun --no-default-browser-check --homepage=about:blank "
    "--no-pings --password-store=basic --disable-infobars --disable-breakpad --remote-debugging-port=41234 "
    "--user-data-dir=/tmp/uc_x1"
)


def start(
    line: str, *ancestors: str, exe: str = "", package: str = "", needs: tuple[str, ...] = ()
) -> BrowserStart | None:
    command = CommandLine(tuple(line.split(" ")), exe, "/home/p")
    return started(program_of(command), command, ancestors, package=package, dependencies=needs)


def judged(line: str, *ancestors: str, **more: object) -> Identified | None:
    found = start(line, *ancestors, **more)  # type: ignore[arg-type]
    return None if found is None else judge(found)


@pytest.mark.parametrize(
    "line",
    [
        f"/home/p/.cache/puppeteer/chrome {PUPPETEER} about:blank",
        "/o/chrome --enable-automation --test-type=webdriver --user-data-dir=/tmp/.org.chromium.Chromium.aB3xYz data:,",
        "/c/chrome-linux/headless_shell --headless --remote-debugging-pipe --no-startup-window",
        "/usr/lib/firefox-esr/firefox-esr --marionette --remote-debugging-port 34567 -profile /tmp/rust_mozprofileAbC",
        "/c/firefox/firefox -no-remote -headless -profile /tmp/playwright_firefoxdev_profile-x -juggler-pipe -silent",
        "/c/webkit/minibrowser-wpe/MiniBrowser --inspector-pipe --headless --no-startup-window",
        f"/usr/bin/google-chrome {NODRIVER}",
        r"C:\Programs\Google\Application\chrome.exe --enable-automation --headless --remote-debugging-port=0",
        f"/home/p/notes-sync {PUPPETEER}",
        "/usr/bin/chromedriver --port=45123",
        "/home/p/.local/share/undetected_chromedriver/2f3a_chromedriver --port=5",
        "/snap/bin/geckodriver --port 4444 --websocket-port 9222",
        "msedgedriver --port=1",
        "java -jar /opt/selenium-server-4.25.0.jar standalone",
        "phantomjs walk.js",
    ],
)
def test_a_driven_browser_is_an_engine_and_hidden_by_itself(line: str) -> None:
    found = judged(line, "python3")
    assert found is not None
    assert found.role is Role.ENGINE
    assert not found.asks_for_many
    assert level(found.evidence) is Level.HIDDEN
    assert found.capability == "drives"
    assert "a Python program" in found.evidence[0].detail


@pytest.mark.parametrize(
    "line",
    [
        "/usr/lib/chromium/chromium",
        "/usr/lib/chromium/chromium https://example.org/a?b=c",
        "/opt/google/chrome/chrome --type=renderer --enable-automation --remote-debugging-port=0 --headless",
        "/opt/google/chrome/chrome_crashpad_handler --monitor-self --database=/tmp/x",
        "/usr/lib/firefox/firefox -contentproc -childID 3 --marionette",
        "/usr/lib/firefox/firefox --no-remote --profile /tmp/x https://example.org",
        "chromium --headless --print-to-pdf=/tmp/a.pdf https://example.org/invoice/7",
        "chromium --headless=new --screenshot=a.png --window-size=800,600 https://example.org",
        "chromium --headless --dump-dom file:///home/p/report.html",
        "chromium --headless --dump-dom http://localhost:3000/",
        "chromium --headless --version",
        "firefox --headless --screenshot /tmp/a.png https://example.org",
        "google-chrome --remote-debugging-port=9222",
        "google-chrome --remote-debugging-port=9222 --user-data-dir=/home/p/.chrome-debug --no-first-run",
        "google-chrome --kiosk --remote-debugging-port=9222 --no-first-run https://board.example.org",
        "/usr/share/code/code --remote-debugging-port=9222 --enable-logging",
        "/opt/Slack/slack --enable-features=X --remote-debugging-port=8315",
        "electron . --remote-debugging-port=0 --inspect=0",
        "soffice --headless --convert-to pdf a.docx",
        "chromedriver --version",
        "grep -r --enable-automation /home/p",
        "vim chromedriver",
        "drivers --port=1",
    ],
)
def test_ordinary_browsers_and_their_namesakes_say_nothing(line: str) -> None:
    assert judged(line, "bash", "gnome-terminal-") is None


def test_a_helper_that_wrote_its_switches_over_its_command_line_says_nothing() -> None:
    command = CommandLine(("/usr/lib/chromium/chromium --type=zygote --headless --enable-automation",), "", "/")
    assert started(program_of(CommandLine(command.argv, "/usr/lib/chromium/chromium", "/")), command, ()) is None


def test_an_editors_debugger_on_a_visible_browser_is_ordinary_and_a_script_in_its_terminal_is_not() -> None:
    line = "google-chrome --remote-debugging-pipe --no-first-run --user-data-dir=/home/p/ws/.profile about:blank"
    assert judged(line, "code", "code", "gnome-shell") is None
    assert judged(line, "python3", "bash", "code") is not None
    assert judged(f"{line} --headless", "code") is not None


def test_a_browser_that_hides_that_it_is_driven_is_listed_and_no_more() -> None:
    found = judged("google-chrome --disable-blink-features=AutomationControlled --user-data-dir=/tmp/x", "python3.12")
    assert found is not None
    assert level(found.evidence) is Level.LOW
    assert "hide" in found.evidence[0].detail


def test_a_browser_left_open_by_hand_for_whoever_comes_is_listed() -> None:
    line = "chromium --headless --no-sandbox --remote-debugging-port=9222"
    by_hand, by_program = judged(line, "bash"), judged(line, "node", "bash")
    assert by_hand is not None
    assert by_program is not None
    assert level(by_hand.evidence) is Level.LOW
    assert level(by_program.evidence) is Level.HIDDEN
    assert by_hand.flags == ("--headless", "--remote-debugging-port")


def test_one_page_printed_says_little_so_that_only_many_say_something() -> None:
    found = judged("chromium --headless --dump-dom https://example.org/p/1", "bash")
    assert found is not None
    assert confidence(found.evidence) <= 0.1


@pytest.mark.parametrize(
    ("folder", "profile"),
    [
        ("/tmp/playwright_chromiumdev_profile-Xy", Profile.AUTOMATION),
        ("/var/folders/a/puppeteer_dev_chrome_profile-1", Profile.AUTOMATION),
        ("/tmp/.org.chromium.Chromium.aBcDeF", Profile.AUTOMATION),
        (r"C:\Users\p\AppData\Local\Temp\scoped_dir12", Profile.AUTOMATION),
        ("/tmp/x", Profile.THROWAWAY),
        (r"C:\Users\p\AppData\Local\Temp\x", Profile.THROWAWAY),
        ("/home/p/.config/work", Profile.OWN_FOLDER),
    ],
)
def test_whose_profile_it_was_given(folder: str, profile: Profile) -> None:
    found = start(f"chrome --enable-automation --user-data-dir={folder}")
    assert found is not None
    assert found.profile is profile


@pytest.mark.parametrize(
    ("ancestors", "words"),
    [
        (("chromedriver", "python3.11", "bash"), "a Python program"),
        (("MainThread", "sh"), "a JavaScript program"),
        (("node", "claude", "bash"), "an AI agent"),
        (("java",), "another program"),
        (("bash", "tmux: server", "systemd"), ""),
        ((), ""),
    ],
)
def test_by_whom_it_was_started(ancestors: tuple[str, ...], words: str) -> None:
    found = start("chrome --enable-automation", *ancestors)
    assert found is not None
    assert found.by == words


@pytest.mark.parametrize(
    ("line", "package", "needs"),
    [
        ("node /p/node_modules/.bin/anything", "some-mcp", ("@modelcontextprotocol/sdk", "puppeteer-core")),
        ("node /p/node_modules/.bin/web-mcp-server", "@acme/browser-mcp", ()),
        ("python3 /p/bin/surf", "surf", ("mcp", "playwright")),
        ("python3 /p/bin/pilot serve", "pilot", ("langchain-openai", "patchright")),
        ("node /usr/bin/npx -y @acme/playwright-mcp@latest --headless", "npm", ()),
        ("uvx browser-thing-mcp", "", ()),
        ("docker run -i --rm mcp/puppeteer", "", ()),
        ("/opt/bin/chrome-mcp --stdio", "", ()),
    ],
)
def test_servers_and_agents_that_drive_a_browser_for_a_model_are_listed_never_flagged(
    line: str, package: str, needs: tuple[str, ...]
) -> None:
    found = judged(line, package=package, needs=needs)
    assert found is not None
    assert found.tool == AGENT_TOOL
    assert level(found.evidence) is Level.LOW
    assert not found.asks_for_many


def test_a_server_that_crawls_for_a_model_says_so() -> None:
    found = judged("node /p/bin/x", package="crawl-mcp", needs=("@modelcontextprotocol/sdk",))
    assert found is not None
    assert found.capability == "scrapes"


@pytest.mark.parametrize(
    ("line", "package", "needs"),
    [
        ("node /p/node_modules/.bin/x", "github-mcp-server", ("@modelcontextprotocol/sdk",)),
        ("python3 /p/browser-mcp.py", "", ()),  # a name alone, of a script of one's own
        ("node /usr/bin/npm install @playwright/mcp", "npm", ()),
        ("pipx install browser-mcp", "", ()),
        ("docker pull mcp/puppeteer", "", ()),
        ("node /p/node_modules/.bin/playwright test", "playwright", ("playwright-core",)),
        ("python3 /p/bin/chat", "chat", ("openai", "requests")),
        ("node /p/bin/browser-mcp --help", "browser-mcp", ()),
    ],
)
def test_what_only_looks_like_one_says_nothing(line: str, package: str, needs: tuple[str, ...]) -> None:
    assert judged(line, package=package, needs=needs) is None


@given(st.lists(st.text(max_size=30), max_size=12), st.lists(st.text(max_size=15), max_size=5))
def test_no_command_line_breaks_it_and_none_is_kept(argv: list[str], ancestors: list[str]) -> None:
    secret = "--user-data-dir=/tmp/s3cret-folder"
    command = CommandLine(("chrome", "--enable-automation", secret, "https://s3cret.example/", *argv), "", "/s3cret")
    found = started(program_of(command), command, ancestors)
    if found is not None:
        assert "s3cret" not in f"{found}{judge(found)}"
