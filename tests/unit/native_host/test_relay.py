"""The relay as a real process between a browser's pipes and an agent's socket (DESIGN 3.3, `docs/protocol.md`)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from native_host.agent_socket import SocketRefused, connect
from native_host.frames import MAX_FRAME, encode
from native_host.manifests import ADDONS
from tests.unit.native_host.relay_rig import ORIGIN, Agent, Host, running

Start = Callable[[], Host]
NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to run an agent as somebody else")


def test_frames_pass_both_ways_in_order_and_unread(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    assert host.agent_is() == {"up": True}
    sent = [b'{"n":%d}' % number for number in range(1000)]
    host.say(*sent)
    assert [agent.hear() for _ in sent] == sent
    agent.say(*sent)
    assert [host.hear() for _ in sent] == sent
    host.say(b"\xff\xfe not even JSON")
    assert agent.hear() == b"\xff\xfe not even JSON"


def test_the_longest_frame_passes_both_ways(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    longest = os.urandom(MAX_FRAME)
    host.say(longest, b"after")
    assert (agent.hear(), agent.hear()) == (longest, b"after")
    agent.say(longest, b"after")
    assert (host.hear(), host.hear()) == (longest, b"after")


@pytest.mark.parametrize("arguments", [[ORIGIN], [ORIGIN, "--parent-window=1"], ["/some/manifest.json", ADDONS[0]]])
def test_each_browser_may_start_it_in_its_own_way(program: Path, agent: Agent, arguments: list[str]) -> None:
    with running([program, *arguments]) as host:
        agent.accept()
        host.until_up()


@pytest.mark.parametrize(
    "arguments", [[], ["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"], ["/manifest.json", "other@example.org"]]
)
def test_nobody_else_may_start_it(program: Path, arguments: list[str]) -> None:
    with running([program, *arguments]) as host:
        assert host.ended() == 2
        assert host.stdout.read() == b""
        assert "started by a browser" in host.complaint()


def test_it_stays_up_without_an_agent_and_finds_it_later(start: Start, run_dir: Path) -> None:
    host = start()
    assert host.agent_is() == {"up": False, "reason": "not_running"}
    host.say(b"discarded", b"this too")
    host.all_read()
    agent = Agent(run_dir / "relay.sock")
    agent.accept()
    assert host.agent_is() == {"up": True}
    host.say(b"kept")
    assert agent.hear() == b"kept", "it holds no queue: what came before was not acknowledged and comes again"
    agent.stop()
    assert host.agent_is() == {"up": False, "reason": "lost"}


def test_an_agent_that_comes_back_is_found_again_and_nothing_leaks(start: Start, agent: Agent) -> None:
    host = start()
    descriptors = []
    for number in range(6):
        agent.accept()
        host.until_up()
        agent.say(b"%d" % number)  # a word resets the back-off
        assert host.hear() == b"%d" % number
        descriptors.append(psutil.Process(host.process.pid).num_fds())
        agent.drop()
        assert host.until_down() == "lost"
    assert len(set(descriptors)) == 1


def test_a_frame_that_the_agent_did_not_finish_never_reaches_the_browser(start: Start, run_dir: Path) -> None:
    dying = """
import socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen()
link, _ = listener.accept()
link.sendall((9).to_bytes(4, sys.byteorder) + b"the whole" + (500).to_bytes(4, sys.byteorder) + b"the ha")
print("sent", flush=True)
link.recv(1)
"""
    path = run_dir / "relay.sock"
    with subprocess.Popen([sys.executable, "-c", dying, path], stdout=subprocess.PIPE) as process:
        host = start()
        assert process.stdout is not None
        assert process.stdout.readline() == b"sent\n"
        host.until_up()
        assert host.hear() == b"the whole"
        process.send_signal(signal.SIGKILL)
    assert host.until_down() == "lost"
    agent = Agent(path)
    agent.accept()
    host.until_up()
    agent.say(b"whole again")
    assert host.hear() == b"whole again"
    agent.stop()


def test_a_frame_cut_by_a_reconnect_is_dropped(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    cut = encode(b"begun in one connection, ended in another")
    host.raw(cut[:20])
    host.all_read()
    agent.drop()
    host.until_down()
    agent.accept()
    host.until_up()
    host.raw(cut[20:])
    host.say(b"next")
    assert agent.hear() == b"next"


def test_it_leaves_at_once_when_the_browser_closes_its_pipe(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    host.say(b"last word")
    host.stdin.close()
    assert host.ended() == 0
    assert agent.heard_so_far() == [b"last word"]


def test_it_leaves_while_the_agent_is_away(start: Start) -> None:
    host = start()
    host.until_down()
    host.stdin.close()
    assert host.ended() == 0


def test_it_leaves_while_the_agent_is_stuck(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    host.fill()
    host.stdin.close()
    assert host.ended() == 0


def test_it_leaves_while_the_browser_does_not_read(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    flood(agent)
    host.stdin.close()
    assert host.ended() == 0


def test_it_leaves_when_the_browser_closes_only_the_other_pipe(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    host.stdout.close()
    assert host.ended() == 0


def test_a_stuck_browser_holds_the_agent_back_and_loses_nothing(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    whole, part = flood(agent)
    for _ in range(whole):
        assert host.hear() == FLOOD
    assert agent.link is not None
    agent.link.setblocking(True)
    agent.raw(encode(FLOOD)[part:] if part else b"")
    if part:
        assert host.hear() == FLOOD
    agent.say(b"in step again")
    assert host.hear() == b"in step again"


def test_it_costs_nothing_while_nothing_moves(start: Start, agent: Agent, run_dir: Path) -> None:
    """A loop that spins takes a whole second of processor in a second; a waiting one hundredths."""
    idle = start()
    agent.accept()
    idle.until_up()
    stuck_agent = start()
    agent.accept()
    stuck_agent.until_up()
    stuck_agent.fill()
    stuck_browser = start()
    agent.accept()
    stuck_browser.until_up()
    flood(agent)
    both_stuck = start()
    agent.accept()
    both_stuck.until_up()
    both_stuck.fill()
    flood(agent)
    stuck_browser_without_agent = start()
    agent.accept()
    stuck_browser_without_agent.until_up()
    stuck_browser_without_agent.fill()  # with something to deliver it notices at once that the agent has gone
    flood(agent)
    agent.drop()
    lonely = start()  # nobody takes its call: the listener's backlog does
    time.sleep(0.3)  # let the beginnings settle; they may cost what they like
    hosts = {
        "idle": idle,
        "stuck agent": stuck_agent,
        "stuck browser": stuck_browser,
        "both": both_stuck,
        "stuck browser, no agent": stuck_browser_without_agent,
        "not accepted": lonely,
    }
    before = {name: processor_seconds(host) for name, host in hosts.items()}
    time.sleep(1.0)
    spent = {name: processor_seconds(host) - before[name] for name, host in hosts.items()}
    assert all(host.process.poll() is None for host in hosts.values())
    assert max(spent.values()) < 0.1, spent


def test_waiting_for_an_agent_costs_next_to_nothing(start: Start) -> None:
    host = start()
    host.until_down()
    before = processor_seconds(host)
    time.sleep(1.0)
    assert processor_seconds(host) - before < 0.1


def test_too_long_a_frame_from_the_browser_drops_the_port(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    host.say(b"good")
    host.raw((MAX_FRAME + 1).to_bytes(4, sys.byteorder))
    assert host.ended() == 3
    assert "longer than 65,536 bytes" in host.complaint()


def test_too_long_a_frame_from_the_agent_drops_the_socket_only(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    agent.raw((MAX_FRAME + 1).to_bytes(4, sys.byteorder) + b"x" * 100)
    assert host.until_down() == "lost"
    agent.accept()
    host.until_up()
    agent.say(b"well again")
    assert host.hear() == b"well again"


def test_an_empty_frame_is_passed_on_for_the_agent_to_answer(start: Start, agent: Agent) -> None:
    host = start()
    agent.accept()
    host.until_up()
    host.raw(bytes(4) + encode(b"after"))
    assert agent.link is not None
    received = b""
    while len(received) < 4 + len(encode(b"after")):
        received += agent.link.recv(100)
    assert received == bytes(4) + encode(b"after")


def test_a_stray_print_goes_to_stderr_and_breaks_no_frame(program: Path, agent: Agent, run_dir: Path) -> None:
    (library,) = program.parent.glob("lib-*")
    noisy = f"""
