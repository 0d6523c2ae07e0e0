"""What the kernel says, read as it wrote it; and what it never says, passed over."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import Activity
from agent.sensors.connections import Sighting, Traffic
from agent.sensors.connections.diagwire import Row, closing_filter, parse, port_program, request
from agent.sensors.connections.proctable import TableRow, outgoing, parse_table
from agent.sensors.connections.tally import MAX_TARGETS, Tally

V4_MAPPED = bytes(10) + b"\xff\xff"
ADDRESS = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))
PORT = st.integers(0, 65535)
COUNT = st.integers(0, 2**32 - 1)


def message(row: Row, sequence: int, kind: int = 20) -> bytes:
    """An answer as include/uapi/linux/inet_diag.h lays it out, with another attribute before the counters."""
    family = 2 if len(row.address) == 4 else 10
    body = struct.pack("=BBBB", family, 1, 0, 0) + struct.pack("!HH", row.local_port, row.port)
    body += bytes(16) + row.address.ljust(16, b"\0") + struct.pack("=IQ", 0, row.cookie)
    body += struct.pack("=IIIII", 0, 0, 0, row.uid, row.inode)
    info = bytearray(160)
    struct.pack_into("=Q", info, 128, row.traffic.received)
    struct.pack_into("=II", info, 152, row.traffic.answered, row.traffic.sent)
    body += struct.pack("=HHB3x", 5, 8, 0) + struct.pack("=HH", 4 + len(info), 2) + bytes(info)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, sequence, 0) + body


ROW = st.builds(Row, COUNT, COUNT, COUNT, PORT, ADDRESS, PORT, st.builds(Traffic, COUNT, COUNT, COUNT))


def plain(row: Row) -> Row:
    return row._replace(address=row.address[12:]) if row.address.startswith(V4_MAPPED) else row


@given(st.lists(ROW, max_size=5), st.integers(1, 2**31 - 1))
def test_an_answer_is_read_as_the_kernel_wrote_it(rows: list[Row], sequence: int) -> None:
    done = struct.pack("=IHHIIi", 20, 3, 2, sequence, 0, 0)
    data = b"".join(message(row, sequence) for row in rows) + done
    assert parse(data, sequence) == ([plain(row) for row in rows], True, 0)
    assert parse(data[: -len(done)], sequence).done is False
    assert parse(data, sequence + 1).rows == [], "an answer to another request"


def test_a_refusal_is_an_error_with_its_number() -> None:
    assert parse(struct.pack("=IHHIIi", 36, 2, 0, 7, 0, -2) + bytes(16), 7) == ([], True, 2)


@given(st.binary(max_size=400))
def test_no_datagram_breaks_the_parser(data: bytes) -> None:
    parse(data)


@given(ROW, st.data())
def test_no_cut_answer_breaks_the_parser(row: Row, data: st.DataObject) -> None:
    whole = message(row, 1)
    parse(whole[: data.draw(st.integers(0, len(whole)))], 1)


def kernel_runs(program: bytes, port: int) -> bool:
    """What `inet_diag_bc_run` (net/ipv4/inet_diag.c) makes of a program for a socket with this far port."""
    at, left = 0, len(program)
    while left > 0:
        code, yes, no = struct.unpack_from("=BBH", program, at)
        if code == 1:
            step = no
        else:
            assert code == 12
            step = yes if struct.unpack_from("=H", program, at + 6)[0] == port else no
        at, left = at + step, left - step
    return left == 0


def filter_runs(program: bytes, datagram: bytes) -> bool:
    """What classic BPF makes of a datagram."""
    at, value = 0, 0
    while True:
        code, yes, no, number = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return bool(number)
        if code == 0x28:
            value = struct.unpack_from("!H", datagram, number)[0]
        else:
            assert code == 0x15
            at += yes if value == number else no


@given(st.lists(st.integers(1, 65535), min_size=1, max_size=16, unique=True), st.integers(1, 65535), ROW)
def test_both_programs_let_through_the_ports_and_nothing_else(ports: list[int], other: int, row: Row) -> None:
    for port in (*ports, other):
        wanted = port in ports
        assert kernel_runs(port_program(ports), port) is wanted
        assert filter_runs(closing_filter(ports), message(row._replace(port=port), 0)) is wanted


def test_a_request_without_ports_or_with_too_many_filters_nothing() -> None:
    assert len(request((), 1)) == len(request(tuple(range(1, 40)), 1)) < len(request((80,), 1))
    assert filter_runs(closing_filter(()), bytes(100))


def table_line(address: bytes, port: int, local_port: int, state: int, inode: int) -> bytes:
    """A line of /proc/net/tcp as the kernel prints it: 32-bit words in this machine's order."""
    words = struct.unpack(f"={len(address) // 4}I", address)
    shown = "".join(f"{word:08X}" for word in words)
    return (
        f"   0: {'0' * len(shown)}:{local_port:04X} {shown}:{port:04X} {state:02X} 00000000:00000000 00:00000000"
        f" 00000000     0        0 {inode} 1 0000000000000000 20 4 30 10 -1\n"
    ).encode()


