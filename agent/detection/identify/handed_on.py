"""Programs that run another script inside themselves: notebooks' kernels, profilers, debuggers, consoles.

`python -m cProfile leads.py`, `ipython leads.py` and `jupyter execute leads.ipynb` run `leads`, whatever stands first
on the command line. A kernel is started with nothing but a connection file; its notebook lies in its working folder,
and the newest one there is taken. `entry_point.py` asks here before it asks which package the program belongs to.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence

from agent.detection.identify.folders import absolute, is_file

KERNELS = frozenset(["ipykernel_launcher", "ipykernel", "ipykernel.kernelapp", "colab_kernel_launcher", "xpython"])
NOTEBOOK_RUNNERS = frozenset(
    ["papermill", "jupyter-execute", "jupyter-run", "nbclient", "nbconvert", "jupyter-nbconvert"]
)
SCRIPT_RUNNERS = frozenset(
    [
        "cprofile",
        "profile",
        "pdb",
        "trace",
        "runpy",
        "timeit",
        "debugpy",
        "ipython",
        "ipython3",
        "bpython",
        "ptpython",
        "coverage",
        "kernprof",
        "scalene",
        "memray",
        "pyinstrument",
        "viztracer",
        "line_profiler",
        "memory_profiler",
        "mprof",
        "streamlit",
        "marimo",
        "accelerate",
        "torchrun",
        "watchfiles",
        "watchmedo",
        "nodemon",
        "ipdb",
        "pudb",
        "yappi",
        "tuna",
        "pyarmor",
        "xonsh",
    ]
)
"""Modules and commands that run a script of the person's own; what tests and servers run is theirs to say."""
MAX_LISTED = 2000
_RUNS_FIRST = re.compile(r"--execute(?:=true)?$", re.IGNORECASE)


def script_of(word: str, arguments: Sequence[str], cwd: str) -> str:
    """Return the real path of the script or notebook that a program runs inside itself, or an empty string.

    Args:
        word: Lower-case module or command.
        arguments: What follows it on the command line.
        cwd: Its working folder.
    """
    if word in KERNELS:
        return newest_notebook(cwd)
    if word in ("jupyter", "jupyter_core") and arguments:
        word, arguments = f"jupyter-{arguments[0].lower()}", arguments[1:]
    if word in NOTEBOOK_RUNNERS:
        if word.endswith("nbconvert") and not any(_RUNS_FIRST.fullmatch(one) for one in arguments):
            return ""
        return _first(arguments, cwd, (".ipynb",))
    if word in SCRIPT_RUNNERS or word.split(".")[0] in SCRIPT_RUNNERS:
        return _first(arguments, cwd, (".py", ".pyw", ".ipy", ".ipynb"))
    return ""


def managed_command(script: str, arguments: Sequence[str]) -> str:
    """Return the file of a web framework's own command (`manage.py harvest`), which lies in one of its applications.

    Args:
        script: Real path of `manage.py`.
        arguments: What follows it on the command line.
    """
    if not arguments or not arguments[0].isidentifier():
        return ""
    try:
        with os.scandir(os.path.dirname(script)) as entries:  # noqa: PTH120 - text in, text out
            folders = [entry.path for entry in itertools.islice(entries, MAX_LISTED) if entry.is_dir()]
    except OSError:
        return ""
    places = (f"{folder}/management/commands/{arguments[0]}.py" for folder in folders)
    return next((place for place in places if is_file(place)), "")


def newest_notebook(folder: str) -> str:
    """Return the notebook in a folder that was changed last, among its first 2,000 entries."""
    newest, stamp = "", -1.0
    try:
        with os.scandir(folder or os.devnull) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_LISTED:
                    break
                if entry.name.endswith(".ipynb") and entry.is_file() and entry.stat().st_mtime > stamp:
                    newest, stamp = entry.path, entry.stat().st_mtime
    except OSError:
        return ""
    return newest


def _first(arguments: Sequence[str], cwd: str, endings: tuple[str, ...]) -> str:
    for argument in arguments[:64]:
        if len(argument) < 4096 and argument.lower().endswith(endings) and not argument.startswith("-"):
            path = absolute(argument, cwd)
            if path and is_file(path):
                return path
    return ""
