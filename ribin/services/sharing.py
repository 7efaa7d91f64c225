"""What a member shares, releases, keeps, purges and takes out, as a person asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ribin.cases.exhibits import Request, Scope
from ribin.cases.plausible import checked_day
from ribin.errors import ParameterError, StoreError
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import OriginalAnswer, OriginalQuestion, ReleaseQuestion
from ribin.exchange.receive import ImportResult
from ribin.exchange.send import SentBundle, export_bundle, file_name_of
from ribin.report.table import table
from ribin.search.index import sweep_index
from ribin.search.network import Network
from ribin.search.rules import check_request
from ribin.services.bundles import messages_for
from ribin.services.files import whole_file
from ribin.services.outbox import deliver, tell_now, to_tell
from ribin.services.session import Session
from ribin.text import counted
from ribin.vault.exhibits import StoredScan, current_name
from ribin.vault.keys import own_key, trusted_key
from ribin.vault.messages import put_own_questions
from ribin.vault.people import check_looker, check_searcher
from ribin.vault.permissions import check_act
from ribin.vault.received import read_originals
from ribin.vault.retention import DueExhibit, Tombstone, keep_until, purge_exhibit, retention_dates
from ribin.vault.sharing import (
    default_sharing,
    end_release,
    pseudonym,
    pseudonyms,
    release_exhibit,
    releases_of,
    set_default_sharing,
    set_retention_days,
    set_sharing,
)
from ribin.vault.vault import Vault

_ORIGINAL_S = 600.0  # for scans of some hundred megabytes over a thin line
Agree = Callable[[Sequence[str]], None]  # is shown what would go; raises where nobody wants that


@dataclass(frozen=True)
class SharingChange:
    """A new level of these exhibits, and of those to come (`usual`); None where it stays."""

    exhibits: tuple[str, ...]
    sharing: Scope | None
    usual: Scope | None
    who: str
    reason: str


def change_sharing(vault: Vault, asked: SharingChange) -> None:
    """Set the level of these exhibits and the level of those to come, as far as named.

    Raises ParameterError: exhibits without a level, a level without exhibits, or no reason is
    given; AccessError: the vault's people have roles, and `who` has none that may; to see the
    levels any will do.
    """
    if bool(asked.exhibits) != bool(asked.sharing):
        raise ParameterError("share: both exhibits and their level needed, found one of them")
    _check_reason("share", asked.reason, changes=bool(asked.sharing or asked.usual))
    check_looker(vault.catalogue, asked.who)
    if asked.sharing:
        set_sharing(vault, asked.exhibits, asked.sharing, asked.who, asked.reason)
    if asked.usual:
        set_default_sharing(vault, asked.usual, asked.who, asked.reason)


@dataclass(frozen=True)
class RetentionChange:
    """The last day of these exhibits ("" for none of their own), and the usual number of days after
    enrolment (0 for no end); None where it stays."""

    exhibits: tuple[str, ...]
    until: str | None
    days: int | None
    who: str
    reason: str


def change_retention(
    vault: Vault, asked: RetentionChange, agree: Agree = lambda lines: None
) -> None:
    """Set the last day of these exhibits and the usual days, as far as named.

    `agree` is shown a line for each exhibit that is then due, or kept for a shorter time than its
    last day said, where there is one; it raises where the person does not want that.

    Raises ParameterError: exhibits without a day, a day without exhibits, or no reason is given;
    AccessError: the vault's people have roles, and `who` has none that may; to see the days any
    will do.
    """
    if bool(asked.exhibits) != (asked.until is not None):
        raise ParameterError("retention: both exhibits and their day needed, found one of them")
    changes = asked.until is not None or asked.days is not None
    _check_reason("retention", asked.reason, changes)
    check_looker(vault.catalogue, asked.who)
    for exhibit in asked.exhibits:
        vault.exhibit(exhibit)
    if shorter := _kept_shorter(vault, asked):
        agree(shorter)
    for exhibit in asked.exhibits:
        keep_until(vault, exhibit, asked.until or "", asked.who, asked.reason)
    if asked.days is not None:
        set_retention_days(vault, asked.days or None, asked.who, asked.reason)


def _kept_shorter(vault: Vault, asked: RetentionChange) -> list[str]:
    """A line for each exhibit that a change lets go earlier than its last day, or at once."""
    today = datetime.now(UTC).date().isoformat()
    before = {due.exhibit: due.keep_until for due in retention_dates(vault)}
    lines = []
    for due in retention_dates(vault, asked.days, dict.fromkeys(asked.exhibits, asked.until or "")):
        was = before.get(due.exhibit, "")
        if (was and due.keep_until < was) or (due.keep_until < today and not was):
            kept = f"kept until {due.keep_until} instead of {was or 'for good'}"
            now = ", so it is due now" if due.keep_until < today else ""
            lines.append(f"{due.exhibit}: {kept}{now}")
    return lines


def _check_reason(command: str, reason: str, changes: bool) -> None:
    if changes and not reason.strip():
        raise ParameterError(f"{command}: a reason needed for a change, found none")


# Releases and bundles as a person asks for them: with the network, and known to both sides.


@dataclass(frozen=True)
class ReleaseRequest:
    """An exhibit that a person wants to release to a member, or with `ended` no more, and why."""

    exhibit: str
    receiver: str
    original: bool
    ended: bool
    who: str
    reason: str


@dataclass(frozen=True)
class ReleaseResult:
    """What was released of an exhibit, or ended, and whether the receiver knows."""

    exhibit: str
    opaque: str
    receiver: str
    original: bool
    ended: bool
    told: bool  # whether the receiver's audit log has it already
    note: str


def release(vault: Vault, network: Network, asked: ReleaseRequest) -> ReleaseResult:
    """Release an exhibit to a member, or end its release; the audit logs of both have it.

    The owner's comes first. A receiver that cannot be reached reads it in the next bundle.

    Raises AccessError, ParameterError, StoreError: as `release_exhibit` and `end_release`.
    """
    receiver, reach = asked.receiver, _reach(vault, network, asked.receiver)
    said = {"who": asked.who, "reason": asked.reason}
    with vault.catalogue.writing() as db:  # what is done and what is to be told, or neither
        exhibit = current_name(db, asked.exhibit)
        if asked.ended:
            end_release(vault, exhibit, receiver, **said)
        else:
            release_exhibit(vault, exhibit, receiver, reach, original=asked.original, **said)
        known_as = pseudonym(db, exhibit)
        original = asked.original and not asked.ended
        body = ReleaseQuestion(known_as, original, asked.ended, asked.who, asked.reason)
        told = to_tell(receiver, MessageKind.RELEASE, body, exhibit)
        put_own_questions(vault, [told], asked.who)
    if note := deliver(vault, network, receiver):
        note = f"{receiver}: told by the next bundle; no line now: {note}"
    return ReleaseResult(exhibit, known_as, receiver, original, asked.ended, not note, note)


def send_bundle(
    vault: Vault,
    network: Network,
    receiver: str,
    path: Path,
    *,
    sealed: bool,
    who: str,
    reason: str,
) -> SentBundle:
    """Write a bundle for a member of the network; sealed for its trusted key where asked.

    Raises AccessError, ParameterError, StoreError: as `export_bundle`; or there is no key.
    """
    reach = _reach(vault, network, receiver)
    with vault.catalogue.reading() as db:
        check_act(db, "export bundle", who)
    key = own_key(vault)
    sealed_for = trusted_key(vault, receiver) if sealed else None
    return export_bundle(
        vault,
        receiver,
        reach,
        key,
        path,
        sealed_for=sealed_for,
        messages=messages_for(vault, receiver, key, who),
        who=who,
        reason=reason,
    )


def _reach(vault: Vault, network: Network, receiver: str) -> Scope:
    if not receiver:
        raise ParameterError("--to needed: the code of another member")
    return network.reach(vault.member, receiver)


# A purge of several exhibits: each on its own, and what stays is said with its reason.

_PURGED = "the exhibit is kept no longer"  # as others are told; the reason stays in the own log


@dataclass(frozen=True)
class PurgeOptions:
    """The exhibits to purge, or the day (or "today") before which the last day of those lies that
    are; with `dry_run` nothing is changed."""

    exhibits: tuple[str, ...]
    due: str | None
    dry_run: bool
    who: str
    reason: str


@dataclass(frozen=True)
class PurgeReport:
    """What became of each exhibit; `would` is what a dry run names."""

    purged: tuple[Tombstone, ...]
    failed: tuple[tuple[str, str], ...]
    would: tuple[str, ...] = ()
    told: tuple[str, ...] = ()  # of each member whose release ended, whether it knows


def purge_each(
    vault: Vault,
    asked: PurgeOptions,
    agree: Agree = lambda lines: None,
    network: Network | None = None,
) -> PurgeReport:
    """Purge the exhibits named, or those that are due, and what the index drew from them.

    Members that one was released to are told that the release has ended: at once where `network`
    has a way to them, else by the next bundle or the node. `agree` is shown a line for each before;
    it raises where the person does not want that.

    Raises ParameterError: both exhibits and a day are named, or neither; the day is none or to
    come; no reason is given; StoreError, AccessError: an exhibit is unknown; or as `purge_exhibit`,
    of what concerns all of them.
    """
    check_looker(vault.catalogue, asked.who)
    chosen = _due_exhibits(vault, asked.exhibits, asked.due)
    if asked.dry_run:
        return PurgeReport((), (), tuple(chosen))
    _check_reason("purge", asked.reason, changes=True)
    if chosen:
        agree(_what_goes(vault, chosen))
    sweep_index(vault)  # of an earlier purge that was cut short
    purged, failed, concerned = [], [], set[str]()

    def tell(stone: Tombstone, receivers: Sequence[str]) -> None:
        end = ReleaseQuestion(stone.opaque, False, True, asked.who, _PURGED)
        waiting = [to_tell(one, MessageKind.RELEASE, end, stone.opaque) for one in receivers]
        put_own_questions(vault, waiting, asked.who)
        concerned.update(receivers)

    for exhibit in chosen:
        try:
            purged.append(purge_exhibit(vault, exhibit, asked.who, asked.reason, tell))
        except StoreError as error:
            failed.append((exhibit, str(error)))
    if purged:
        sweep_index(vault)
    told = tell_now(vault, network, concerned, asked.who)
    return PurgeReport(tuple(purged), tuple(failed), told=tuple(told))


def _what_goes(vault: Vault, chosen: Sequence[str]) -> list[str]:
    """A line for each exhibit: what goes with it."""
    scans = Counter(scan.exhibit.exhibit for scan in vault.holdings().scans)
    known = vault.exhibits()
    return [
        f"{name}: {counted(scans[name], 'scan')}, {known[name].kind} of event "
        f"{known[name].event.event}"
        for name in chosen
    ]


def _due_exhibits(vault: Vault, exhibits: Sequence[str], due: str | None) -> list[str]:
    """The exhibits named, or those whose last day lies before the day `due`."""
    if bool(exhibits) == (due is not None):
        raise ParameterError("purge: either exhibits or a day needed, found both or neither")
    if due is None:
        return list(dict.fromkeys(vault.exhibit(name).exhibit for name in exhibits))
    today = datetime.now(UTC).date().isoformat()
    day = today if due == "today" else checked_day(due, "purge: due")
    if day > today:
        raise ParameterError(f"purge: due on a day until today {today} needed, found {day}")
    return [d.exhibit for d in retention_dates(vault) if d.keep_until < day]


def purge_text(report: PurgeReport) -> str:
    """One exhibit a line."""
    stays = "the audit log and a tombstone stay"
    lines = [
        f"{one.exhibit}: {counted(len(one.scans), 'scan')} purged; {stays}" for one in report.purged
    ]
    lines += [f"{exhibit}: would be purged" for exhibit in report.would]
    lines += [f"{exhibit}: not purged: {why}" for exhibit, why in report.failed]
    return "\n".join(lines) or "no exhibit is due"


# The same for a person to read.


def sharing_facts(vault: Vault) -> dict[str, object]:
    """The level of every exhibit, its pseudonym, and to whom it is released."""
    exhibits = vault.exhibits()
    names = pseudonyms(vault, exhibits)
    held = [r for r in releases_of(vault) if r.holds]
    rows = [
        {
            "exhibit": name,
            "sharing": str(one.sharing),
            "opaque": names[name],
            "released_to": [r.receiver for r in held if r.exhibit == name],
        }
        for name, one in exhibits.items()
    ]
    return {"default": str(default_sharing(vault)), "exhibits": rows}


def sharing_table(facts: dict) -> str:
    """One exhibit a line, and the level that new ones begin with."""
    header = ("exhibit", "sharing", "pseudonym", "released to")
    rows = [
        (e["exhibit"], e["sharing"], e["opaque"], ", ".join(e["released_to"]) or "-")
        for e in facts["exhibits"]
    ]
    last = f"new exhibits are shared with: {facts['default']}"
    return f"{table(header, rows)}\n{last}" if rows else last


def release_line(done: ReleaseResult) -> str:
    """What was released or ended, and whether the receiver knows."""
    what = "exhibit, event and originals" if done.original else "exhibit and event"
    said = "release ended" if done.ended else f"{what} released"
    told = "both audit logs have it" if done.told else done.note
    return f"{done.exhibit} (pseudonym {done.opaque}): {said}, {done.receiver}; {told}"


def due_table(dates: Sequence[DueExhibit]) -> str:
    """One exhibit a line, the first that is due first."""
    rows = [(d.exhibit, d.keep_until, "its own" if d.own_date else "usual") for d in dates]
    return table(("exhibit", "keep until", "day"), rows) if rows else "no exhibit has a last day"


def sent_line(done: SentBundle) -> str:
    """What a bundle holds."""
    how = "signed and sealed" if done.sealed else "signed, not sealed"
    held = f"{done.exhibits} exhibits, {done.templates} templates, {done.originals} originals"
    return f"{done.file}: bundle {done.number} for {done.receiver}, {how}: {held}"


def received_line(done: ImportResult) -> str:
    """What a bundle brought."""
    head = f"{done.file}: bundle {done.number} of {done.sender}"
    if done.outcome != "new":
        return f"{head}: already there, nothing changed"
    changes = f"{done.new} new, {done.gone} gone, {done.released} released, {done.ended} ended"
    told = f"; {done.searches} searches in our bundles logged" if done.searches else ""
    warned = f"\nWARNING: {done.note}" if done.note else ""
    return f"{head}: {done.exhibits} exhibits, {changes}{told}{warned}"


# Scans as they were received, taken out of a vault: one's own, or released by another member.


@dataclass(frozen=True)
class ReleasedOriginal:
    """A scan as it was received."""

    sha256: str
    file: str
    content: bytes


def write_original(session: Session, named: str, folder: Path, who: str, reason: str) -> list[Path]:
    """Write the scans of [MEMBER:]EXHIBIT as files of a folder; both audit logs say so before.

    Where another member's vault is out of reach, its last bundle gives what was released in it.

    Raises AccessError: the person may not, says no reason for another member's, or it is not
    released; StoreError: there is no such exhibit, or a vault cannot be read or written;
    ParameterError: a file is there already or cannot be written.
    """
    check_searcher(session.vault.catalogue, who)
    if not folder.is_dir():
        raise ParameterError(
            f"{folder}: a folder that is there needed",
            hint="make the folder first, or name another",
        )
    owner, _, exhibit = named.rpartition(":")
    owner = owner or session.member
    if owner == session.member:
        scans = _scans(session.vault, exhibit)
        found = [
            ReleasedOriginal(s.sha256, file_name_of(s), session.vault.original(s.sha256))
            for s in scans
        ]
    else:
        found = list(_of_another(session, owner, exhibit, who, reason))
    paths = _places(folder, found)
    for one in found:
        session.vault.record("original", one.sha256, who, reason, owner=owner)
    for path, one in zip(paths, found, strict=True):
        with whole_file(path) as aside:
            aside.write_bytes(one.content)
    return paths


def _of_another(
    session: Session, owner: str, exhibit: str, who: str, reason: str
) -> Iterator[ReleasedOriginal]:
    reach = session.network.reach(session.member, owner)
    check_request(Request(session.member, reach, who=who, reason=reason), reach)
    line = session.network.line(session.member, owner)
    try:
        question = OriginalQuestion(exhibit, who, reason)
        told = line.ask(MessageKind.ORIGINAL, question, OriginalAnswer, _ORIGINAL_S)
    except StoreError:
        brought = [ReleasedOriginal(*one) for one in read_originals(session.vault, owner, exhibit)]
        if not brought:
            raise
        yield from brought
        return
    for one in told.content.files:
        yield ReleasedOriginal(one.sha256, one.file, one.content)


def _scans(vault: Vault, exhibit: str) -> list[StoredScan]:
    return list({mark.scan.sha256: mark.scan for mark in vault.marks_of(exhibit)}.values())


def _places(folder: Path, found: list[ReleasedOriginal]) -> list[Path]:
    """A file for each; those of equal names are told apart by their hashes."""
    names = [one.file for one in found]
    paths = [
        folder / (one.file if names.count(one.file) == 1 else f"{one.sha256[:12]}-{one.file}")
        for one in found
    ]
    for path in paths:
        if path.exists():
            raise ParameterError(f"{path}: a new file needed, found one")
    return paths
