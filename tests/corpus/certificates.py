"""A certificate authority for the isolation: a root kept in the cache, a certificate for each name as it is asked.

Programs that are hard-wired to a service by TLS reach the loopback site this way. The root is trusted by this corpus's
environments and inside its mount namespace only; nothing outside ever sees it.
"""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
YEARS = datetime.timedelta(days=3650)
LEAF = datetime.timedelta(days=300)


class Authority:
    """The root, made on first use and kept."""

    def __init__(self, folder: Path) -> None:
        """Open or make it below a folder."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        key, root = folder / "root.key", folder / "root.pem"
        if not (key.exists() and root.exists()):
            made = ec.generate_private_key(ec.SECP256R1())
            key.write_bytes(_private(made))
            key.chmod(0o600)
            root.write_bytes(_self_signed(made).public_bytes(serialization.Encoding.PEM))
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        self._key = private
        self._root = x509.load_pem_x509_certificate(root.read_bytes())
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def text(self) -> str:
        """The root certificate as PEM."""
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    def bundle(self) -> Path:
        """Write and return a file with the root and everything the system trusts."""
        path = self._folder / "bundle.crt"
        system = SYSTEM_BUNDLE.read_text("utf-8") if SYSTEM_BUNDLE.exists() else ""
        if self.text not in system:
            path.write_text(f"{self.text}\n{system}", "utf-8")
        return path

    def trust_in(self, venv: Path) -> None:
        """Add the root to the certificate bundles that Python packages of one environment carry."""
        for path in venv.glob("lib*/python*/site-packages/certifi/cacert.pem"):
            text = path.read_text("utf-8")
            if self.text not in text:
                path.unlink()
                path.write_text(f"{text}\n{self.text}", "utf-8")

    def server(self) -> ssl.SSLContext:
        """Return a TLS context that answers every name with a certificate of its own."""

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name:
                connection.context = self._context(name)

        context = self._context("localhost")
        context.sni_callback = choose
        return context

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile() as file:
                file.write(self._leaf(name))
                file.flush()
                context.load_cert_chain(file.name)
            self._contexts[name] = context
        return self._contexts[name]

    def _leaf(self, name: str) -> bytes:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:60])]))
            .issuer_name(self._root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + LEAF)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _private(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Corpus of loopback")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
