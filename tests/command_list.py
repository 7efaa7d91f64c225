"""Every command of `ribin`, by its whole name."""

from __future__ import annotations

import click

from ribin.commands.app import app


def commands(group=app, name="ribin"):
    for key, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command
