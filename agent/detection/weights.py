"""How much each piece of evidence says, by name: the numbers of `agent/content/scoring.yaml`, each with its reason.

Read together with `scoring.py`: .6 alone is a medium, so whatever stands at or above it may raise a flag with nobody's
help and needs a good reason; an engine, or a verdict on code that is merely loop-shaped, stays below.
"""

from __future__ import annotations

from typing import Final

from agent.content.scoring import load_scoring

_SAID = load_scoring()

UNVERIFIED_RULE: Final = "catalogue.unverified"
"""The rule id of such pieces."""

NAME_COLLECTOR: Final = _SAID["name_collector"]
NAME_SCRIPT: Final = _SAID["name_script"]
NAME_ENGINE: Final = _SAID["name_engine"]
NAME_UNVERIFIED: Final = _SAID["name_unverified"]
PACKAGE_COLLECTOR: Final = _SAID["package_collector"]
PACKAGE_ENGINE: Final = _SAID["package_engine"]
IMPORT_COLLECTOR: Final = _SAID["import_collector"]
IMPORT_ENGINE: Final = _SAID["import_engine"]
IMPORT_EVASION: Final = _SAID["import_evasion"]
CODE_LOOP_KEEPS: Final = _SAID["code_loop_keeps"]
SHAPE_MOST: Final = _SAID["shape_most"]
SHAPE_LOOP: Final = _SAID["shape_loop"]
SHAPE_WALKS: Final = _SAID["shape_walks"]
SHAPE_PARSES: Final = _SAID["shape_parses"]
SHAPE_KEEPS: Final = _SAID["shape_keeps"]
SHAPE_PEOPLE: Final = _SAID["shape_people"]
SHAPE_CONTACTS: Final = _SAID["shape_contacts"]
SHAPE_PLATFORM: Final = _SAID["shape_platform"]
SHAPE_WORK_PLATFORM: Final = _SAID["shape_work_platform"]
SHAPE_SEARCHES: Final = _SAID["shape_searches"]
SHAPE_MEDIA: Final = _SAID["shape_media"]
SHAPE_PICTURES: Final = _SAID["shape_pictures"]
SHAPE_DRIVEN: Final = _SAID["shape_driven"]
SHAPE_HIDES: Final = _SAID["shape_hides"]
SHAPE_LIST: Final = _SAID["shape_list"]
SHAPE_EXTRACTS: Final = _SAID["shape_extracts"]
SHAPE_SAYS_SO: Final = _SAID["shape_says_so"]
SHAPE_IS_TEST: Final = _SAID["shape_is_test"]
SHAPE_SERVES: Final = _SAID["shape_serves"]
SHAPE_FEEDS: Final = _SAID["shape_feeds"]
SHAPE_CHECKS: Final = _SAID["shape_checks"]
SHAPE_SENDS: Final = _SAID["shape_sends"]
SHAPE_KEYED_INTERFACE: Final = _SAID["shape_keyed_interface"]
SHAPE_INTERFACE: Final = _SAID["shape_interface"]
SHAPE_FEW: Final = _SAID["shape_few"]
SHAPE_FILES: Final = _SAID["shape_files"]
TOLD_TO_GATHER: Final = _SAID["told_to_gather"]
UNREAD: Final = _SAID["unread"]
LOOPED_ENGINE: Final = _SAID["looped_engine"]
RUNS_COLLECTOR: Final = _SAID["runs_collector"]
TEST_IMPORTS: Final = _SAID["test_imports"]
IMPORT_ENGINE_IDLE: Final = _SAID["import_engine_idle"]
FLAGS_MODE: Final = _SAID["flags_mode"]
FLAGS_GENERIC: Final = _SAID["flags_generic"]
NETWORK_PLATFORM: Final = _SAID["network_platform"]
WATCHED_FROM: Final = _SAID["watched_from"]
CADENCE_TWO_SIGNS: Final = _SAID["cadence_two_signs"]
CADENCE_MORE_SIGNS: Final = _SAID["cadence_more_signs"]
INVENTORY_COLLECTOR: Final = _SAID["inventory_collector"]
INVENTORY_ENGINE: Final = _SAID["inventory_engine"]
CONTEXT_TEST: Final = _SAID["context_test"]
CONTEXT_CI: Final = _SAID["context_ci"]
OWN_HOST_ONLY: Final = _SAID["own_host_only"]
BROWSER_DRIVEN: Final = _SAID["browser_driven"]
BROWSER_OPEN: Final = _SAID["browser_open"]
BROWSER_DISGUISED: Final = _SAID["browser_disguised"]
BROWSER_ONE_PAGE: Final = _SAID["browser_one_page"]
BROWSER_AGENT: Final = _SAID["browser_agent"]
CONTEXT_INSTALL: Final = _SAID["context_install"]
CONTEXT_BUILD: Final = _SAID["context_build"]
CONTEXT_DEBUG: Final = _SAID["context_debug"]
LEVEL_LOW: Final = _SAID["level_low"]
LEVEL_MEDIUM: Final = _SAID["level_medium"]
LEVEL_HIGH: Final = _SAID["level_high"]
CADENCE_RATE: Final = _SAID["cadence_rate"]
CADENCE_EVEN: Final = _SAID["cadence_even"]
CADENCE_DISTINCT: Final = _SAID["cadence_distinct"]
CADENCE_SEQUENTIAL: Final = _SAID["cadence_sequential"]
