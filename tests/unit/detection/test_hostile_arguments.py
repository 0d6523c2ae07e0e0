"""A command line of somebody's making is judged in time of its length, whatever stands in it.

The agent judges it in its own process, and Python's `re` lets nothing else run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.content.catalogue import load_catalogue
from agent.detection.identified import CAPABILITIES
from agent.detection.identify.modes import asked, asked_in_general
from tests.support.growth import grows_with_the_length

KIB = 1024
PIECES = [",", "{,", "@.", "[1-", "a.", "{1..", "://", "https://", "/", "{a,", "a-", "@", "%", "site:"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("before", ["https://a", "https://a{", "https://a[", "", "-i"])
def test_an_argument_of_one_piece_again_and_again(piece: str, before: str) -> None:
    tools = [tool for tool in load_catalogue().tools if tool.modes and tool.bulk != "never"][:3]

    def read(length: int) -> Callable[[], object]:
        arguments = ["-i", before + piece * (length // len(piece)), "https://example.org/a"]
        return lambda: (
            [asked(tool, arguments) for tool in tools],
            [asked_in_general(arguments, capability) for capability in sorted(CAPABILITIES)[:4]],
        )

    assert grows_with_the_length(read, 64 * KIB)
