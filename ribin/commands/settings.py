"""The user's settings file: vault, network, parameters and person of commands that name none.

The file is `settings.toml` in the folder that the system keeps for settings of `ribin`, or the one
that RIBIN_SETTINGS names. It may say `vault`, `network`, `params` and `person`; an option of the
command or a variable of the environment (RIBIN_VAULT, RIBIN_NETWORK, RIBIN_PARAMS, RIBIN_USER)
comes before it.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from ribin.errors import ParameterError
from ribin.input_file import read_input

SETTINGS_VARIABLE = "RIBIN_SETTINGS"


@dataclass(frozen=True)
class Settings:
    """What the settings file says; None where it is silent."""

    vault: Path | None = None
    network: Path | None = None
    params: Path | None = None
    person: str | None = None


def settings_path() -> Path:
    """Where the settings file is, or would be."""
    if named := os.environ.get(SETTINGS_VARIABLE):
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("ribin", appauthor=False) / "settings.toml"


def settings_source() -> str:
    """What says where the settings file is."""
    return SETTINGS_VARIABLE if os.environ.get(SETTINGS_VARIABLE) else "folder for settings"


def user_settings() -> Settings:
    """The settings of the person at this machine; none where there is no file.

    Raises ParameterError: the file, or the one that RIBIN_SETTINGS names, cannot be used.
    """
    return _read(settings_path(), bool(os.environ.get(SETTINGS_VARIABLE)))


@cache
def _read(path: Path, needed: bool) -> Settings:
    """The settings of a file; folders in it are seen from the folder of the file."""
    if path == Path(os.devnull) or (not needed and not path.exists()):
        return Settings()
    try:
        stated = tomllib.loads(read_input(path, 1).decode("utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"{path}: a TOML file of settings needed, {why}") from error
    known = [field.name for field in fields(Settings)]
    for name, value in stated.items():
        if name not in known:
            raise ParameterError(f"{path}: no setting {name!r}; known: {', '.join(known)}")
        if not isinstance(value, str) or not value.strip():
            raise ParameterError(f"{path}: {name}: a text needed, found {value!r}")
    places = {
        name: path.parent / Path(stated[name]).expanduser()
        for name in ("vault", "network", "params")
        if name in stated
    }
    return Settings(**places, person=stated.get("person"))
