"""The texts that go with the sample scans."""

from ribin.synth.plan import LINKED_STATES, MEMBERS, NETWORK_QUERY_FILE, QUERY_FILE

NETWORK_TOML = (
    "# The sample network. Vault folders are relative to this file.\n\n"
    + "".join(
        f'[members.{code}]\nname = "{name}"\nvault = "vaults/{code}"\n\n'
        for code, name in MEMBERS.items()
    )
    + "[clusters]\nCARICOM-3 = ["
    + ", ".join(f'"{code}"' for code in LINKED_STATES)
    + "]\n"
)

README = f"""# Sample data

24 scans of breech-face marks that no firearm made: `ribin.synth` simulated 10 firearms, fired
them, and measured and masked the marks (10 um pitch, NaN outside the ring, heights in um with
form, noise and holes). Events, case numbers and dates are invented; the names of ammunition stand
for invented primers.

| file | what it is |
|---|---|
| `*.x3p` | one scan of one exhibit; says nothing of the firearm |
| `exhibits.csv` | manifest for `ribin enrol --manifest`; `firearm` only for test fires |
| `labels.csv` | the truth, for `ribin evaluate sample_data` |
| `network.toml` | five members; Barbados, Belize and Jamaica are linked as CARICOM-3 |

Two firearms crossed a border:

- gun-01. `{QUERY_FILE}` (Jamaica, evidence) is the query of the demo. It has no mate in
  Jamaica. `BLZ-2025-0042-1.x3p` is to be seen from scope `cluster`, `TTO-2025-0088-1.x3p` from
  scope `network`.
- gun-02. `{NETWORK_QUERY_FILE}` (Jamaica, evidence). `USA-2025-0410-1.x3p` is to be seen in scope
  `network` only; `USA-2025-0410-2.x3p` is shared with nobody (`country`).

gun-03 (Jamaica) and gun-04 (Barbados) are slides cut one after the other with one tool: they share
subclass marks, and a case of one is no mate of a case of the other.

To make it all again, byte for byte, in Python:

    from ribin.synth import write_sample_data
    write_sample_data("sample_data", seed={{seed}})
"""
