"""Is this a program that hands a browser, or the pages it reads, to a language model?

Two kinds: a server that speaks the Model Context Protocol (MCP) and drives a browser or crawls, left running beside an
assistant; and an agent, a program that joins a browser library to a model library. Both are told by what their package
depends on and says in its name, for a package runner (`npx`, `uvx`, `docker run`) by the name of what it was asked to
run. A script of the person's own is not judged here: its name proves nothing, its code is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from agent.detection.identify.executable import Form, Program

DRIVING_LIBRARIES: Final = frozenset([
    "playwright", "playwright-core", "patchright", "patchright-core", "rebrowser-playwright", "rebrowser-puppeteer",
    "puppeteer", "puppeteer-core", "puppeteer-extra", "pyppeteer", "selenium", "selenium-webdriver", "seleniumbase",
    "undetected-chromedriver", "nodriver", "zendriver", "camoufox", "botasaurus", "drissionpage", "helium",
    "chrome-remote-interface", "cdp-use", "browser-use", "browser-use-sdk", "stagehand", "@browserbasehq/stagehand",
    "@playwright/mcp", "webdriverio", "splinter", "taiko", "pydoll-python", "crawl4ai",
])  # fmt: skip
"""Packages whose purpose is to drive a browser, on any index."""
MODEL_LIBRARIES: Final = frozenset([
    "openai", "anthropic", "@anthropic-ai/sdk", "@anthropic-ai/claude-agent-sdk", "claude-agent-sdk", "langchain",
    "langchain-core", "langchain-openai", "langchain-anthropic", "langgraph", "@langchain/core", "@langchain/openai",
    "litellm", "google-genai", "google-generativeai", "@google/genai", "@google/generative-ai", "ollama", "ai",
    "llama-index", "llama-index-core", "mistralai", "groq", "cohere", "pydantic-ai", "pydantic-ai-slim", "crewai",
    "autogen-agentchat", "smolagents", "openai-agents", "dspy", "instructor", "@ai-sdk/openai", "@ai-sdk/anthropic",
])  # fmt: skip
"""Packages through which a program asks a language model."""
PROTOCOL_LIBRARIES: Final = frozenset(["mcp", "fastmcp", "fastmcp-slim", "mcp-use", "@modelcontextprotocol/sdk"])
"""Packages that speak the Model Context Protocol."""

_BROWSER_WORDS = frozenset([
    "playwright", "puppeteer", "browser", "browsers", "chrome", "chromium", "firefox", "devtools", "selenium",
    "webdriver", "stagehand", "browserbase", "cdp", "browsermcp", "patchright", "camoufox", "nodriver", "skyvern",
])  # fmt: skip
_READING_WORDS = frozenset(
    ["scrape", "scraper", "scraping", "crawl", "crawler", "crawling", "crawlee", "firecrawl", "spider"]
)
_DIRECT_RUNNERS = frozenset(["npx", "npx-cli", "pnpx", "bunx", "uvx"])
_RUNNERS = _DIRECT_RUNNERS | {"npm", "npm-cli", "pnpm", "yarn", "bun", "uv", "pipx", "docker", "podman"}
_RUN_WORDS = frozenset(["exec", "x", "dlx", "run", "tool"])
_HELP = frozenset(["--help", "-h", "--version", "-v", "help", "version"])


@dataclass(frozen=True, slots=True)
class AgentServer:
    """A program that hands a browser or pages to a language model.

    Attributes:
        reads: Whether it says that it scrapes or crawls, rather than only drives a browser.
        headless: Whether it was told to show no window.
    """

    reads: bool
    headless: bool


def agent_server(program: Program, package: str, dependencies: Collection[str]) -> AgentServer | None:
    """Recognise what drives a browser for a language model; None for everything else.

    Args:
        program: The command line, taken apart.
        package: Normalised name of the package that owns the entry point, or empty for the person's own code.
        dependencies: Normalised names of what that package says it needs.
    """
    if program.form is Form.CODE or any(argument.lower() in _HELP for argument in program.arguments[:4]):
        return None
    needs = set(dependencies)
    names = [package]
    if _is_runner(program):
        names += _asked_for(program)
    elif package or program.language is None:
        names.append(program.word)
    words = {word for name in names for word in _words(name)}
    short = [argument for argument in program.arguments[:3] if len(argument) < 40 and "/" not in argument]
    serves = "mcp" in words or bool(needs & PROTOCOL_LIBRARIES)
    serves = serves or (bool(package) and any("mcp" in _words(argument) for argument in short))
    reads = bool(words & _READING_WORDS)
    drives = bool(words & _BROWSER_WORDS) or bool(needs & DRIVING_LIBRARIES) or package in DRIVING_LIBRARIES
    joined = bool(package and needs & DRIVING_LIBRARIES and needs & MODEL_LIBRARIES)
    if joined or (serves and (drives or reads)):
        return AgentServer(reads, any(argument.startswith("--headless") for argument in program.arguments))
    return None


def _is_runner(program: Program) -> bool:
    return program.word in _RUNNERS or program.base in _DIRECT_RUNNERS


def _asked_for(program: Program) -> list[str]:
    """Return what a package runner was asked to run: the first name, for containers any of the first few.

    An installation (`npm install`, `pipx install`) names packages too and runs none.
    """
    direct = program.word in _DIRECT_RUNNERS or program.base in _DIRECT_RUNNERS
    container = program.word in ("docker", "podman")
    names: list[str] = []
    for argument in program.arguments[:12]:
        if argument.startswith("-"):
            continue
        if not direct:
            if argument not in _RUN_WORDS:
                return []
            direct = True
        elif argument not in _RUN_WORDS:
            names.append(argument)
            if not container:
                break
    return names


def _words(name: str) -> set[str]:
    return {word for word in re.split(r"[^a-z]+", name.lower()) if word}
