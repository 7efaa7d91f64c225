"""Certificates pass the strict checks that Python 3.13 makes by itself. The same are asked for on
every version, so that both sides refuse the same."""

from __future__ import annotations

import ssl

import pytest

from ribin.crypto import certificates
from ribin.crypto.certificates import authority, client_context, issue_leaf, node_name
from ribin.crypto.certificates import server_context as server_side
from ribin.crypto.keys import PrivateKey


@pytest.fixture(scope="module")
def keys():
    return PrivateKey.make("JAM"), PrivateKey.make("BLZ")


def contexts(jam, blz):
    """JAM asks, BLZ serves."""
    client = client_context(issue_leaf(jam), authority(blz.public, jam))
    return client, server_side(issue_leaf(blz), [authority(jam.public, blz)])


def shake_hands(client_tls: ssl.SSLContext, server_tls: ssl.SSLContext) -> ssl.SSLObject:
    """A handshake in memory; the side of the server when both have agreed."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_tls.wrap_bio(back, there, server_hostname=node_name("BLZ"))
    server = server_tls.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"
    return server


def test_both_sides_check_strictly_whatever_the_version_of_python(keys):
    for context in contexts(*keys):
        assert context.verify_flags & ssl.VERIFY_X509_STRICT
        assert context.verify_mode is ssl.CERT_REQUIRED
    server = shake_hands(*contexts(*keys))
    assert server.getpeercert(binary_form=True)


def test_a_certificate_that_is_not_strict_is_refused(keys, monkeypatch):
    """An authority that does not say what its key may be used for: RFC 5280 wants that."""
    jam, blz = keys
    plain = certificates.x509.CertificateBuilder.add_extension

    def without_usage(self, extension, critical):
        is_usage = isinstance(extension, certificates.x509.KeyUsage)
        return self if is_usage else plain(self, extension, critical)

    builder = certificates.x509.CertificateBuilder
    monkeypatch.setattr(builder, "add_extension", without_usage)
    loose = authority(blz.public, jam)
    monkeypatch.undo()
    _, server = contexts(jam, blz)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client_context(issue_leaf(jam), loose), server)
