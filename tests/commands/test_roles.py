"""Every command asks for a role once the people of a vault have some: who holds none neither does
nor sees anything, in the own vault and at other members."""

from __future__ import annotations

import shlex
import shutil

import pytest
from command_list import commands

from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.crypto.keys import write_public
from ribin.leads.steps import give_review, take_up_lead
from ribin.services.lines import open_network
from ribin.services.sharing import send_bundle
from ribin.vault.audit import now_utc
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.messages import QuestionState, own_questions, put_question
from ribin.vault.people import appoint
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

HEAD, SECOND, STRANGER = "A. Brown", "B. Cole", "a stranger"
QUERY, OTHER, MATE = "JAM-2026-0007-1", "JAM-2025-0038-1", "BLZ-2025-0042-1"
WHY = "--reason because"
VERDICT = "--conclusion identification --examined items --note agrees"
# What each command is asked; {folder} is that of the network, {new} one that is not there.
ASKED = {
    "enrol": "{sample} --event E --exhibit NEW",
    "exhibit edit": f"{QUERY} --place Kingston {WHY}",
    "exhibit list": "",
    "exhibit show": QUERY,
    "mark move": f"{QUERY} {OTHER} --scan {{scan}} {WHY}",
    "mark redo": f"{QUERY} --replica {WHY}",
    "vocabulary": "",
    "compare": f"{QUERY} {OTHER}",
    "view": f"{QUERY} {OTHER} -o {{new}}.html",
    "annotate": "",
    "search": QUERY,
    "searches": "",
    "standing add": QUERY,
    "standing list": "",
    "standing remove": QUERY,
    "standing run": "",
    "batch compare": "{folder}/compare.csv --out {new}.jsonl",
    "batch enrol": "{folder}/enrol.csv --out {new}.jsonl",
    "batch search": "{folder}/search.csv --out {new}.jsonl",
    "lead close": f"JAM-BLZ-L1 {WHY}",
    "lead confirm": "JAM-BLZ-L1 --note agrees",
    "lead list": "",
    "lead marks": "JAM-BLZ-L1 -o {new}.html",
    "lead open": f"{QUERY} {OTHER} --note alike",
    "lead show": "JAM-BLZ-L1",
    "lead sync": "",
    "review": f"JAM-BLZ-L1 {VERDICT}",
    "link list": "",
    "link withdraw": f"JAM-BLZ-L1 {WHY}",
    "trace": f"{QUERY} {WHY}",
    "report": f"{QUERY} {OTHER} -o {{new}}.html",
    "network agree": f"BLZ --scope cluster {WHY}",
    "network export": f"{{new}} --to BLZ {WHY}",
    "network import": "{folder}/bundle",
    "network key change": f"{{new}} {WHY}",
    "network key end": f"BLZ {WHY}",
    "network key list": "",
    "network key make": "",
    "network key trust": "{folder}/BLZ.key.json --fingerprint {fingerprint}",
    "network show": "",
    "node inbox": "",
    "node init": "",
    "node status": "",
    "share": "",
    "release": f"{QUERY} --to BLZ {WHY}",
    "original": f"{QUERY} -o {{folder}}",
    "store backup": "{new}",
    "store describe": "",
    "store parameters": "",
    "people appoint": "Dan --role auditor",
    "people list": "",
    "people revoke": f"'{SECOND}' --role reviewer",
    "account add": f"'{SECOND}' --new-password-file {{folder}}/password",
    "account list": "",
    "account remove": f"'{SECOND}'",
    "account reset": f"'{SECOND}' --new-password-file {{folder}}/password",
    "audit export": "{new}",
    "audit list": "",
    "audit verify": "",
    "stats": "",
    "retention": "",
    "purge": "--due today --dry-run",
    "export": f"{{new}} {WHY}",
}
BATCHES = {
    "compare": f"reference,comparison\nexhibit:{QUERY},exhibit:{OTHER}",
    "search": f"query\nexhibit:{QUERY}",
    "enrol": "file,event,exhibit\nscan.x3p,E,NEW",
}
# What needs no role, and why.
OPEN = {
    "init": "makes a vault, whose first person is who makes it",
    "import": "makes a vault",
    "info": "of a file",
    "extract": "of a file",
    "completion": "of the shell",
    "demo": "in a folder of its own",
    "evaluate": "of files",
    "population check": "of a file",
    "population make": "of files",
    "population report": "of a file",
    "population show": "of a file",
    "synth gallery": "makes files",
    "synth render": "of a file",
    "synth scans": "makes files",
    "serve": "asks each person who comes to a page",
    "whoami": "says of who acts what roles there are to have",
    "doctor": "of the machine, without an exhibit or a lead",
    "account password": "asks for the password of the person's own account",
    "node serve": "the process of the vault; a service has no person",
    "node check": "of the node, as the doctor",
    "network key publish": "what is public",
    "audit head": "a hash",
    "store check": "of bytes and hashes, for a job of every night",
    "store rebuild-index": "makes anew what follows from the vault",
    "store restore": "makes a vault; the restored one asks its people",
}


