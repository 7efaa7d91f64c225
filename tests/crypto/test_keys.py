"""A key is read back as it was written; a file that is none is refused in one line."""

from __future__ import annotations

import json

import pytest

from ribin.crypto.keys import PrivateKey, read_private, read_public, write_private, write_public
from ribin.errors import FormatError


def test_keys_are_read_back_and_others_refused():
    key = PrivateKey.make("JAM")
    public, private = json.loads(write_public(key.public)), json.loads(write_private(key))
    assert read_public(json.dumps(public).encode(), "key") == key.public
    assert read_private(json.dumps(private).encode(), "key").public == key.public
    for reader, facts, changes, message in (
        (read_public, public, {"format": "x"}, "a ribin member key of version 1 needed"),
        (read_public, public, {"version": 2}, "a ribin member key of version 1 needed"),
        (read_public, public, {"member": "Jam"}, "member needs three capital letters, found 'Jam'"),
        (read_public, public, {"signing": "00"}, "signing needs 64 hexadecimal digits, found '00'"),
        (read_public, public, {"extra": ""}, "key: no key 'extra'"),
        (read_public, public, {"fingerprint": "0"}, "fingerprint .* needed, found '0'"),
        (read_public, private, {}, "a ribin member key of version 1 needed"),
        (read_private, public, {}, "a ribin private member key of version 1 needed"),
        (read_private, private, {"signing": 1}, "signing needs a text, found 1"),
        (read_private, private, {"extra": 1}, "key: no key 'extra'"),
    ):
        with pytest.raises(FormatError, match=message):
            reader(json.dumps({**facts, **changes}).encode(), "key")