@given(ADDRESS, PORT, PORT, st.integers(0, 12), COUNT)
def test_a_table_line_is_read_as_the_kernel_wrote_it(
    address: bytes, port: int, local_port: int, state: int, inode: int
) -> None:
    heading = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    (row,) = parse_table(heading + table_line(address, port, local_port, state, inode))
    short = address[12:] if address.startswith(V4_MAPPED) else address
    assert row == TableRow(state, inode, local_port, short, port)


@given(st.binary(max_size=400))
def test_no_table_breaks_the_parser(data: bytes) -> None:
    list(parse_table(data))


def test_only_open_connections_to_those_ports_that_began_here_are_kept() -> None:
    def row(state: int, local_port: int, inode: int, port: int = 443) -> TableRow:
        return TableRow(state, inode, local_port, b"\1\2\3\4", port)

    rows = [
        row(0x01, 40000, 1),  # established
        row(0x02, 40001, 2),  # being established
        row(0x06, 40002, 0),  # TIME_WAIT: nobody's any more
        row(0x0A, 8080, 3),  # listening
        row(0x01, 8080, 4),  # accepted by the listener
        row(0x01, 40003, 5, port=22),
    ]
    assert sorted(outgoing(rows, {443})) == [1, 2]


# Adding up.


class Anywhere:
    """Every far end is the web's and nobody's."""

    def platform_of(self, address: bytes, port: int) -> str | None:
        return None

    def is_web(self, address: bytes, port: int) -> bool:
        return True

    def own(self, address: bytes) -> bool:
        return False


def carried(*looks: tuple[int, int], port: int = 80) -> Activity:
    """What comes of one connection that was seen with these segments sent and answered, at each look so many."""
    tally = Tally(0.0, whole=True)
    for number, (sent, answered) in enumerate(looks):
        tally.look([Sighting((1, 0), b"\1\2\3\4", port, Traffic(sent, answered, 100 * answered))], Anywhere(), number)
    return tally.activity(Anywhere())


def test_turns_are_exchanges_and_not_traffic() -> None:
    assert carried((1, 1), (2, 2), (3, 3)).turns == 3, "three requests"
    assert carried((1, 0), (1, 1)).turns == 1, "asked at one look, answered at the next"
    assert carried((1, 900), (1, 9000)).turns == 1, "a download"
    assert carried((900, 0), (9000, 1)).turns == 1, "an upload"
    assert carried((9000, 1), (9001, 9000)).turns <= 3, "an upload, then a download"
    assert carried((2, 3), port=443).turns == 0, "a TLS connection opened and not used"
    assert carried((12, 40), port=443).turns == 10


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_turns_never_exceed_what_was_sent_or_answered(steps: list[tuple[int, int]]) -> None:
    sent = answered = 0
    looks = []
    for more_sent, more_answered in steps:
        sent, answered = sent + more_sent, answered + more_answered
        looks.append((sent, answered))
    seen = carried(*looks)
    assert 0 <= seen.turns <= min(sent, answered)
    assert seen.received == 100 * answered
    assert seen.steady <= seen.looks == len(looks)


def test_a_program_that_talks_to_the_whole_world_is_counted_in_bounded_memory() -> None:
    tally = Tally(0.0, whole=True)
    many = MAX_TARGETS + 1000
    tally.look([Sighting((n, 0), n.to_bytes(4, "big"), 443) for n in range(many)], Anywhere(), 1.0)
    seen = tally.activity(Anywhere())
    assert (seen.opened, seen.hosts) == (many, MAX_TARGETS)
