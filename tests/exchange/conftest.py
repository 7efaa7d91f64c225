"""Two members without a line between them, for the tests of bundles."""

from __future__ import annotations

import pytest
from bundle_makers import make_pair

from ribin.services.lines import open_network


@pytest.fixture
def small_templates(monkeypatch, plain_correlator):
    """The templates of these tests are made up; what a real one must be is tested elsewhere."""
    monkeypatch.setattr("ribin.exchange.receive.check_described", lambda arrays, where: None)


@pytest.fixture
def pair(tmp_path, small_templates):
    """Belize sends, Jamaica receives; what they hold is sound at the end."""
    made = make_pair(tmp_path)
    yield made
    for vault in (made.sender, made.receiver):
        assert vault.check().problems == ()
        vault.close()


@pytest.fixture
def network(pair):
    """As JAM sees it: Belize's vault is in no folder of its own."""
    path = pair.folder / "network.toml"
    path.write_text(
        '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "nowhere"\n'
        '[clusters]\nlinked = ["JAM", "BLZ"]\n'
    )
    return open_network(path)