def test_each_command_is_asked_about():
    assert {name.removeprefix("ribin ") for name, _ in commands()} == ASKED.keys() | OPEN.keys()


@pytest.fixture(scope="module")
def network(linked, sample_dir, tmp_path_factory):
    """Two vaults with people, a lead of both whose first step waits to be told, and what else a
    listing could show."""
    folder = tmp_path_factory.mktemp("roles")
    linked(folder, HEAD, JAM=(QUERY, OTHER), BLZ=(MATE,))
    for code in ("JAM", "BLZ"):
        with Vault.open(folder / code) as vault:
            appoint(vault, SECOND, [Role.REVIEWER], HEAD, "")
    with Vault.open(folder / "JAM") as vault, Vault.open(folder / "BLZ") as other:
        make_key(vault, HEAD)
        key = make_key(other, HEAD)
        trust_key(vault, key, HEAD, "")
        (folder / "BLZ.key.json").write_bytes(write_public(key))
        with other.catalogue.reading() as db:
            theirs = ExhibitRef("BLZ", pseudonym(db, MATE))
        lines = open_network(folder / "network.toml")
        own = ExhibitRef("JAM", QUERY)
        lead = take_up_lead(vault, lines, own, theirs, who=HEAD, note="alike").history.lead.lead
        assert lead == "JAM-BLZ-L1"
        verdict = Conclusion.IDENTIFICATION, ReviewBasis.ITEMS
        give_review(vault, None, lead, *verdict, who=HEAD, note="agrees")  # waits to be told
        columns = {"sender": "BLZ", "kind": "search", "at": now_utc(), "body_sha256": "0" * 64}
        columns |= {"who": "B. Pech", "reason": "joint case", "way": "line"}
        with vault.act("question", "B. Pech", "") as act:
            put_question(act, id="a" * 32, state=QuestionState.HELD, **columns)
            act.log(vault.member)
        send_bundle(other, lines, "JAM", folder / "bundle", sealed=False, who=HEAD, reason="yearly")
    (folder / "password").write_text("a long password of nobody\n", encoding="utf-8")
    shutil.copy(sample_dir / "JAM-2026-0012-1.x3p", folder / "scan.x3p")
    for kind, header in BATCHES.items():
        (folder / f"{kind}.csv").write_text(f"{header}\n", encoding="utf-8")
    return folder


def rows_of(network):
    """The audit logs of both."""
    rows = []
    for code in ("JAM", "BLZ"):
        with Vault.open(network / code, read_only=True) as vault:
            rows += vault.audit_log()
    return rows


def ask(ribin, network, sample_dir, name, tmp_path):
    with Vault.open(network / "JAM", read_only=True) as vault:
        scan = vault.holdings().scans[0].sha256
    given = {"folder": network, "new": tmp_path / "new", "scan": scan}
    given["sample"] = sample_dir / "JAM-2026-0012-1.x3p"
    with Vault.open(network / "BLZ", read_only=True) as vault:
        given["fingerprint"] = own_key(vault).public.fingerprint.replace(" ", "")
    words = [word.format(**given) for word in shlex.split(f"{name} {ASKED.get(name, '')}")]
    options = {
        option
        for one in dict(commands())[f"ribin {name.partition(' --')[0]}"].params
        for option in one.opts
    }
    named = {"--vault": network / "JAM", "--network": network / "network.toml", "--who": STRANGER}
    more = [
        word for option, value in named.items() if option in options for word in (option, value)
    ]
    return ribin(*words, *more)


@pytest.mark.parametrize("name", ASKED)
def test_who_holds_no_role_does_and_sees_nothing(ribin, network, sample_dir, tmp_path, name):
    before = rows_of(network)
    done = ask(ribin, network, sample_dir, name, tmp_path)
    assert done.code in (1, 2, 3), done
    assert f"{STRANGER}: " in done.err
    assert " needed, found no role" in done.err
    assert rows_of(network) == before
    assert not {name for name in (QUERY, OTHER, HEAD, SECOND) if name in done.out}


@pytest.mark.parametrize(
    "name", ["doctor --lines", "node check", "audit head", "store check", "whoami"]
)
def test_what_asks_for_no_role_tells_and_sends_nothing(ribin, network, sample_dir, tmp_path, name):
    """Also no step of a lead that waits goes along, as it does with the command of a person."""
    before, outbox = rows_of(network), waiting(network)
    assert outbox
    done = ask(ribin, network, sample_dir, name, tmp_path)
    assert "found no role" not in done.err
    assert (rows_of(network), waiting(network)) == (before, outbox)


def waiting(network):
    with Vault.open(network / "JAM", read_only=True) as vault:
        return own_questions(vault, waiting=True)
