"""What the commands about leads share: the vault and network, and how a step is said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click

from ribin.cases.leads import HeldExhibit
from ribin.errors import ParameterError
from ribin.leads.steps import Step
from ribin.leads.text import SHOWN_EARLY, lead_facts, lead_page, view_lead
from ribin.leads.trace import History
from ribin.leads.trace_files import as_graphml, write_picture
from ribin.leads.two_vaults import held_exhibit
from ribin.report.json import as_json
from ribin.search.network import Network, read_network
from ribin.services.files import whole_file
from ribin.services.leads import announce, figures_as_seen, look_at_lead
from ribin.services.session import open_own
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Leads:
    """The own vault, and the network where one is named."""

    vault: Vault
    network: Network | None

    @classmethod
    def open(cls, vault: Path | None, network_file: Path | None) -> Leads:
        network = read_network(network_file) if network_file else None
        return cls(open_own(vault), network)

    def held(self, text: str) -> HeldExhibit:
        """An exhibit as written on the command line."""
        return held_exhibit(text, self.vault.member)

    def needed_network(self) -> Network:
        """The network; wrong usage where none is named."""
        if self.network is None:
            raise click.UsageError("--network or RIBIN_NETWORK needed")
        return self.network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.vault.close()


def say_lead(vault: Vault, lead: str, who: str, json_output: bool) -> None:
    """Print a lead, and keep in the audit log who looked at it."""
    view = look_at_lead(vault, lead, who)
    click.echo(as_json(lead_facts(view)) if json_output else lead_page(view))
    if view.shows_early:
        click.echo(SHOWN_EARLY, err=True)


def say_step(desk: Leads, step: Step, who: str, json_output: bool) -> None:
    """Print the lead after a step, what a withdrawn link leaves, and who has not got it yet."""
    notes = [*step.notes, *announce(desk.vault, step, desk.network)]
    view = view_lead(desk.vault, step.file, who).after_a_step()
    facts = {**lead_facts(view), "parts": [sorted(p) for p in step.parts], "notes": notes}
    lines = [lead_page(view)]
    if step.parts:
        sizes = " and ".join(str(len(part)) for part in step.parts)
        lines.append(
            f"the series is split into series of {sizes} exhibits"
            if len(step.parts) > 1
            else f"other links still join the {sizes} exhibits of the series"
        )
    click.echo(as_json(facts) if json_output else "\n".join(lines))
    click.echo("\n".join(notes), err=True, nl=bool(notes))


def seen_figures(list_file: Path | None, candidate: HeldExhibit) -> dict[str, Any]:
    """The row of a candidate in the list as the examiner saw it, and where the list came from.

    Raises
    ------
    ParameterError
        The file is no list of `ribin search --json`, or the candidate is not in it.
    """
    if list_file is None:
        return {}
    try:
        content = list_file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        figures = figures_as_seen(json.loads(content), candidate, digest)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParameterError(f"{list_file}: a list of `ribin search --json` needed") from error
    if not figures:
        raise ParameterError(f"{list_file}: candidate {candidate} needed in the list, found none")
    return figures


def write_history(history: History, graphml: Path | None, picture: Path | None) -> None:
    """Write the files asked for, whole or not at all."""
    if graphml:
        with whole_file(graphml) as aside:
            aside.write_text(as_graphml(history), encoding="utf-8")
    if picture:
        with whole_file(picture) as aside:
            write_picture(history, aside)
