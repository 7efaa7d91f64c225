"""What `ribin serve` needs before it serves."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ribin.errors import ParameterError
from ribin.params.defaults import Params
from ribin.services.session import needed_vault

if TYPE_CHECKING:
    from ribin.web.state import Office


def office_for(
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    who: str,
    jobs: int,
    read_only: bool,
) -> Office:
    """The settings of the pages.

    Raises
    ------
    ParameterError
        There is no vault, nobody is named, or the extra is not installed.
    """
    lacking = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if lacking:
        raise ParameterError(f"serve: {lacking[0]} needed, found none: pip install 'ribin[web]'")
    if not who.strip():
        raise ParameterError("--who or RIBIN_USER needed: a person answers for what is done")
    from ribin.web.state import Office

    return Office(needed_vault(vault), network_file, params, who, jobs, read_only)


def serve_office(office: Office, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C."""
    from ribin.web.app import serve

    serve(office, port, say)
