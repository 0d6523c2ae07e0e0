"""A receipt as a QR code: what is drawn is what a scanner reads, byte for byte, and a page may show it anywhere."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.consent import qr
from agent.consent.qr import QrError, from_qr, qr_svg, to_text, without_notice
from agent.model.purposes import ActKind, Purpose
from tests.support.consent_records import facts, real_log

PAGE = Path(__file__).resolve().parents[3] / "docs" / "consent-records.md"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def receipt(words: str = "for the yearly survey, æøå 日本") -> bytes:
    """A real receipt out of a log of 40 entries."""
    log = real_log([facts(Purpose.WARN, ActKind.ANSWERED, words=words) for _ in range(40)])
    return json.dumps(log[17].receipt).encode()


def scanned(svg: str) -> str:
    """Read a drawn code as a scanner does: the picture's own paths, painted into grey pixels."""
    side = int(re.search(r'viewBox="0 0 (\d+) \d+"', svg)[1])  # type: ignore[index]
    scale = 4
    pixels = bytearray(b"\xff" * (side * scale) ** 2)
    (drawn,) = re.findall(r'stroke="#000" d="([^"]*)"', svg)
    x, y = 0.0, 0.0
    for step, dx, dy in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", drawn):
        if step == "M":
            x, y = float(dx), float(dy)
        elif step == "m":
            x, y = x + float(dx), y + float(dy)
        else:
            for row in range(int(y) * scale, int(y) * scale + scale):
                start = row * side * scale + int(x) * scale
                pixels[start : start + int(dx) * scale] = bytes(int(dx) * scale)
            x += float(dx)
    # zxing-cpp takes any buffer of rows and columns; a memoryview is shaped by casting it.
    picture = memoryview(bytes(pixels)).cast("B", (side * scale, side * scale))
    (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found.valid
    return str(found.text)


def test_the_picture_is_read_back_into_the_receipt_byte_for_byte() -> None:
    whole = receipt()
    text = scanned(qr_svg(whole))
    assert text == to_text(whole)
    assert from_qr(text) == without_notice(whole)
    back, sent = json.loads(from_qr(text)), json.loads(whole)
    assert "notice" not in back
    assert back == {name: value for name, value in sent.items() if name != "notice"}


def test_the_largest_code_is_read_back_too() -> None:
    """Level L, version 40 or near it: noise that does not compress stands for words and witnesses."""
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(1_030))
    whole = json.dumps({"payload": noise}).encode()
    assert len(to_text(whole)) > 3_391, "this would still fit level M"
    assert from_qr(scanned(qr_svg(whole))) == without_notice(whole)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), json_values, max_size=5))
def test_any_receipt_comes_back(found: dict[str, object]) -> None:
    whole = json.dumps(found).encode()
    text = to_text(whole)
    assert from_qr(text) == without_notice(whole)
    assert from_qr(f"\n {text.strip()}\r\n") == without_notice(whole)


@given(st.binary(max_size=200))
def test_no_text_ends_with_a_blank_that_could_get_lost(data: bytes) -> None:
    """A blank is a base45 character, and copying a text often drops one at its end."""
    assert not qr._to_base45(data).endswith(" ")
    assert qr._from_base45(qr._to_base45(data)) == data


def test_the_way_back_that_the_page_describes_works() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    known: dict[str, object] = {}
    exec(code[1], known)
    unpack = known["unpack"]
    assert callable(unpack)
    assert unpack(to_text(receipt())) == without_notice(receipt())


def test_base45_is_that_of_the_rfc() -> None:
    """RFC 9285, section 4.3 and 4.4."""
    for plain, coded in (
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ):
        assert qr._to_base45(plain) == coded
        assert qr._from_base45(coded) == plain


# What a page may show


def test_the_drawing_is_safe_under_a_strict_policy_and_readable_on_a_dark_page() -> None:
    svg = qr_svg(receipt())
    assert svg.startswith("<svg ")
    assert not re.search(r"style|script|href|\bon\w+=|class=\"\"", svg)
    side = int(re.search(r'viewBox="0 0 (\d+) \d+"', svg)[1])  # type: ignore[index]
    assert f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>' in svg, "a white field under all of it"
    starts = re.search(r'stroke="#000" d="M(\d+) (\d+)\.5', svg)
    assert starts is not None
    assert (int(starts[1]), int(starts[2])) == (4, 4), "a quiet zone of four modules"
    assert 'role="img"' in svg
    assert "<title>" in svg


def test_no_text_of_the_receipt_stands_in_the_drawing() -> None:
    assert "<b>" not in qr_svg(receipt("<b>hostile</b>"))


def test_a_code_can_be_damaged_a_little() -> None:
    assert qr._code(to_text(receipt())).error == "M"


# What does not fit, and what is not ours


def test_a_receipt_that_does_not_fit_says_what_to_do() -> None:
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(2_000))
    with pytest.raises(QrError, match="gleanwatch ledger receipt") as caught:
        qr_svg(json.dumps({"payload": noise}).encode())
    assert noise[:5] not in str(caught.value)


def test_the_limit_is_that_of_the_largest_code() -> None:
    segno.make_qr("A" * qr.MOST_CHARACTERS, error="l", mode="alphanumeric", boost_error=False)
    with pytest.raises(segno.DataOverflowError):
        segno.make_qr("A" * (qr.MOST_CHARACTERS + 1), error="l", mode="alphanumeric", boost_error=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HC1:NCFOXN",
        "GW1:",
        "GW1:A",
        "GW1:abc",
        "GW1::::",
        to_text(b"{}")[:-3],
        to_text(b"{}") + "000",
        to_text(b'{"a":1}').replace("GW1:", "GW2:"),
    ],
)
def test_a_text_that_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(QrError):
        from_qr(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_no_text_makes_anything_but_a_refusal(text: str) -> None:
    with pytest.raises(QrError):
        from_qr(f"GW1:{text}")


def test_a_short_text_cannot_unpack_to_anything_large() -> None:
    bomb = qr.PREFIX + qr._to_base45(zlib.compress(b" " * 10_000_000, 9))
    with pytest.raises(QrError, match="more than"):
        from_qr(bomb)


@pytest.mark.parametrize("data", [b"", b"[]", b"no", b"\xff\xfe"])
def test_what_is_no_receipt_is_not_drawn(data: bytes) -> None:
    with pytest.raises(QrError, match="not a receipt"):
        qr_svg(data)
