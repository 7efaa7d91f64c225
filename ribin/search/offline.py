"""A member without a line: its last bundle answers in its place, as far as it goes.

What a bundle left at home cannot be found in it, so nothing more than the owner allowed is shown;
a day of an event that was not released is not known, and passes a filter by days.
"""

from __future__ import annotations

from typing import Any, cast

from ribin.cases.exhibits import Request
from ribin.errors import StoreError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.search.border import told_apart
from ribin.search.compare import compare_shortlist
from ribin.search.grouping import group_rows
from ribin.search.kept import KeptComparisons
from ribin.search.look import Threads
from ribin.search.means import Means
from ribin.search.member import Answer, Member, MemberVault
from ribin.search.network import Network
from ribin.search.rules import check_request
from ribin.search.shortlist import shortlist_marks
from ribin.search.sift import sift_marks
from ribin.search.tally import count_marks
from ribin.vault.gallery import ReceivedGallery
from ribin.vault.identity import IDENTITY_FILE
from ribin.vault.received import ReceivedBundle, last_bundle
from ribin.vault.vault import Vault


def member_of(
    code: str,
    home: str,
    network: Network,
    params: Params,
    means: Means,
) -> Member:
    """Who answers for a member: its vault where that can be reached, else its last bundle."""
    online = MemberVault(code, network, params, means)
    if code == home or (network.members[code].vault / IDENTITY_FILE).is_file():
        return online
    try:
        with Vault.open(network.members[home].vault, read_only=True) as vault:
            bundle = last_bundle(vault, code)
    except StoreError:
        return online
    return BundledMember(code, home, network, params, means, bundle) if bundle else online


class BundledMember:
    """A member of whom the asker holds a bundle."""

    def __init__(
        self,
        code: str,
        home: str,
        network: Network,
        params: Params,
        means: Means,
        bundle: ReceivedBundle,
    ) -> None:
        self._code, self._home, self._network = code, home, network
        self._params, self._means, self._bundle = params, means, bundle

    def answer(self, query: Template, request: Request) -> Answer:
        """As `MemberVault.answer`, from what the bundle brought; errors alike."""
        reach = self._network.reach(request.asking_member, self._code)
        check_request(request, reach)
        with Vault.open(self._network.members[self._home].vault) as own:
            # It has what a search needs of a vault: folder, member, holdings and templates.
            received = ReceivedGallery(own, self._code)
            gallery = cast(Vault, received)
            ledger = gallery.ledger(query.mark_type)
            names = {exhibit for member, exhibit in request.leave_out if member == self._code}
            left_out = received.marks_known_as(names) if names else []
            sifted = sift_marks(query, ledger, request, reach, left_out)
            chosen = ledger.ids[sifted.wanted]
            notes: tuple[str, ...] = ()
            if not request.full:
                looker = Threads(self._means.threads)
                chosen, notes = shortlist_marks(
                    query, gallery, ledger, sifted, self._params, looker
                )
            kept = KeptComparisons.beside(gallery, query, self._params) if request.full else None
            found = compare_shortlist(query, gallery, chosen, self._params, self._means, kept)
        grouped = group_rows(found.rows, told_apart(found.exhibits), request.group, reach)
        told = f"{self._code}: no line; answered by its bundle {self._bundle.number}"
        notes += (f"{told} of {self._bundle.made_at[:10]}",)
        counts = count_marks(sifted, len(chosen), found)
        return Answer(tuple(grouped[: request.top]), counts, ledger.snapshot, notes)

    def write_down(
        self, action: str, query: Template, request: Request, **facts: Any
    ) -> tuple[str, ...]:
        """Nothing: there is no line to its audit log, and the asker's own log has the search."""
        return ()
