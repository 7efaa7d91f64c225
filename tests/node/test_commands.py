"""`ribin node` and what belongs to it, with processes: the guide's page, the service's file."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from node_makers import CLI, WHO, free_port, key_of, make_member, process, trust, wait_for

from ribin.node.settings import NodeSettings, read_settings
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.doctor import State, examine_network
from ribin.vault.keys import change_key, end_trust
from ribin.vault.vault import Vault

ROOT = Path(__file__).parents[2]


def page_lines(text: str) -> list[str]:
    """The `ribin` lines of the plain blocks of a page, in order."""
    blocks = re.findall(r"^```(.*?)\n(.*?)^```", text, re.M | re.S)
    plain = [content for kind, content in blocks if not kind]
    return [line for line in "\n".join(plain).replace("\\\n", "").splitlines() if line]


def test_the_page_on_lines_goes_as_it_says(ribin, tmp_path, monkeypatch):
    """Every line of it, with nodes in processes of their own; the fingerprints are compared."""
    text = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
    ports = {"8951": str(free_port()), "8952": str(free_port())}
    for shown, real in ports.items():
        text = text.replace(shown, real)
    content = re.search(r"^```toml network.toml\n(.*?)^```", text, re.M | re.S)[1]
    (tmp_path / "network.toml").write_text(content)
    monkeypatch.chdir(tmp_path)
    printed = {}
    with ExitStack() as nodes:
        for line in page_lines(text):
            words = shlex.split(line)[1:]
            if words[:2] == ["node", "serve"]:
                member = words[-1][-3:]
                log = tmp_path / f"{member}.log"
                port = read_settings(Path(words[-1])).port
                nodes.enter_context(process([*CLI, *words], log))
                wait_for(port, log)
                continue
            if words[:3] == ["network", "key", "trust"]:
                published = json.loads(Path(words[3]).read_text())
                words += ["--fingerprint", published["fingerprint"]]
            done = ribin(*words)
            assert done.code == 0, f"{line}\n{done.out}\n{done.err}"
            printed[" ".join(words[:2])] = done.out
            if words[:3] == ["network", "key", "change"]:
                time.sleep(1.5)  # both nodes see it
    tried = printed["doctor --lines"]
    assert re.search(r"line to BLZ +https://127.0.0.1:\d+: certificate by the", tried)
    assert "agreed: cluster there, cluster here" in tried
    assert re.search(r"BLZ +Belize +\S+ +0 +https", printed["network show"])
    assert re.search(r"BLZ +cluster +600 +2 +10000 +answered +trusted", printed["network show"])
    assert "JAM may ask" not in printed["node check"]
    assert "BLZ may ask" in printed["node check"]
    events = [json.loads(line) for line in (tmp_path / "BLZ.log").read_text().splitlines()]
    asked = [e for e in events if e["event"] == "answered"]
    assert [(e["member"], e["kind"]) for e in asked] == [("JAM", "counts")]
    assert events[0]["event"] == "serving"
    assert events[-1]["event"] == "ended"
    with Vault.open(tmp_path / "vaults/BLZ") as vault:
        assert vault.check().problems == ()


# Two members whose nodes run in processes.


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """JAM asks BLZ; only the node of BLZ runs."""
    folder = tmp_path_factory.mktemp("pair")
    jam, blz = make_member(folder, "JAM"), make_member(folder, "BLZ")
    trust(jam, blz)
    trust(blz, jam)
    port = free_port()
    (folder / "network.toml").write_text(
        f'[members.JAM]\nvault = "JAM"\n[members.BLZ]\nnode = "https://127.0.0.1:{port}"\n'
    )
    run = [*CLI, "node", "init", "--port", str(port), "--vault", str(blz), "--who", WHO]
    subprocess.run(run, check=True, capture_output=True)
    with process([*CLI, "node", "serve", "--vault", str(blz)], folder / "BLZ.log"):
        wait_for(port, folder / "BLZ.log")
        yield folder, port


def line_finding(folder: Path, params=DEFAULT_PARAMS):
    found = examine_network(folder / "network.toml", folder / "JAM", params)
    return {one.area: one for one in found}["line to BLZ"]


def test_doctor_says_what_a_line_lacks(ribin, pair, monkeypatch):
    folder, _ = pair
    lacks = line_finding(folder)
    assert lacks.state is State.BAD
    assert "BLZ has agreed nothing with us" in lacks.found
    assert "`ribin network agree` at BLZ" in lacks.next_step
    by = ("--who", WHO, "--reason", "treaty")
    for own, other in (("BLZ", "JAM"), ("JAM", "BLZ")):
        words = ("network", "agree", other, "--scope", "cluster", "--vault", folder / own)
        assert ribin(*words, *by).code == 0
        time.sleep(1.2)
        if own == "BLZ":
            assert "nothing agreed with BLZ here" in line_finding(folder).found
    good = line_finding(folder)
    assert good.state is State.GOOD, good.found
    # A clock that is an hour off.
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr("ribin.exchange.node_client.time.time", lambda: real() + 3600)
        assert (
            "a clock within 60 s of ours needed, found it -3600 s off" in line_finding(folder).found
        )
        # Parameters that the other side has not, beside the clock.
        other = replace(DEFAULT_PARAMS, head=replace(DEFAULT_PARAMS.head, grid_um=24.0))
        lacks = line_finding(folder, other)
        assert f"with {other.template_id} here" in lacks.found
        assert "-3600 s off" in lacks.found
        assert "`ribin store describe`" in lacks.next_step
    # An agreement that ended, at either side.
    ended = ("network", "agree", "JAM", "--end", "--vault", folder / "BLZ", *by)
    assert ribin(*ended).code == 0
    time.sleep(1.2)
    assert "BLZ has ended its agreement with us" in line_finding(folder).found
    again = ("network", "agree", "JAM", "--scope", "cluster", "--vault", folder / "BLZ", *by)
    assert ribin(*again).code == 0
    time.sleep(1.2)
    assert line_finding(folder).state is State.GOOD
    found = examine_network(folder / "network.toml", None, DEFAULT_PARAMS)
    unnamed = {one.area: one for one in found}
    assert unnamed["line to BLZ"].state is State.OPTIONAL


def test_a_clock_that_is_an_hour_off_is_refused_by_the_message(ribin, pair, monkeypatch):
    folder, _ = pair
    from datetime import UTC, datetime, timedelta

    class Late(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) - timedelta(hours=1)

    monkeypatch.setattr("ribin.exchange.message.datetime", Late)
    words = ("network", "show", "--vault", folder / "JAM", "--network", folder / "network.toml")
    assert "not available" in ribin(*words).out
    found = json.loads(ribin(*words, "--json").out)
    problem = next(one["problem"] for one in found["members"] if one["member"] == "BLZ")
    assert "one of the last 5 minutes needed" in problem


def test_status_is_for_the_own_machine_and_says_what_was_asked(ribin, pair):
    folder, _ = pair
    shown = ribin("node", "status", "--vault", folder / "BLZ")
    assert shown.code == 0, shown.err
    assert "node of BLZ, ribin 0.1.0, since" in shown.out
    found = json.loads(ribin("node", "status", "--json", "--vault", folder / "BLZ").out)
    assert found["node"]["trusted"] == ["JAM"]
    assert found["waiting"] == []
    refused = ribin("node", "status", "--vault", folder / "JAM")
    assert refused.code == 3
    assert "the settings of a node needed, found none\nhint: `ribin node init`" in refused.err


def test_check_says_what_a_node_lacks(ribin, tmp_path):
    jam = make_member(tmp_path, "JAM")
    done = ribin("node", "check", "--vault", jam)
    assert done.code == 1
    assert "BAD  settings" in done.out
    assert "BAD  members           nobody may ask" in done.out
    port = free_port()
    assert ribin("node", "init", "--port", port, "--vault", jam, "--who", WHO).code == 0
    done = ribin("node", "check", "--json", "--vault", jam)
    found = {one["area"]: one for one in json.loads(done.out)["findings"]}
    assert found["settings"]["found"] == f"address 127.0.0.1, port {port}"
    assert "cannot be reached: Connection refused" in found["node"]["found"]


def test_a_vault_with_the_settings_of_a_node_is_sound_and_its_backup_has_them(ribin, tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", WHO):
        pass
    words = ("node", "init", "--port", "9000", "--vault", tmp_path / "JAM", "--who", WHO)
    first, again = ribin(*words), ribin(*words)
    assert first.code == again.code == 0, first.err
    assert first.out == again.out  # the key stays
    assert re.search(r"fingerprint of its key\n([0-9a-f]{4} ?){16}", first.out)
    done = ribin("store", "backup", tmp_path / "copy", "--vault", tmp_path / "JAM", "--who", WHO)
    assert done.code == 0, done.err
    assert read_settings(tmp_path / "copy") == NodeSettings(port=9000)
    assert key_of(tmp_path / "copy").public == key_of(tmp_path / "JAM").public
    assert ribin("store", "check", "--vault", tmp_path / "JAM").code == 0
    assert "who may read" not in ribin("doctor", "--vault", tmp_path / "JAM").err


def test_a_key_with_a_passphrase_serves_where_it_is_given(ribin, tmp_path, monkeypatch):
    with Vault.create(tmp_path / "JAM", "JAM", WHO):
        pass
    port = free_port()
    by = ("--vault", tmp_path / "JAM")
    monkeypatch.setenv("RIBIN_KEY_PASSPHRASE", "correct horse")
    assert ribin("node", "init", "--port", port, *by, "--who", WHO).code == 0
    monkeypatch.delenv("RIBIN_KEY_PASSPHRASE")
    refused = ribin("node", "serve", *by)
    assert refused.code == 2
    assert "assword" in refused.err
    monkeypatch.setenv("RIBIN_KEY_PASSPHRASE", "correct horse")
    with process([*CLI, "node", "serve", *map(str, by)], tmp_path / "node.log"):
        wait_for(port, tmp_path / "node.log")
        assert ribin("node", "status", *by).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--address", "blz.example"), "--address: an IP address of this machine needed, found"),
        (("--port", "0"), "0 is not in the range"),
    ],
)
def test_settings_that_cannot_be_are_refused(ribin, tmp_path, words, said):
    jam = make_member(tmp_path, "JAM")
    done = ribin("node", "init", *words, "--vault", jam, "--who", WHO)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 1", "address needed, found none"),
        ('address = "127.0.0.1"\nport = "x"', "port needs a whole number, found 'x'"),
        ('address = "x"\nport = 1', "an IP address of this machine needed, found 'x'"),
        ('address = "::1"\nport = 1\nmore = 1', "no key 'more'"),
        ("\x00", "a TOML file needed"),
    ],
)
def test_a_settings_file_that_somebody_changed_is_refused(ribin, tmp_path, text, said):
    jam = make_member(tmp_path, "JAM")
    (jam / "node.toml").write_text(text)
    done = ribin("node", "serve", "--vault", jam)
    assert done.code == 2
    assert said in done.err


def test_a_port_that_is_taken_is_said(ribin, tmp_path):
    jam = make_member(tmp_path, "JAM")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ribin("node", "init", "--port", port, "--vault", jam, "--who", WHO)
        done = ribin("node", "serve", "--vault", jam)
    assert done.code == 3
    assert f"port {port} of 127.0.0.1: a free port of this machine needed" in done.err


def test_what_was_agreed_is_stated_changed_and_ended(ribin, tmp_path):
    jam = make_member(tmp_path, "JAM")
    by = ("--vault", jam, "--who", WHO)
    done = ribin("network", "agree", "BLZ", *by, "--reason", "treaty")
    assert (done.code, "agreement with BLZ: --scope needed" in done.err) == (2, True)
    done = ribin("network", "agree", "BLZ", "--scope", "cluster", *by, "--reason", "treaty")
    assert "its key is not trusted yet" in done.err
    assert re.search(r"BLZ +cluster +600 +2 +10000 +answered +not trusted", done.out)
    done = ribin("network", "agree", "BLZ", "--hold", "--most-rows", "50", *by, "--reason", "new")
    assert re.search(r"BLZ +cluster +600 +2 +50 +held +not trusted", done.out)
    same = ribin("network", "agree", "BLZ", "--hold", *by, "--reason", "new")
    assert "nothing was changed" in same.err
    done = ribin("network", "agree", "BLZ", "--end", *by, "--reason", "over")
    assert re.search(r"BLZ +ended ", done.out)
    done = ribin("network", "agree", "TTO", "--end", *by, "--reason", "over")
    assert "an agreement to end needed, found none" in done.err
    done = ribin("network", "agree", "BLZ", "--scope", "network", *by[:2], "--who", "nobody")
    assert done.code == 2
    with Vault.open(jam) as vault:
        assert vault.check().problems == ()


def test_a_changed_key_serves_on_under_the_new_one(ribin, pair):
    """Without a new start: the other side trusts the next key, and asks."""
    folder, _ = pair
    with Vault.open(folder / "BLZ") as vault:
        text = change_key(vault, WHO, "yearly")
    (folder / "BLZ.key.json").write_bytes(text)
    time.sleep(1.5)
    shown = ribin("node", "status", "--vault", folder / "BLZ")
    assert shown.code == 0, shown.err
    words = ("doctor", "--vault", folder / "JAM", "--network", folder / "network.toml")
    assert "a certificate by the trusted key of BLZ needed" in ribin(*words).out
    done = ribin("network", "key", "trust", folder / "BLZ.key.json", "--vault", folder / "JAM")
    assert "signed by the key of BLZ that you trust" in done.err
    assert re.search(r"ok   line to BLZ|agreed nothing with us", ribin(*words).out)
    # And the end of a key ends the line.
    with Vault.open(folder / "BLZ") as vault:
        end_trust(vault, "JAM", WHO, "stolen")
    time.sleep(1.5)
    assert "it does not take our certificate" in ribin(*words).out


# The service of the system.

SERVICE = ROOT / "deploy" / "ribin-node.service"


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in SERVICE.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_service_starts_as_its_file_says(tmp_path):
    """The process of ExecStart, in its environment, with this checkout in place of /opt/ribin."""
    jam, facts = make_member(tmp_path, "JAM"), unit()
    port = free_port()
    environment = {
        name: value
        for setting in facts["Environment"]
        for name, _, value in [shlex.split(setting)[0].partition("=")]
    }
    assert environment["RIBIN_VAULT"] == "/var/lib/ribin/vault"
    environment |= {"RIBIN_VAULT": str(jam), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    program, *words = shlex.split(facts["ExecStart"][0])
    assert program == "/opt/ribin/bin/ribin"
    run = [*CLI, "node", "init", "--port", str(port)]
    subprocess.run(run, check=True, capture_output=True, env={**os.environ, **environment})
    log = tmp_path / "node.log"
    with process([*CLI, *words], log, **environment) as started:
        wait_for(port, log)
        run = [*CLI, "node", "status"]
        done = subprocess.run(run, capture_output=True, env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
    assert started.returncode in (0, -signal.SIGTERM)
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()][-1] == "ended"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_system_understands_the_service(tmp_path):
    copy = tmp_path / "ribin-node.service"
    text = SERVICE.read_text().replace("/opt/ribin/bin/ribin", sys.executable)
    copy.write_text(text.replace("User=ribin\nGroup=ribin\n", ""))
    run = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(run, capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "ribin-node" in line]
    assert told == []
