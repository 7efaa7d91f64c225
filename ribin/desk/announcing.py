"""Who is told when a link is made or ends."""

from __future__ import annotations

from ribin.review.done import Step
from ribin.store.vault import Vault


def announce(vault: Vault, step: Step) -> tuple[str, ...]:
    """Called once after each step, when both sides have committed it; gives notes for the person.

    `step.link_made` and `step.link_ended` say whether there is something to tell.
    """
    return ()
