"""The settings file, and who acts where by `ribin whoami`: option, variable, file, login."""

from __future__ import annotations

import json
import os

import pytest
from lead_makers import EXAMINER, make_member

from ribin.cases.leads import login_name
from ribin.commands.settings import settings_path
from ribin.params.defaults import DEFAULT_PARAMS


@pytest.fixture
def vaults(tmp_path):
    """Two vaults, JAM and BLZ, and a network file."""
    for code in ("JAM", "BLZ"):
        make_member(tmp_path, code, 0).close()
    text = '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "BLZ"\n'
    (tmp_path / "network.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def settings(vaults, monkeypatch):
    """Makes the settings file say this; folders in it are relative to the file."""

    def say(text):
        path = vaults / "settings.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("RIBIN_SETTINGS", str(path))
        return path

    return say


def test_tests_read_no_settings_of_the_user():
    assert str(settings_path()) == os.devnull


def test_the_settings_lie_where_the_system_keeps_them(monkeypatch):
    monkeypatch.delenv("RIBIN_SETTINGS")
    assert settings_path().parts[-2:] == ("ribin", "settings.toml")


def test_the_file_names_vault_network_and_person(ribin, vaults, settings):
    said = f'vault = "JAM"\nnetwork = "network.toml"\nperson = "{EXAMINER}"\n'
    path = settings(f'{said}params = "params.toml"\n')
    study = path.with_name("params.toml")
    study.write_text('[validation]\nfiring_pin = "study 7"\n', encoding="utf-8")
    shown = json.loads(ribin("whoami", "--json").out)
    assert shown == {
        "person": {"value": EXAMINER, "source": "settings file"},
        "login": {"value": login_name() or None, "source": "operating system"},
        "roles": {"value": "examiner", "source": "vault"},
        "account": {"value": None, "source": None},
        "vault": {"value": str(vaults / "JAM"), "source": "settings file"},
        "member": {"value": "JAM", "source": "vault"},
        "network": {"value": str(vaults / "network.toml"), "source": "settings file"},
        "parameters": {"value": DEFAULT_PARAMS.params_id, "source": "settings file"},
        "settings": {"value": str(path), "source": "RIBIN_SETTINGS"},
    }
    assert json.loads(ribin("network", "show", "--json").out)["members"]
    assert ribin("lead", "list").code == 0


def test_an_option_comes_before_a_variable_and_that_before_the_file(
    ribin, vaults, settings, monkeypatch
):
    settings('vault = "JAM"\nperson = "file"\n')
    monkeypatch.setenv("RIBIN_VAULT", str(vaults / "BLZ"))
    monkeypatch.setenv("RIBIN_USER", "variable")
    lines = {line.split()[0]: line.split()[1:] for line in ribin("whoami").out.splitlines()}
    assert lines["person"] == ["variable", "RIBIN_USER"]
    assert lines["vault"] == [str(vaults / "BLZ"), "RIBIN_VAULT"]
    assert lines["member"] == ["BLZ", "vault"]
    assert lines["network"] == ["-", "-"]
    assert lines["parameters"] == [DEFAULT_PARAMS.params_id, "built", "in"]
    done = ribin("whoami", "--who", "option", "--vault", vaults / "JAM")
    lines = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert lines["person"] == ["option", "option"]
    assert lines["vault"] == [str(vaults / "JAM"), "option"]


def test_without_settings_the_login_acts(ribin):
    done = ribin("whoami")
    person = next(line for line in done.out.splitlines() if line.startswith("person"))
    assert person.split() == (["person", login_name(), "login"] if login_name() else [])


def test_a_vault_that_cannot_be_opened_is_listed(ribin, tmp_path):
    done = ribin("whoami", "--vault", tmp_path / "none")
    assert done.code == 1
    assert "person" in done.out
    assert done.err == f"{tmp_path / 'none'}: the folder of a vault needed, found none\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("vault = ", "a TOML file of settings needed, "),
        ('vaults = "JAM"\n', "no setting 'vaults'; known: vault, network, params, person"),
        ("person = 7\n", "person: a text needed, found 7"),
        ('vault = " "\n', "vault: a text needed, found ' '"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(ribin, settings, text, why):
    path = settings(text)
    done = ribin("whoami")
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"ribin: {path}: {why}")


def test_a_file_that_is_named_and_not_there_is_refused(ribin, tmp_path, monkeypatch):
    monkeypatch.setenv("RIBIN_SETTINGS", str(tmp_path / "none.toml"))
    done = ribin("whoami")
    assert done.code == 2
    assert "none.toml: a TOML file of settings needed, No such" in done.err


def test_parameters_of_the_settings_count_in_every_command(
    ribin, vaults, settings, sample_dir, monkeypatch
):
    path = settings('params = "params.toml"\n')
    params = path.with_name("params.toml")
    params.write_text('[validation]\nbreech_face = ""\n', encoding="utf-8")
    pair = [sample_dir / f"{name}.x3p" for name in ("JAM-2026-0007-1", "BLZ-2025-0042-1")]
    assert "not validated on real marks" in ribin("compare", *pair).out
    params.write_text('[validation]\nbreech_face = "study 7"\n', encoding="utf-8")
    assert "not validated" not in ribin("compare", *pair).out
    other = path.with_name("other.toml")
    other.write_text('[validation]\nbreech_face = ""\n', encoding="utf-8")
    monkeypatch.setenv("RIBIN_PARAMS", str(other))
    assert "not validated on real marks" in ribin("compare", *pair).out
    assert "not validated" not in ribin("compare", *pair, "--params", params).out
