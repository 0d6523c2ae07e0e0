"""A receipt as a QR code in the terminal, so that it can leave the computer at once, on a phone's camera.

What the code holds is `consent.qr`'s affair, the same as on the page. Here it is only drawn, two rows of squares to one
line of text, and refused with what to do where the terminal is too small for it: half a code is none.
"""

from __future__ import annotations

import io

import segno
from rich.text import Text

from agent.cli.asking import Failure
from agent.cli.consent_desk import Desk
from agent.cli.consent_files import fetch_receipt
from agent.consent.qr import QrError, to_text

BORDERS = (4, 2)
"""Light modules around the code: four as the standard has it, two where the terminal has no room for more."""


def print_qr(desk: Desk, entry: int) -> None:
    """Draw the receipt of one entry.

    Raises:
        Failure: There is no such receipt, it is too long for a code, or the terminal is too narrow.
    """
    elsewhere = f"Take it as a file instead: gleanwatch consent receipts {entry} --out FOLDER"
    try:
        # The lowest level of repair makes the smallest code: a screen is not scratched as paper is.
        code = segno.make_qr(to_text(fetch_receipt(desk, entry)), error="l", mode="alphanumeric", boost_error=False)
    except (QrError, segno.DataOverflowError):
        raise Failure(f"this receipt is too long for one QR code. {elsewhere}") from None
    border = next((b for b in BORDERS if code.symbol_size(border=b)[0] <= desk.say.width), None)
    if border is None:
        wide, _ = code.symbol_size(border=BORDERS[-1])
        raise Failure(
            f"the code is {wide} characters wide and this terminal {desk.say.width}: make its letters smaller, or its "
            f"window wider. {elsewhere}"
        )
    drawn = io.StringIO()
    code.terminal(drawn, border=border, compact=True)
    # Its own colours: on a light terminal the code would be the wrong way round, and no camera reads that.
    desk.say.print(Text(drawn.getvalue().rstrip("\n"), style="#ffffff on #000000", no_wrap=True))
