"""No lock file names an address: whoever installs says where from, and packages are told by their hashes alone."""

from __future__ import annotations

import pytest

from tests.support.places import CHECKOUT

LOCKS = ("package-lock.json", *sorted(path.name for path in CHECKOUT.glob("requirements*.txt")))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_no_address(name: str) -> None:
    named = [line.strip() for line in (CHECKOUT / name).read_text("utf-8").splitlines() if "://" in line]
    assert named == []
