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


class Login:
    """Calling it sets the login, the account and the machine of whoever acts from then on."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    def __call__(self, login, account="", host="session"):
        """An account of no name is that of the login."""
        self._monkeypatch.setattr("getpass.getuser", lambda: login)
        for place in ("ribin.cases.leads", "ribin.leads.looks"):
            self._monkeypatch.setattr(f"{place}.account_name", lambda: account or login)
        self._monkeypatch.setattr("socket.gethostname", lambda: host)


@pytest.fixture
def login(monkeypatch):
    return Login(monkeypatch)
