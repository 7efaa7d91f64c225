"""The certificate that a laboratory's server shows to browsers: for which names, and until when."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from ribin.errors import ParameterError
from ribin.input_file import read_input


@dataclass(frozen=True)
class ServerCertificate:
    """What a certificate file says of itself."""

    names: tuple[str, ...]  # host names and addresses
    until: datetime


def server_tls(certificate: Path, key: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    """TLS 1.3 with a certificate (PEM, the server's own first) that is good for these names now.

    Raises ParameterError: a file cannot be read, the two do not belong together, or the certificate
    has ended or is for other names.
    """
    found = _read(certificate)
    now = datetime.now(UTC)
    if found.until <= now:
        ended = f"found one that ended on {found.until:%F}"
        raise ParameterError(f"{certificate}: a certificate of today needed, {ended}")
    for name in names:
        if not any(_covers(one, name) for one in found.names):
            listed = ", ".join(found.names) or "no name"
            raise ParameterError(f"{certificate}: a certificate for {name} needed, found {listed}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    needed = f"{key}: the private key of {certificate}, without a passphrase, needed"
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError:  # its own words name no file, and it is no fault of a disk
        raise ParameterError(f"{needed}, found another") from None
    except OSError as error:
        raise ParameterError(f"{needed}, {error.strerror}") from error
    return context


def _read(file: Path) -> ServerCertificate:
    try:
        read = x509.load_pem_x509_certificates(read_input(file, 1))[0]
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or "found something else"
        raise ParameterError(f"{file}: a certificate in PEM needed, {found}") from error
    try:
        stated = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = stated.get_values_for_type(x509.DNSName)
        names += [str(one) for one in stated.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names = []  # browsers look at no other place
    return ServerCertificate(tuple(names), read.not_valid_after_utc)


def _covers(stated: str, name: str) -> bool:
    one, other = stated.casefold(), name.casefold()
    if one.startswith("*."):
        return other.partition(".")[2] == one[2:]
    return one == other
