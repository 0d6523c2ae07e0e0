"""The person's own configuration: optional, and wrong entries are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings.config import Config, ConfigError, load_config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_no_file_means_all_defaults(path: Path) -> None:
    config = load_config(path)
    assert config == Config()
    assert (config.pages.port, config.sensing.poll_seconds, config.loopback, config.keys.store) == (0, 1.0, {}, "auto")


def test_everything_can_be_set(path: Path) -> None:
    path.write_text(
        """
[loopback]
"www.linkedin.com" = "127.0.0.1:8443"
"www.x.com" = "[::1]:8444"
[pages]
port = 4711
[sensing]
poll_seconds = 0.25
[keys]
store = "file"
"""
    )
    config = load_config(path)
    assert config.loopback == {"www.linkedin.com": "127.0.0.1:8443", "www.x.com": "[::1]:8444"}
    assert (config.pages.port, config.sensing.poll_seconds, config.keys.store) == (4711, 0.25, "file")


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[page]\nport = 1", "page", "did you mean pages?"),
        ("[pages]\nprot = 1", "pages.prot", "did you mean pages.port?"),
        ("[pages]\nport = 65536", "pages.port", "<= 65535"),
        ("[sensing]\npoll_seconds = 0", "sensing.poll_seconds", ">= 0.1"),
        ('[keys]\nstore = "usb"', "keys.store", "Invalid enum value"),
        ('[loopback]\n"www.x.com" = "93.184.216.34:443"', 'loopback."www.x.com"', "address of this machine"),
        ('[loopback]\n"www.x.com" = "localhost:443"', 'loopback."www.x.com"', "such as 127.0.0.1:8443"),
        ('[loopback]\n"www.x.com" = "127.0.0.1"', 'loopback."www.x.com"', "with a port"),
        ('[loopback]\n"www.x.com" = "127.0.0.1:0"', 'loopback."www.x.com"', "with a port"),
        ("loopback = 3", "loopback", "Expected"),
        ("{", "", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(path: Path, text: str, key: str, words: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.key == key
    assert words in caught.value.problem
