"""`make corpus`: how many collecting tools are recognised, and how many ordinary programs are taken for one.

    python -m tests.corpus                     the development corpus, where it is here, and our own cases
    python -m tests.corpus --own --only a,b*   some of our own
    python -m tests.corpus --each-family       what of each family is recognised that the catalogue does not know
    python -m tests.corpus --score FILE…       print the report of earlier records again

First every chosen case is prepared, which needs the package registries. Then this program starts itself again inside a
network that has nothing but loopback (`isolation`), brings up names, certificates and a site, starts one throw-away
agent, and runs case after case, asking the agent about each. Records go to a file, a line each; the report is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.corpus import development, isolation
from tests.corpus.case import Case, load, select
from tests.corpus.certificates import Authority
from tests.corpus.environments import prepare
from tests.corpus.evasions import PAGE, table
from tests.corpus.names import Names
from tests.corpus.observer import Unreachable, about
from tests.corpus.running import Surroundings, run_case
from tests.corpus.score import lines, verdict
from tests.corpus.site import OWN, Proxy, Site
from tests.support.places import CHECKOUT

WITHOUT_FAMILY = "GLEANWATCH_WITHOUT_FAMILY"
"""Read by the agent in test mode only: it drops that family from its catalogue."""
STARTING_SECONDS = 60.0
PROXY_PORT = 3128


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    it = argparse.ArgumentParser("python -m tests.corpus", description="Measure what is recognised, and what wrongly.")
    it.add_argument("--own", action="store_true", help="our own cases only")
    it.add_argument("--dev", action="store_true", help="the development corpus only")
    it.add_argument("--only", default="", help="ids, separated by commas; NAME* for all that begin so (own cases)")
    it.add_argument("--set", choices=("tools", "benign", "all"), default="all")
    it.add_argument("--split", choices=("dev", "holdout", "all"), default="all", help="of our own cases")
    it.add_argument("--shard", default="", metavar="I/N", help="every N-th case from the I-th")
    it.add_argument(
        "--without-family", default="", metavar="FAMILY", help="take this family out of the catalogue first"
    )
    it.add_argument(
        "--each-family", action="store_true", help="the development corpus's tools, their own family unknown each time"
    )
    it.add_argument("--reveal", action="store_true", help="name the mistakes among held-out cases, too")
    it.add_argument("--latency", action="store_true", help="print the seconds from start to flag")
    it.add_argument(
        "--fresh-agent", action="store_true", help="a new agent for every case of our own: slower, nothing carried over"
    )
    it.add_argument("--cache", type=Path, default=Path("/var/tmp/gw-corpus"), help="where environments are kept")
    it.add_argument("--apt-install", action="store_true", help="install missing Debian packages")
    it.add_argument("--isolate", choices=("auto", "net", "none"), default="auto")
    it.add_argument("--out", type=Path, help="folder for the records; a temporary one otherwise")
    it.add_argument("--prepare", action="store_true", help="only install what the cases need")
    it.add_argument("--list", action="store_true", help="only name the cases")
    it.add_argument("--score", type=Path, nargs="+", metavar="FILE", help="only report on these records")
    it.add_argument("--write-evasions", action="store_true", help="only write the page that lists every evasion")
    return it


def main() -> int:
    """Do what the command line says."""
    args = parser().parse_args()
    cases = load()
    chosen = select(
        cases, only=[o for o in args.only.split(",") if o], kind=args.set, split=args.split, shard=args.shard
    )
    if args.write_evasions:
        PAGE.write_text(table(cases), "utf-8")
        return 0
    if args.list:
        for case in chosen:
            print(case.id, case.kind, case.split, case.expect, case.family)
        return 0
    if args.score:
        report([json.loads(line) for path in args.score for line in path.read_text("utf-8").splitlines()], args)
        return 0
    if args.without_family:
        os.environ[WITHOUT_FAMILY] = args.without_family
    args.out = args.out or Path(tempfile.mkdtemp(prefix="gw-corpus-", dir="/var/tmp"))
    args.out.mkdir(parents=True, exist_ok=True)
    if args.each_family:
        _each_family(args)
        return 0
    if not args.own and not args.prepare and not isolation.inside():
        _development(args)
    if not args.dev:
        _own(chosen, args)
    return 0


def _each_family(args: argparse.Namespace) -> None:
    """Run the development corpus's tools family by family, each with its own family taken out of the catalogue."""
    folder = development.found()
    if folder is None:
        sys.exit(f"The development corpus is not here ({development.VARIABLE} names its folder).")
    records = []
    for family, ids in development.tools_by_family(folder).items():
        os.environ[WITHOUT_FAMILY] = family
        with tempfile.TemporaryDirectory(prefix="gw-", dir="/var/tmp") as agent:
            choice = ["--only", ",".join(ids), "--isolate", args.isolate]
            records += development.run(folder, args.out / f"without-{family}.jsonl", Path(agent), choice)
    report(records, args)


