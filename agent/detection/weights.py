"""How much each piece of evidence says by itself, in one place (reference detection.md C3, adjusted where noted).

Read together with `scoring.py`: .6 alone is a medium, so whatever stands at or above it may raise a flag with nobody's
help and needs a good reason; an engine, or a verdict on code that is merely loop-shaped, stays below.
"""

from __future__ import annotations

from typing import Final

NAME_COLLECTOR: Final = 0.9
"""A program of the catalogue, by a verified name of its executable."""
NAME_SCRIPT: Final = 0.5
"""A script file that has the name of a catalogued program, without the package behind it: may be the person's own."""
NAME_ENGINE: Final = 0.4
NAME_UNVERIFIED: Final = 0.1
"""An identifier nobody has verified: hidden by itself, and its pieces are left out when a flag is decided."""
UNVERIFIED_RULE: Final = "catalogue.unverified"
"""The rule id of such pieces."""

PACKAGE_COLLECTOR: Final = 0.9
PACKAGE_ENGINE: Final = 0.4
PACKAGE_SELF_STRONG: Final = 0.6
"""A package that says twice over (words and libraries) that it collects from social media."""
PACKAGE_SELF_WEAK: Final = 0.4

IMPORT_COLLECTOR: Final = 0.8
IMPORT_ENGINE: Final = 0.4

IMPORT_EVASION: Final = 0.3
"""A library that exists to be taken for a person's browser."""

CODE_LOOP_KEEPS: Final = 0.35
"""From here on the shape of a script counts as running in a loop (DESIGN 3.14): something is walked through or kept."""

# The shape of a script (`identify/shape.py`): hints add up to at most SHAPE_MOST, ordinary work is multiplied on. Set
# by hand so that the sum of loop, walk, parse and keep, a crawl by any understanding, is just a medium (.6), and two or
# three of them are low or not even listed; checked on the programs in tests/unit/detection/shapes/.
SHAPE_MOST: Final = 0.85
"""Code alone never is as sure as a tool's own name: a high level needs a second class of evidence."""
SHAPE_LOOP: Final = 0.15
"""Requests in a loop: half of all programs, everything that polls."""
SHAPE_WALKS: Final = 0.2
"""... which change from page to page: by number, by links, by «next», by scrolling. The one thing all crawls share."""
SHAPE_PARSES: Final = 0.15
"""... and pages are taken apart: what was made for people to read is made into records."""
SHAPE_KEEPS: Final = 0.1
"""... and rows, files or a database are written: so do loggers and back-ups."""
SHAPE_PEOPLE: Final = 0.15
"""... and its words are about people. Weak by itself: every program with users has them."""
SHAPE_CONTACTS: Final = 0.1
"""... and patterns or selectors for e-mail addresses or telephone numbers in pages."""
SHAPE_PLATFORM: Final = 0.25
"""... of a social platform, read: through its pages or its interface alike. To page through one is a medium."""
SHAPE_WORK_PLATFORM: Final = 0.1
"""... of a platform that is asked for reasons of work too (code hosting), for people; or a social one merely named."""
SHAPE_SEARCHES: Final = 0.3
"""... of a search engine: a person does not ask it in a loop."""
SHAPE_MEDIA: Final = 0.2
"""... and pictures or films are saved one after the other."""
SHAPE_PICTURES: Final = 0.1
"""... that were not found on pages: tiles of a map come so too."""
SHAPE_DRIVEN: Final = 0.1
"""... in a driven browser: tests do so too."""
SHAPE_HIDES: Final = 0.1
"""... under a made-up browser name or through changing proxies."""
SHAPE_LIST: Final = 0.1
"""... for one after the other of a list from a file: checks of one's own sites do so too."""
SHAPE_EXTRACTS: Final = 0.1
"""... with a library that takes the running text out of any page: what training data are made with."""
SHAPE_SAYS_SO: Final = 0.1
"""... by a program that calls itself a scraper: names are cheap, to have them and to avoid them."""

SHAPE_IS_TEST: Final = 0.3
SHAPE_SERVES: Final = 0.4
SHAPE_FEEDS: Final = 0.4
"""A feed is published to be fetched again and again."""
SHAPE_CHECKS: Final = 0.4
SHAPE_SENDS: Final = 0.4
SHAPE_KEYED_INTERFACE: Final = 0.35
"""Whoever runs an interface gave out the key and counts what is asked: .8, the most there is, comes to less than .3."""
SHAPE_INTERFACE: Final = 0.6
"""An open interface, or one of work with a key: paging through it and keeping the rows stays under .3 by a hair."""
SHAPE_FEW: Final = 0.5
SHAPE_FILES: Final = 0.5
"""Files that a vendor lays out for everybody: data sets, packages, weather."""
RUNS_COLLECTOR: Final = 0.7
"""A script that starts a catalogued collector again and again: the loop is here, each start alone asks for one."""
TEST_IMPORTS: Final = 0.5
"""A collector's library imported by a test: half of what it says elsewhere, so that a test is no hiding place."""
IMPORT_ENGINE_IDLE: Final = 0.25
"""A driver imported by a script that walks nowhere: one page, one picture; hidden by itself."""

FLAGS_MODE: Final = 0.4
FLAGS_GENERIC: Final = 0.3
"""Options that mean «many» in most programs, on a program that is not in the catalogue."""

NETWORK_PLATFORM: Final = 0.5
"""As in the rule `network.platform`, for whoever asks what would be flagged."""
WATCHED_FROM: Final = 0.2
"""From this identity on it is looked at what a process does on the network; below, nothing of it is known."""
CADENCE_TWO_SIGNS: Final = 0.55
"""Just under a flag by itself: the thresholds come from simulation only."""
CADENCE_MORE_SIGNS: Final = 0.6

INVENTORY_COLLECTOR: Final = 0.5
INVENTORY_ENGINE: Final = 0.3

CONTEXT_TEST: Final = 0.3
CONTEXT_CI: Final = 0.3
OWN_HOST_ONLY: Final = 0.3
"""Every address in the code is this machine itself."""

BROWSER_DRIVEN: Final = 0.25
"""A browser that a program drives: hidden by itself, since printing, testing and measuring pages look the same. Less
than the reference's .3 (detection.md C1), which would list every tool that renders a page."""
BROWSER_OPEN: Final = 0.3
"""... or that stands open without a window for whoever comes to drive it: listed."""
BROWSER_DISGUISED: Final = 0.4
"""... or that was told to hide that it is driven: listed; hiding alone collects nothing."""
BROWSER_ONE_PAGE: Final = 0.1
"""A page's content printed once by a browser without a window: only many of them say something."""
BROWSER_AGENT: Final = 0.3
"""A server that hands a browser to a language model, left running: listed; being able to is not yet collecting."""

CONTEXT_INSTALL: Final = 0.1
"""A package manager at work names tools and runs none of them."""
CONTEXT_BUILD: Final = 0.3
"""Building, checking or documenting software: as for tests."""
CONTEXT_DEBUG: Final = 0.7
"""A debugger or profiler is ordinary work, and runs the program all the same: a hint, not an excuse."""
