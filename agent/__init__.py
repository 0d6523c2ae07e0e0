"""Gleanwatch's local agent: what observes, decides, remembers and shows.

The folders are floors (see `docs/architecture.md`): `model` holds the words everybody uses, `daemon` is the one place
where the parts are joined. A floor imports only from the floors below it; `make lint` holds that.
"""

__version__ = "0.1.0"