import sys
sys.path.insert(0, {str(library)!r})
from native_host import copying, relay
connect = copying.connect
def loud(path, uid):
    print("a stray print", flush=True)
    return connect(path, uid)
copying.connect = loud
relay.main(sys.argv, {os.fsencode(run_dir / "relay.sock")!r}, ({ORIGIN!r},), "0")
"""
    with running([sys.executable, "-IS", "-c", noisy, ORIGIN]) as host:
        agent.accept()
        assert host.agent_is() == {"up": True}
        agent.say(b"whole")
        assert host.hear() == b"whole"
        host.stdin.close()
        assert host.ended() == 0
        assert host.complaint() == "a stray print\n"


def test_the_environment_of_the_browser_changes_nothing(program: Path, agent: Agent, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("os", "select", "native_host", "sitecustomize"):
        (trap / f"{name}.py").write_text("raise SystemExit('fell into the trap')")
    env = {"PYTHONPATH": str(trap), "PYTHONHOME": str(trap), "PYTHONSTARTUP": str(trap / "os.py"), "LC_ALL": "C"}
    with running([program, ORIGIN], env=env) as host:
        agent.accept()
        host.until_up()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_may_enter_is_refused(start: Start, agent: Agent, run_dir: Path, mode: int) -> None:
    run_dir.chmod(mode)
    host = start()
    assert host.agent_is() == {"up": False, "reason": "refused"}
    run_dir.chmod(0o700)
    agent.accept()
    host.until_up()


def test_a_folder_that_is_a_link_is_refused(agent: Agent, run_dir: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run_dir)
    with pytest.raises(SocketRefused):
        connect(os.fsencode(link / "relay.sock"), os.getuid())


def test_a_folder_of_somebody_else_is_refused(agent: Agent, run_dir: Path) -> None:
    with pytest.raises(SocketRefused):
        connect(os.fsencode(run_dir / "relay.sock"), os.getuid() + 1)


@as_root
def test_an_agent_of_somebody_else_is_refused(start: Start, run_dir: Path) -> None:
    import socket

    other = shutil.which("python3", path="/usr/bin")
    if other is None:
        pytest.skip("needs a python3 that every user may run")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run_dir / "relay.sock"))
        listen = (
            f"import socket, time; s = socket.socket(fileno={listener.fileno()}); s.listen(); "
            "print(1, flush=True); time.sleep(60)"
        )
        with subprocess.Popen(
            [other, "-c", listen], user=NOBODY, pass_fds=[listener.fileno()], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            host = start()
            assert host.agent_is() == {"up": False, "reason": "refused"}
            process.kill()


def test_it_imports_nothing_slow(program: Path) -> None:
    """Each of these costs a millisecond or more at every start of a browser."""
    (library,) = program.parent.glob("lib-*")
    code = f"""
import sys
sys.path.insert(0, {str(library)!r})
import native_host.relay, native_host.copying
print(" ".join(sys.modules))
"""
    python = program.read_bytes().split(b"\n")[0].split()[0][2:].decode()
    done = subprocess.run([python, "-IS", "-c", code], capture_output=True, text=True, check=True)
    slow = {
        "json",
        "socket",
        "struct",
        "threading",
        "enum",
        "re",
        "typing",
        "selectors",
        "pathlib",
        "dataclasses",
        "logging",
    }
    assert not slow & set(done.stdout.split())
    assert "agent" not in done.stdout.split()


FLOOD = b"f" * 60_000


def flood(agent: Agent) -> tuple[int, int]:
    """Send frames until nothing more goes through; return how many went whole, and the bytes of the last one's part."""
    assert agent.link is not None
    agent.link.settimeout(0.3)
    frame, sent = encode(FLOOD), 0
    while True:
        try:
            sent += agent.link.send(frame[sent % len(frame) :])
        except TimeoutError:
            return divmod(sent, len(frame))
        assert sent < 40 * len(frame), "the relay swallows everything: where does it put it?"


def processor_seconds(host: Host) -> float:
    times = psutil.Process(host.process.pid).cpu_times()
    return float(times.user + times.system)
