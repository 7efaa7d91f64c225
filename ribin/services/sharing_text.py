"""Sharing levels, releases, retention, keys and bundles, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence

from ribin.exchange.receive import Received
from ribin.exchange.send import Sent
from ribin.report.text import table
from ribin.services.letting_out import LetOut
from ribin.vault.keys import TrustedKey
from ribin.vault.retention import Due, Tombstone
from ribin.vault.sharing import default_sharing, opaque_names, releases_of
from ribin.vault.vault import Vault


def sharing_facts(vault: Vault) -> dict[str, object]:
    """The level of every exhibit, its opaque name, and to whom it is released."""
    exhibits = vault.exhibits()
    names = opaque_names(vault, exhibits)
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
    header = ("exhibit", "sharing", "known abroad as", "released to")
    rows = [
        (e["exhibit"], e["sharing"], e["opaque"], ", ".join(e["released_to"]) or "-")
        for e in facts["exhibits"]
    ]
    last = f"new exhibits are shared with: {facts['default']}"
    return f"{table(header, rows)}\n{last}" if rows else last


def let_out_line(done: LetOut) -> str:
    """What was let out or taken back, and who was told."""
    what = "exhibit, event and originals" if done.original else "exhibit and event"
    said = "release ended" if done.ended else f"{what} released"
    told = "both audit logs have it" if done.told else done.note
    return f"{done.exhibit} ({done.opaque} abroad): {said}, {done.receiver}; {told}"


def due_table(dates: Sequence[Due]) -> str:
    """One exhibit a line, the first that is due first."""
    rows = [(d.exhibit, d.keep_until, "its own" if d.own_date else "usual") for d in dates]
    return table(("exhibit", "keep until", "date"), rows) if rows else "no exhibit has a last day"


def purge_line(stone: Tombstone) -> str:
    """What is gone and what stays."""
    return f"{stone.exhibit}: {len(stone.scans)} scans purged; the audit log and a tombstone stay"


def keys_table(keys: Sequence[TrustedKey]) -> str:
    """One key a line."""
    rows = [(k.key.member, k.at[:10], k.ended_at[:10] or "-", k.key.fingerprint) for k in keys]
    header = ("member", "trusted", "ended", "fingerprint")
    return table(header, rows) if rows else "no key is trusted"


def sent_line(done: Sent) -> str:
    """What a bundle holds."""
    how = "signed and sealed" if done.sealed else "signed, not sealed"
    held = f"{done.exhibits} exhibits, {done.templates} templates, {done.originals} originals"
    return f"{done.file}: bundle {done.number} for {done.receiver}, {how}: {held}"


def received_line(done: Received) -> str:
    """What a bundle brought."""
    head = f"{done.file}: bundle {done.number} of {done.sender}"
    if done.outcome != "new":
        return f"{head}: already there, nothing changed"
    changes = f"{done.new} new, {done.gone} gone, {done.released} released, {done.ended} ended"
    return f"{head}: {done.exhibits} exhibits, {changes}"


def key_facts(keys: Sequence[TrustedKey]) -> dict[str, object]:
    """The keys for programs."""
    return {
        "keys": [
            {
                "member": k.key.member,
                "fingerprint": k.key.fingerprint,
                "trusted_at": k.at,
                "who": k.who,
                "ended_at": k.ended_at,
            }
            for k in keys
        ]
    }
