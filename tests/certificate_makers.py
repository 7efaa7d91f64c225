"""Certificates of a laboratory's server, as an authority of the laboratory would issue them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)


def make_certificate(
    folder: Path, *names: str, days: float = 30.0, passphrase: bytes = b""
) -> tuple[Path, Path]:
    """A certificate for these names that vouches for itself, and its key: lab.pem and lab.key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "laboratory")])
    stated: list[x509.GeneralName] = []
    for name in names:
        try:
            stated.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            stated.append(x509.DNSName(name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if stated:
        builder = builder.add_extension(x509.SubjectAlternativeName(stated), critical=False)
    hidden = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    certificate, private = folder / "lab.pem", folder / "lab.key"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    return certificate, private
