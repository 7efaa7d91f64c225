"""The server of the application: for one person on this machine, or for a laboratory."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import uvicorn

from ribin.connections import BROWSER, LimitedConfig, LimitedSocket, bound_socket
from ribin.crypto.server_certificate import server_tls
from ribin.errors import ParameterError
from ribin.vault.accounts import read_accounts
from ribin.vault.vault import check_log
from ribin.web.app import application
from ribin.web.laboratory import LOCK_AFTER_MIN, Laboratory, ServedNames
from ribin.web.passwords import PasswordCheck
from ribin.web.session import BrowserSession
from ribin.web.state import ApplicationState


def server_of(
    state: ApplicationState,
    authenticator: BrowserSession | Laboratory,
    listening: LimitedSocket,
    tls: ssl.SSLContext | None = None,
) -> uvicorn.Server:
    """A server that says nothing of itself and writes no address, which has the token, to a log."""
    app = application(state, authenticator)
    return uvicorn.Server(LimitedConfig(app, BROWSER, listening, tls=tls))


def serve(state: ApplicationState, port: int, say: Callable[[str], None]) -> None:
    """Serve one person until interrupted; `say` is told the address to open."""
    with (
        state.session()
    ):  # a vault or network that cannot be used is said before anything is served
        pass
    with closing(bound_socket(port, BROWSER)) as listening:
        number = listening.getsockname()[1]
        browser_session = BrowserSession(number, state.who, PasswordCheck(state.vault))
        say(browser_session.address)
        with suppress(KeyboardInterrupt):  # how it is ended
            server_of(state, browser_session, listening).run(sockets=[listening])


_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")


@dataclass(frozen=True)
class LaboratoryOptions:
    """Where a laboratory's server listens, and what protects the line: a certificate of its own, or
    a proxy in front of it on this machine."""

    address: str
    port: int
    names: tuple[str, ...]  # that people type
    certificate: Path | None = None
    key: Path | None = None
    proxy: str = ""
    lock_after_min: float = LOCK_AFTER_MIN


def serve_laboratory(
    state: ApplicationState, options: LaboratoryOptions, say: Callable[[str], None]
) -> None:
    """Serve the people of a vault until interrupted; `say` is told the addresses to open.

    Raises ParameterError: neither a certificate nor a proxy protects the line, the certificate is
    not good for a name, or nobody could sign in; StoreError: the vault can only be read.
    """
    tls = _tls_of(options)
    _check_people(state)
    with closing(bound_socket(options.port, BROWSER, options.address)) as listening:
        port = listening.getsockname()[1]
        served = ServedNames(options.names, port, options.proxy)
        authenticator = Laboratory(state, served, options.lock_after_min)
        listening.listen(BROWSER.most)  # whoever reads the address can open it
        for name in options.names:
            say(address_of(name, port, proxied=bool(options.proxy)))
        with suppress(KeyboardInterrupt):
            server_of(state, authenticator, listening, tls).run(sockets=[listening])


def address_of(name: str, port: int, *, proxied: bool) -> str:
    """What people type to reach a name: with the port that the name has, or the server's own."""
    return f"https://{name}/" if proxied or ":" in name else f"https://{name}:{port}/"


def _tls_of(options: LaboratoryOptions) -> ssl.SSLContext | None:
    """How the server speaks TLS; None where a proxy on this machine does for it."""
    if not options.names:
        raise ParameterError("--name needed: the name or address that people type in a browser")
    for name in options.names:
        if not _HOST.fullmatch(name):
            raise ParameterError(f"--name {name}: a host name needed, such as ribin.lab.example")
    here = _ip("--address", options.address)
    if options.proxy:
        _ip("--proxy", options.proxy)
    if options.certificate and options.key and not options.proxy:
        return server_tls(options.certificate, options.key, _without_ports(options.names))
    if options.certificate or options.key or not options.proxy:
        raise ParameterError(
            "--certificate and --key, or --proxy, needed: passwords cross no line without TLS",
            hint="docs/laboratory.md says who makes a certificate",
        )
    if not here.is_loopback:
        raise ParameterError(
            f"--address {options.address}: 127.0.0.1 needed behind a proxy: the line between the "
            "two has no TLS"
        )
    return None


def _without_ports(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.partition(":")[0] for name in names)


def _ip(option: str, text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise ParameterError(f"{option} {text}: an IP address needed, as 192.168.1.20") from error


def _check_people(state: ApplicationState) -> None:
    with state.session() as session:
        check_log(session.vault)
        with session.vault.catalogue.reading() as db:
            usable = [one for one in read_accounts(db) if one.is_active]
    if not usable:
        raise ParameterError(
            f"{state.vault}: an account needed, found none",
            hint='`ribin account add "A. Brown"` makes one',
        )
