"""Certificates for lines between members: the member's own key vouches, and no other authority.

The key whose fingerprint was read out over the telephone is all the trust there is. Its owner
issues a certificate of 30 days for each program that speaks over a line; whoever trusts the key
issues itself the authority that such a certificate must come from, so nothing more is handed over.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError

LEAF_DAYS = 30.0
_RENEW = timedelta(days=10)  # before its end a program issues itself another one
# What a clock may be off before TLS itself refuses; messages are held to minutes, and say so.
_BEFORE_DAYS = 1.0
_AUTHORITY_DAYS = 3650.0  # a copy of one process, made again at each start


@dataclass(frozen=True)
class Leaf:
    """A certificate of a member's program on a line, with its private key."""

    certificate: bytes  # DER
    private: Ed25519PrivateKey
    until: datetime

    @property
    def is_due(self) -> bool:
        """Whether another one is to take its place."""
        return self.until - datetime.now(UTC) < _RENEW

    @property
    def pem(self) -> bytes:
        """Key and certificate, as `ssl` loads them."""
        key = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + ssl.DER_cert_to_PEM_cert(self.certificate).encode()


def issue_leaf(key: PrivateKey, now: datetime | None = None) -> Leaf:
    """A new key, and the member's certificate that it is one of its programs, for 30 days."""
    at = now or datetime.now(UTC)
    private, until = Ed25519PrivateKey.generate(), at + timedelta(days=LEAF_DAYS)
    public = private.public_key()
    builder = _builder(public, f"{key.member} node", _authority_name(key.public), at, LEAF_DAYS)
    usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    made = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(node_name(key.member))]), False)
        .add_extension(_issued_by(key.public), critical=False)
        .sign(key.signing, None)
    )
    return Leaf(made.public_bytes(Encoding.DER), private, until)


def node_name(member: str) -> str:
    """The name of a member's node in its certificates; no name server has it."""
    return f"{member.lower()}.ribin.internal"


def authority(of: PublicKey, by: PrivateKey) -> bytes:
    """The certificate (DER) by which `by` trusts whatever the key `of` issues."""
    public = Ed25519PublicKey.from_public_bytes(of.signing)
    issuer = f"RIBIN trust of {by.member}"
    made = (
        _builder(public, _authority_name(of), issuer, datetime.now(UTC), _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(_issued_by(by.public), critical=False)
        .sign(by.signing, None)
    )
    return made.public_bytes(Encoding.DER)


def issuer_of(leaf: bytes, trusted: Iterable[PublicKey], now: datetime | None = None) -> PublicKey:
    """The one of these keys that issued a certificate (DER) that is valid today.

    Raises AccessError: none did, or the certificate is not of this time.
    """
    at = now or datetime.now(UTC)
    try:
        found = x509.load_der_x509_certificate(leaf)
        issuer = found.issuer.rfc4514_string()
        issued, signature = found.tbs_certificate_bytes, found.signature
    except ValueError as error:
        raise AccessError("certificate: one of a member needed, found something else") from error
    if not found.not_valid_before_utc <= at <= found.not_valid_after_utc:
        days = f"{found.not_valid_before_utc:%F} to {found.not_valid_after_utc:%F}"
        raise AccessError(f"certificate: one that is valid at {at:%F %T} needed, found {days}")
    for key in trusted:
        try:
            Ed25519PublicKey.from_public_bytes(key.signing).verify(signature, issued)
        except InvalidSignature:
            continue
        return key
    raise AccessError(f"certificate: one issued by a trusted key needed, found one by {issuer!r}")


def _builder(
    public: Ed25519PublicKey, subject: str, issuer: str, at: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=_BEFORE_DAYS))
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier(_identifier(public.public_bytes_raw())), False)
    )


def _authority_name(key: PublicKey) -> str:
    """Two keys of one member have two names, so that neither is taken for the other."""
    return f"RIBIN authority of {key.member} {key.fingerprint[:19]}"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _identifier(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:20]  # RFC 7093, method 1


def _issued_by(key: PublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier(_identifier(key.signing), None, None)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        **dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ),
        encipher_only=False,
        decipher_only=False,
    )


# TLS contexts of both sides. Python 3.13 checks certificates strictly by itself, 3.11 when told.

_STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


def server_context(leaf: Leaf, trusted: Iterable[bytes]) -> ssl.SSLContext:
    """TLS 1.3 that asks for a certificate of the other side, issued by one of these authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # nobody comes back without showing the certificate again
    context.sslobject_class = ReasonGiven
    return _with(context, leaf, trusted)


class ReasonGiven(ssl.SSLObject):
    """Says why a handshake failed: asyncio closes at once where one does, and what TLS has to say
    would never be sent. So it fails a second time: where the other side has read that and goes.

    `on_refused` is told the reason as well."""

    on_refused: Callable[[str], None] | None = None
    _failed: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        if self._failed:
            raise self._failed
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._failed = error
            if self.on_refused:
                why = getattr(error, "verify_message", "") or error.reason or "broken off"
                self.on_refused(why.replace("_", " ").lower())
            raise ssl.SSLWantReadError from error


def client_context(leaf: Leaf, trusted: bytes) -> ssl.SSLContext:
    """TLS 1.3 that shows our certificate, and takes that of one authority alone. The name that is
    asked for is `node_name`, wherever the node stands."""
    return _with(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), leaf, [trusted])


def _with(context: ssl.SSLContext, leaf: Leaf, trusted: Iterable[bytes]) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= _STRICT
    if authorities := b"".join(trusted):
        context.load_verify_locations(cadata=authorities)
    with tempfile.TemporaryDirectory(prefix="ribin-") as folder:  # 0700; ssl loads from files alone
        file = Path(folder) / "leaf.pem"
        file.touch(0o600)
        file.write_bytes(leaf.pem)
        context.load_cert_chain(file)
    return context
