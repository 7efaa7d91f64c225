"""Every command of `ribin`, by its whole name."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ribin.commands.app import app


def members(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by name; those of `ribin` itself are loaded for it."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def commands(group: click.Group = app, name: str = "ribin") -> Iterator[tuple[str, click.Command]]:
    for key, command in members(group).items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command