def report(records: list[dict[str, Any]], args: argparse.Namespace) -> None:
    """Print what records show."""
    print("\n".join(lines(records, latency=args.latency, reveal=args.reveal)))


def _development(args: argparse.Namespace) -> None:
    folder = development.found()
    if folder is None:
        print(f"The development corpus is not here ({development.VARIABLE} names its folder): skipped.")
        return
    choice = ["--set", args.set, "--isolate", args.isolate]
    for option, value in (("--only", args.only), ("--shard", args.shard)):
        choice += [option, value] if value else []
    choice += ["--apt-install"] if args.apt_install else []
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/var/tmp") as agent:
        records = development.run(folder, args.out / "development.jsonl", Path(agent), choice)
    report(records, args)


def _own(chosen: list[Case], args: argparse.Namespace) -> None:
    authority = Authority(args.cache / "ca")
    if not isolation.inside():
        missing = {}
        for number, case in enumerate(chosen, 1):
            if problem := prepare(case, args.cache, authority, install_debian=args.apt_install):
                print(
                    f"[{number}/{len(chosen)}] {case.id}: {' '.join(problem.split())[:300]}",
                    file=sys.stderr,
                    flush=True,
                )
                missing[case.id] = problem
        (args.out / "missing.json").write_text(json.dumps(missing), "utf-8")
        if args.prepare:
            print(f"{len(chosen) - len(missing)} of {len(chosen)} cases are ready")
            return
        if args.isolate != "none" and isolation.possible():
            isolation.enter([*sys.argv[1:], "--own", "--out", str(args.out)])
        if args.isolate == "net":
            sys.exit("--isolate net needs root, and unshare, ip and mount")
    else:
        isolation.furnish(args.cache / "ca", authority.bundle())
    missing = json.loads((args.out / "missing.json").read_text("utf-8"))
    records = asyncio.run(_run(chosen, missing, args, authority, isolation.inside()))
    report(records, args)
    print(f"records: {args.out / 'own.jsonl'}")


async def _run(
    chosen: list[Case], missing: dict[str, str], args: argparse.Namespace, authority: Authority, isolated: bool
) -> list[dict[str, Any]]:
    site = Site()
    if isolated:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 53))
        await site.serve("0.0.0.0", 80)
        await site.serve("0.0.0.0", 443, authority.server())
        await site.serve("127.0.0.1", 3000)
        await Proxy().serve(PROXY_PORT)
        addresses = {"URL": f"http://{OWN}", "SURL": f"https://{OWN}", "LOCAL": "http://127.0.0.1:3000", "SITE": OWN}
    else:
        here = f"http://127.0.0.1:{await site.serve('127.0.0.1', 0)}"
        addresses = {"URL": here, "SURL": here, "LOCAL": here, "SITE": here.removeprefix("http://")}
    around = Surroundings(args.cache, site, addresses, isolated)
    records = []
    async with contextlib.AsyncExitStack() as stack:
        agent = None if args.fresh_agent else await stack.enter_async_context(_agent())
        with (args.out / "own.jsonl").open("w", encoding="utf-8") as out:
            for number, case in enumerate(chosen, 1):
                head = {
                    "id": case.id,
                    "set": case.kind,
                    "label": case.expect,
                    "family": case.family,
                    "split": case.split,
                }
                if problem := missing.get(case.id):
                    record = {**head, "status": "not prepared", "error": problem}
                elif not isolated and (case.needs_names or case.kind == "tools"):
                    # At an address of this machine nobody's data is collected, and the agent rightly says so.
                    record = {**head, "status": "skipped", "error": "needs the isolation"}
                elif agent is None:
                    async with _agent() as own:
                        record = await run_case(case, around, own)
                else:
                    record = await run_case(case, around, agent)
                records.append(record)
                out.write(json.dumps(record) + "\n")
                out.flush()
                got = verdict(record) if record["status"] == "ran" else record["status"]
                mark = " " if got == case.expect else "·" if (got, case.expect) != ("none", "inventory") else " "
                print(
                    f"{mark} {number:3}/{len(chosen)} {case.id:<34} expected {case.expect:<9} got {got:<12}"
                    f" requests {record.get('requests')} lived {record.get('life_s')} s",
                    flush=True,
                )
    return records


@contextlib.asynccontextmanager
async def _agent() -> Any:
    """Run one watched agent until the block ends; yields its folder."""
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/var/tmp") as name:
        folder = Path(name)
        env = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")}
        command = [sys.executable, "-m", "tests.corpus.watched_agent", name]
        process = await asyncio.create_subprocess_exec(
            *command, env=env, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        try:
            until = time.time() + STARTING_SECONDS
            while True:
                try:
                    await asyncio.to_thread(about, folder, time.time(), set())
                    break
                except (Unreachable, OSError):
                    if time.time() > until or process.returncode is not None:
                        log = folder / "agent.log"
                        said = log.read_text("utf-8", "replace")[-1500:] if log.exists() else ""
                        sys.exit(f"the agent did not start:\n{said}")
                    await asyncio.sleep(0.3)
            yield folder
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 12)
            except TimeoutError:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
