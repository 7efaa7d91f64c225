"""Two small members and whoever acts in them."""

from __future__ import annotations

import pytest
from lead_makers import make_member, make_network


@pytest.fixture
def jam(tmp_path):
    """A vault with JAM-1 to JAM-3."""
    with make_member(tmp_path, "JAM", 3) as vault:
        yield vault


@pytest.fixture
def blz(tmp_path):
    """A vault with BLZ-1 and BLZ-2."""
    with make_member(tmp_path, "BLZ", 2) as vault:
        yield vault


@pytest.fixture
def network(tmp_path):
    return make_network(tmp_path, "BLZ", "JAM")
