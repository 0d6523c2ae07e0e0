"""The relay that a browser starts: standard library only, stateless, up in tens of milliseconds."""

__version__ = "0.1.0"
