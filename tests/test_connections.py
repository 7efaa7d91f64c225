"""Limits on connections: what a listening socket drops, and what a request may take."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace

import pytest

from ribin.connections import BROWSER, NODE, bound_socket
from ribin.errors import ParameterError


def test_the_server_listens_on_this_machine_alone():
    with bound_socket(0, BROWSER) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_named():
    with bound_socket(0, BROWSER) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ParameterError, match=rf"port {port} of 127.0.0.1: a free port of this"):
            bound_socket(port, BROWSER)


def test_an_address_of_another_machine_is_named():
    with pytest.raises(ParameterError, match=r"port 0 of 192.0.2.1: a free port of this machine"):
        bound_socket(0, NODE, "192.0.2.1")


def is_open(one: socket.socket) -> bool:
    one.settimeout(0.05)
    try:
        return one.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_the_oldest_connection_of_the_busiest_address_goes_first():
    with closing(bound_socket(0, replace(BROWSER, most=3))) as listening:
        listening.listen(10)
        port, accepted, callers = listening.getsockname()[1], [], []
        for host in ("127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.3", "127.0.0.3"):
            callers.append(socket.create_connection(("127.0.0.1", port), 5, (host, 0)))
            accepted.append(listening.accept()[0])
        assert [is_open(one) for one in callers] == [True, False, False, True, True]
        # One that began to talk is no more among those that are dropped.
        listening.has_begun(accepted[3].fileno())
        for _ in range(5):
            callers.append(socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.3", 0)))
            accepted.append(listening.accept()[0])
        assert [is_open(one) for one in callers[:5]] == [True, False, False, True, False]
        for one in (*callers, *accepted):
            one.close()


def test_a_body_has_time_by_its_length_and_no_more_than_the_largest():
    assert BROWSER.allowed_s(60_000) == BROWSER.patience_s
    assert NODE.allowed_s(0) == NODE.patience_s
    assert NODE.allowed_s(40_960) == NODE.patience_s + 10.0
    assert NODE.allowed_s(1 << 40) == NODE.patience_s + NODE.largest_body / NODE.least_bytes_s
