"""The server on this machine's own address, 127.0.0.1, and on no other."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing, suppress

import uvicorn

from ribin.errors import ParameterError
from ribin.web.app import application
from ribin.web.session import Session
from ribin.web.state import Office

ADDRESS = "127.0.0.1"


def bound_socket(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 takes any that is free.

    Raises
    ------
    ParameterError
        Another program has the port.
    """
    listening = socket.socket()
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        raise ParameterError(f"port {port}: a free port needed, {error.strerror}") from error
    return listening


def server_of(office: Office, session: Session) -> uvicorn.Server:
    """A server that says nothing of itself and writes no address, which has the token, to a log."""
    config = uvicorn.Config(
        application(office, session),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
    )
    return uvicorn.Server(config)


def serve(office: Office, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted; `say` is told the address to open."""
    with office.desk():  # a vault or network that cannot be used is said before anything is served
        pass
    with closing(bound_socket(port)) as listening:
        session = Session(listening.getsockname()[1])
        say(session.address)
        with suppress(KeyboardInterrupt):  # how it is ended
            server_of(office, session).run(sockets=[listening])
