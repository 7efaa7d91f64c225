"""What tests of the application share."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from ribin.crypto import passwords


@pytest.fixture(scope="session")
def quick_passwords():
    """Passwords that are hashed in a millisecond; what is kept says how, so all else is alike."""
    with pytest.MonkeyPatch.context() as patch:
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", quick)
        patch.setattr(passwords, "_NOBODY", quick.hash("of nobody at all"))
        yield
