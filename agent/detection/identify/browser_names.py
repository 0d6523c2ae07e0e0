"""Names by which browsers, their drivers and those who start them are told: data for `browser.py`, and one question.

All of them are base names, lower case and without `.exe`. A name says only which kind of program it is; what it was
started with decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

CHROMIUM: Final = re.compile(
    r"(?:google-?)?chrom(?:e|ium)(?:[-_ ](?:browser|stable|beta|dev|unstable|canary|sxs|headless|headless[-_]shell|"
    r"for[-_ ]testing|freeworld|bin|wrapper))*|google chrome(?: .*)?|headless[-_]shell|ungoogled-chromium|"
    r"thorium(?:-browser)?|(?:microsoft[- ])?edge(?:[- ](?:stable|beta|dev|canary))?|msedge|"
    r"brave(?:[- ]browser)?(?:[- ](?:stable|beta|nightly|origin))*|vivaldi(?:-bin|-stable|-snapshot)?|"
    r"opera(?:-(?:stable|beta|developer))?|yandex[-_]browser(?:-\w+)?|whale|arc|iridium(?:-browser)?|cromite|lightpanda"
)
"""Browsers of Chromium's family, and those that take its switches."""
FIREFOX: Final = re.compile(
    r"firefox(?:[-.](?:esr|bin|real|devedition|developer-edition|nightly|beta|trunk))*|camoufox(?:-bin)?|librewolf|"
    r"waterfox|floorp|zen(?:-browser|-bin)?|iceweasel|icecat|palemoon|tor-?browser|nightly|juggler"
)
WEBKIT: Final = re.compile(r"minibrowser|epiphany(?:-browser)?|gnome-web|wpe-?webkit|cog|playwright|safari")
WEBDRIVER: Final = re.compile(
    r"(?:[\w.]+[-_])?(?:chrome|chromium|gecko|msedge|edge|opera|safari|webkitweb|wpeweb|qtwebkit|servo)[-_.]?driver"
    r"(?:[-_.][\w.]+)?|iedriverserver|microsoftwebdriver|wires"
)
"""Programs that turn a script's wishes into a browser's, by the WebDriver protocol; renamed copies keep the word."""
GRIDS: Final = re.compile(
    r"selenium-(?:server|standalone|grid|hub)(?:-standalone)?(?:-[\d.]+)?|selenoid|browserless|appium|webdriver-manager"
)
"""Servers that lend driven browsers to others."""
SCRIPTED: Final = frozenset(["phantomjs", "slimerjs", "casperjs", "trifle", "triflejs"])
"""Browsers that have no window and take a script."""
LIBRARY_SERVERS: Final = frozenset(["run-driver", "run-server", "launch-server"])
"""Sub-commands by which an automation library starts the server that drives its browsers."""

AI_AGENTS: Final = frozenset([
    "claude", "claude-code", "codex", "gemini", "gemini-cli", "copilot", "aider", "goose", "opencode", "amp", "crush",
    "cursor-agent", "qwen", "qwen-code", "openhands", "cline", "kiro-cli", "droid", "auggie", "browser-use",
])  # fmt: skip
"""Command-line agents of language models: for the words only, never for a verdict."""
EDITORS: Final = re.compile(
    r"code(?:-insiders|-oss|-tunnel)?|codium|vscodium|cursor|windsurf|zed(?:-editor)?|sublime_text|subl|webstorm.*|"
    r"pycharm.*|intellij.*|idea(?:64)?|phpstorm.*|goland.*|rider.*|rubymine.*|fleet|eclipse|devenv|studio(?:64)?|"
    r"n?vim|vi|emacs.*|kate|gedit|atom|positron|rstudio.*|spyder.*|nova|bbedit|brackets|netbeans.*|helix|hx"
)

_SPEAKERS = (
    (re.compile(r"python[\d.]*t?|pypy[\d.]*|uvx?|ipython|jupyter.*"), "a Python program"),
    # Newer Node names its first thread so, and that is what the kernel shows.
    (
        re.compile(r"node(?:js)?(?:-?\d+)?|mainthread|node-mainthread|deno|bun|npx|npm.*|electron"),
        "a JavaScript program",
    ),
)
_SAYS_NOTHING = re.compile(
    r"(?:ba|da|z|k|a|fi|tc|c)?sh|sudo|env|timeout|nohup|setsid|stdbuf|nice|xvfb-run|xvfb|dbus-run-session|dbus-launch|"
    r"tmux.*|screen|systemd|init|tini|dumb-init|catatonit|gnome-.*|kde.*|plasma.*|konsole|xterm|kitty|alacritty|"
    r"wezterm.*|foot|login|sshd.*|su|launchd|explorer|cmd|powershell|pwsh|xfce.*|sway|hyprland|i3|bwrap|snap.*|"
    r"flatpak.*|kwin.*|mutter|dockerd?|containerd.*|runc|cron|crond|atd"
)


def who(ancestors: Sequence[str]) -> str:
    """Say in fixed words who started a browser: the nearest process above that says something; empty where none does.

    Args:
        ancestors: Base names of the processes above, nearest first.
    """
    names = [_plain(name) for name in ancestors]
    if any(name in AI_AGENTS for name in names):
        return "an AI agent"
    for name in names:
        if _is_browser(name) or _SAYS_NOTHING.fullmatch(name):
            continue
        return next((words for pattern, words in _SPEAKERS if pattern.fullmatch(name)), "another program")
    return ""


def by_an_editor(ancestors: Sequence[str]) -> bool:
    """Return whether an editor itself started a browser, with no program of anybody's in between."""
    names = [_plain(name) for name in ancestors]
    return next((bool(EDITORS.fullmatch(name)) for name in names if not _is_browser(name)), False)


def _is_browser(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (CHROMIUM, FIREFOX, WEBKIT, WEBDRIVER))


def _plain(name: str) -> str:
    return name.lower().removesuffix(".exe")
