"""The instance's own configuration, `config.toml`: optional, the person's, and never about what is observed of whom."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agent.settings import toml_file

MAX_BYTES = 65_536


class ConfigError(toml_file.TomlError):
    """The configuration is wrong."""


class Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[pages]`: the local page's port; 0 takes a free one."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0


class Sensing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sensing]`: seconds between looks where the system has to be asked again and again."""

    poll_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=60.0)] = 1.0


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[keys]`: where a new database's key goes: `auto`, the system's key store where there is one; `file`, never."""

    store: Literal["auto", "file"] = "auto"


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[budget]`: what the agent may take itself before it slows its sensors down.

    Attributes:
        memory_mb: Resident memory with its helpers, megabytes.
        cpu_percent: Processor time over a minute, percent of one core.
    """

    memory_mb: Annotated[float, msgspec.Meta(ge=50, le=4096)] = 150.0
    cpu_percent: Annotated[float, msgspec.Meta(ge=0.1, le=100.0)] = 3.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        loopback: Host name → `127.0.0.1:port`: names of watched platforms that are served on this machine (a demo, a
            test), so that connections there count as that platform and not as the machine's own.
        pages: See `Pages`.
        sensing: See `Sensing`.
        keys: See `Keys`.
        budget: See `Budget`.
    """

    loopback: dict[str, str] = {}
    pages: Pages = Pages()
    sensing: Sensing = Sensing()
    keys: Keys = Keys()
    budget: Budget = Budget()


def load_config(path: Path) -> Config:
    """Read the configuration; all defaults when there is none.

    Raises:
        ConfigError: It is there and unreadable or wrong.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read ({error.strerror})") from None
    if len(text) > MAX_BYTES:
        raise ConfigError(path, "", f"is longer than {MAX_BYTES} bytes")
    config = toml_file.parse(path, text, Config, ConfigError)
    for name, target in config.loopback.items():
        if (problem := _wrong_target(target)) is not None:
            raise ConfigError(path, f'loopback."{name}"', problem)
    return config


def _wrong_target(target: str) -> str | None:
    host, _, port = target.rpartition(":")
    try:
        fits = ipaddress.ip_address(host.strip("[]")).is_loopback and 0 < int(port) < 65_536
    except ValueError:
        fits = False
    return None if fits else "must be an address of this machine with a port, such as 127.0.0.1:8443"
