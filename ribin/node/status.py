"""What the own node says of itself, for a person at its machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from msgspec import Meta

from ribin.errors import AccessError, FormatError, RibinError, StoreError
from ribin.exchange.node_client import NodeCarrier
from ribin.foreign import LongText, Name, Statement, read_facts
from ribin.node.settings import read_settings
from ribin.report.table import table
from ribin.services.doctor import Finding, State, UnfitError, finding
from ribin.text import counted, escaped
from ribin.vault.agreements import agreements_of
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.messages import own_questions
from ribin.vault.vault import Vault

_Count = Annotated[int, Meta(ge=0)]


class KindStatus(Statement, frozen=True):
    """How questions of one kind by one member ended, and the times of their answers."""

    answered: _Count = 0
    declined: _Count = 0  # by a signed refusal
    refused: _Count = 0
    failed: _Count = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


class HandshakesRefused(Statement, frozen=True):
    """Connections that showed no certificate that the node takes, or did not take its own."""

    count: _Count = 0
    last: LongText = ""  # why
    last_s: float | None = None


class NodeStatus(Statement, frozen=True):
    """A node that runs, since when, and what it was asked."""

    member: Name
    version: Name
    since_s: float
    trusted: tuple[Name, ...]
    in_work: _Count
    answers_kept: _Count
    bytes_kept: _Count
    questions: dict[str, dict[str, KindStatus]]
    handshakes_refused: HandshakesRefused = HandshakesRefused()


@dataclass(frozen=True)
class UndeliveredMessage:
    """What another member has not been told yet."""

    member: str
    kind: str
    subject: str
    since: str
    tries: int
    again: str  # when the node tries next
    problem: str


@dataclass(frozen=True)
class NodeState:
    """What a node says of itself, and what waits in the outbox of its vault."""

    node: NodeStatus
    waiting: tuple[UndeliveredMessage, ...]


def node_state(vault: Vault) -> NodeState:
    """The node of a vault on this machine, and what waits; errors as `status_of`."""
    waiting = tuple(
        UndeliveredMessage(o.receiver, o.kind, o.subject, o.at, o.tries, o.due_at, o.problem)
        for o in own_questions(vault, waiting=True)
        if o.is_delivery
    )
    return NodeState(status_of(vault), waiting)


def state_text(state: NodeState) -> str:
    """The status of the node, and one line for whatever waits."""
    if not state.waiting:
        return f"{status_table(state.node)}\nnothing waits to be told to other members"
    header = ("waits for", "what", "of", "since", "tries", "again", "last problem")
    rows = [
        (w.member, w.kind, w.subject, w.since[:16], str(w.tries), w.again[:16], w.problem or "-")
        for w in state.waiting
    ]
    return f"{status_table(state.node)}\n{table(header, rows)}"


def status_of(vault: Vault) -> NodeStatus:
    """Ask the node of a vault on this machine.

    Raises StoreError: it has no settings or no key, or none runs there; AccessError: what runs
    there has another key.
    """
    settings, key = read_settings(vault.path), own_key(vault)
    carrier = NodeCarrier(settings.url, key, key.public)
    return read_facts(carrier.status(), NodeStatus, f"node of {vault.member}")


def status_table(status: NodeStatus) -> str:
    """One member and kind a line."""
    refused = status.handshakes_refused
    lines = [
        f"node of {status.member}, ribin {status.version}, since {_moment(status.since_s)}",
        f"trusts {', '.join(status.trusted) or 'nobody'}; {status.in_work} questions in work",
        counted(refused.count, "connection") + " refused before a question",
    ]
    if refused.last_s is not None:
        lines[-1] += f", the last {_moment(refused.last_s)}: {escaped(refused.last)}"
    header = ("member", "question", "answered", "declined", "refused", "failed", "p50 ms", "p95 ms")
    rows = [
        (
            member,
            kind,
            *(str(n) for n in (one.answered, one.declined, one.refused, one.failed)),
            *("-" if time is None else f"{time:.0f}" for time in (one.p50_ms, one.p95_ms)),
        )
        for member, kinds in sorted(status.questions.items())
        for kind, one in sorted(kinds.items())
    ]
    return "\n".join([*lines, table(header, rows) if rows else "no question yet"])


def examine_node(vault: Vault) -> Iterator[Finding]:
    """Look at everything that a node needs, and at the node; nothing is changed."""
    yield finding("settings", partial(_settings, vault), "`ribin node init`")
    yield finding("key", partial(_key, vault), "`ribin network key make`")
    yield finding("members", partial(_members, vault))
    try:
        status = status_of(vault)
    except (StoreError, AccessError, FormatError) as error:
        step = "`ribin node serve`, or the system's service, starts it"
        yield Finding("node", State.BAD, str(error), error.hint or step)
    except RibinError as error:
        yield Finding("node", State.BAD, str(error), error.hint)
    else:
        since = _moment(status.since_s)
        yield Finding("node", State.GOOD, f"it runs since {since}, ribin {status.version}")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _settings(vault: Vault) -> str:
    settings = read_settings(vault.path)
    return f"address {settings.address}, port {settings.port}"


def _key(vault: Vault) -> str:
    return f"{vault.member} {own_key(vault).public.fingerprint[:19]} ..."


def _members(vault: Vault) -> str:
    """Who may ask: its key is trusted, and there is an agreement with it."""
    trusted = {one.key.member for one in trusted_keys(vault) if not one.ended_at}
    stated = agreements_of(vault)
    agreed = {member for member, one in stated.items() if not one.ended}
    ended = sorted(stated.keys() - agreed)
    if lacking := sorted(agreed - trusted):
        step = f"`ribin network key trust {lacking[0]}.key.json`"
        raise UnfitError(f"no trusted key of {', '.join(lacking)}, which may ask", step)
    if lacking := sorted(trusted - stated.keys()):
        step = f"`ribin network agree {lacking[0]}`, or end the trust in its key"
        raise UnfitError(f"nothing agreed with {', '.join(lacking)}, whose key is trusted", step)
    if not agreed:
        step = "`ribin network key trust`, then `ribin network agree`"
        raise UnfitError("nobody may ask", step)
    over = f"; the agreement with {', '.join(ended)} has ended" if ended else ""
    return f"{', '.join(sorted(agreed))} may ask{over}"
