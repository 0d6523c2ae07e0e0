"""What the surroundings of a process take away from the evidence: test runners and build machines.

A browser driver under a test runner is what browser drivers are made for. The weight of every piece of evidence of such
a process is multiplied down, not dropped, so that a test runner is no hiding place for a real collection with network
evidence of its own (reference detection.md C2, C3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.detection.weights import CONTEXT_CI, CONTEXT_TEST

TEST_RUNNERS = frozenset(
    [
        "pytest",
        "py.test",
        "jest",
        "vitest",
        "tox",
        "nox",
        "mocha",
        "ava",
        "karma",
        "cypress",
        "unittest",
        "nose2",
        "behave",
        "robot",
        "locust",
        "codeceptjs",
        "nightwatch",
        "wdio",
        "testcafe",
        "hypothesis",
        "stestr",
        "trial",
        "ctest",
        "phpunit",
        "rspec",
    ]
)
BUILD_MACHINES = frozenset(
    [
        "runner.listener",
        "runner.worker",
        "gitlab-runner",
        "gitlab-runner-helper",
        "buildkite-agent",
        "jenkins",
        "jenkins-agent",
        "act_runner",
        "act",
        "drone-runner",
        "teamcity-agent",
        "azure-pipelines-agent",
        "agent.worker",
        "woodpecker-agent",
        "circleci-agent",
    ]
)
TEST_SUBCOMMANDS = {"playwright": "test", "cargo": "test", "go": "test", "npm": "test", "bun": "test", "deno": "test"}


def is_test_runner(program: str, arguments: Sequence[str]) -> bool:
    """Return whether a process runs tests.

    Args:
        program: Lower-case base name of the program that really runs (entry script or module, not the interpreter).
        arguments: What follows it on the command line.
    """
    if program in TEST_RUNNERS:
        return True
    wanted = TEST_SUBCOMMANDS.get(program)
    return wanted is not None and wanted in arguments[:1]


def multiplier(runs_tests: bool, ancestors: Iterable[str]) -> float:
    """Return what to multiply evidence with: 1 for an ordinary process, less under a test runner or a build machine.

    Args:
        runs_tests: Whether the process or one above it was recognised as a test runner by its command line.
        ancestors: Base names of the processes above.
    """
    above = {name.lower() for name in ancestors}
    factor = 1.0
    if runs_tests or above & TEST_RUNNERS:
        factor *= CONTEXT_TEST
    if above & BUILD_MACHINES:
        factor *= CONTEXT_CI
    return factor


from dataclasses import dataclass
from agent.detection.identify.executable import Program


@dataclass(frozen=True, slots=True)
class Surroundings:
    """TEMP."""

    factor: float = 1.0
    why: str = ""


def surroundings(program: Program, ancestors: Iterable[str]) -> Surroundings:
    """TEMP."""
    factor = multiplier(is_test_runner(program.word, program.arguments), ancestors)
    return Surroundings(factor, "tests" if factor < 1 else "")
