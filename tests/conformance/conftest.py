"""The local page, served as the unit tests serve it."""

from tests.unit.web.conftest import face, inside, page

__all__ = ["face", "inside", "page"]
