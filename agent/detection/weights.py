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

CODE_LOOP: Final = 0.15
"""Requests in a loop: half of all programs that poll something."""
CODE_LOOP_KEEPS: Final = 0.35
"""... and pages are taken apart or rows written."""
CODE_LOOP_WALKS: Final = 0.5
"""... and the loop walks numbered pages or follows links."""
CODE_LOOP_PEOPLE: Final = 0.65
"""... and what is taken is about people. The reference stops at .35; this is what the product exists to see."""

FLAGS_MODE: Final = 0.4
FLAGS_GENERIC: Final = 0.3
"""Options that mean «many» in most programs, on a program that is not in the catalogue."""

NETWORK_PLATFORM: Final = 0.5
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
