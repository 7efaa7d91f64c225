"""Who is told when a link is made or ends."""

from __future__ import annotations

from ribin.errors import RibinError
from ribin.notices.notice import notices_of
from ribin.notices.write import write_notice
from ribin.review.done import Step
from ribin.search.network import Network
from ribin.store.vault import Vault


def announce(vault: Vault, step: Step, network: Network | None = None) -> tuple[str, ...]:
    """Write the notices that a step of a lead gives rise to; gives notes for the person.

    Both lie in the own vault; the other country's lies in its vault as well, where `network` names
    one in reach. Called once after each step, when both sides have committed it: a notice that
    cannot be written undoes nothing, and the note says so.
    """
    notes = []
    for notice in notices_of(vault, step):
        try:
            facts, page = write_notice(vault, notice, _acting(step))
            if network and notice.to in network.members and notice.to != vault.member:
                with Vault.open(network.members[notice.to].vault) as other:
                    write_notice(other, notice, _acting(step))
        except RibinError as error:
            notes.append(f"notice to {notice.to}: not written: {error}")
        else:
            notes.append(f"notice to {notice.to}: {facts} and {page.name}")
    return tuple(notes)


def _acting(step: Step) -> str:
    """Who took the step: whoever withdrew the link, or gave the last verdict."""
    if step.link_ended and step.file.withdrawal:
        return step.file.withdrawal.person
    return step.file.reviews[-1].reviewer if step.file.reviews else step.file.lead.examiner
