"""A throw-away certificate, so that the invented site can be served as `https://www.linkedin.com` on loopback.

`make_certificate` makes a self-signed pair in memory; `write_certificate` puts it into a folder that the caller throws
away. A browser accepts it only when started to ignore certificate errors; a script is given the file as its bundle.
Nothing here is ever installed into a trust store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the pair lies: the certificate (also usable as a bundle) and its key, both PEM."""

    certificate: Path
    key: Path


def make_certificate(hosts: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """Make a self-signed certificate for some host names and for 127.0.0.1.

    Args:
        hosts: DNS names, wildcards allowed; at least one, the first is the subject.
        now: The current time, with its time zone; the certificate is valid from an hour before for two days.

    Returns:
        Certificate and private key, both PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def write_certificate(folder: Path, hosts: Sequence[str], now: datetime | None = None) -> CertificateFiles:
    """Write a fresh pair into a folder, the key readable by its owner only."""
    certificate, key = make_certificate(hosts, now or datetime.now(UTC))
    files = CertificateFiles(folder / "site.crt", folder / "site.key")
    files.certificate.write_bytes(certificate)
    files.key.touch(mode=0o600)
    files.key.write_bytes(key)
    return files
