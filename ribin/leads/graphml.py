"""The history of a gun as GraphML, which programs for networks read (graphml.graphdrawing.org)."""

from __future__ import annotations

from dataclasses import asdict
from xml.sax.saxutils import escape, quoteattr

from ribin.leads.trace import History, TracedExhibit, TracedLink

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
)
_LINK_KEYS = ("lead", "at", "standing")


def as_graphml(history: History) -> str:
    """A node an exhibit and an edge a link; every fact is a text."""
    facts = tuple(TracedExhibit.__dataclass_fields__)
    keys = [
        f'  <key id="n_{name}" for="node" attr.name="{name}" attr.type="string"/>\n'
        for name in facts
    ]
    keys += [
        f'  <key id="e_{n}" for="edge" attr.name="{n}" attr.type="string"/>\n' for n in _LINK_KEYS
    ]
    nodes = [_node(exhibit) for exhibit in history.exhibits]
    edges = [_edge(link) for link in history.links]
    graph = '  <graph id="history" edgedefault="undirected">\n'
    return "".join([_HEAD, *keys, graph, *nodes, *edges, "  </graph>\n</graphml>\n"])


def _node(exhibit: TracedExhibit) -> str:
    name = quoteattr(f"{exhibit.member}:{exhibit.exhibit}")
    return f"    <node id={name}>{_data('n', asdict(exhibit))}</node>\n"


def _edge(link: TracedLink) -> str:
    ends = f"source={quoteattr(str(link.one))} target={quoteattr(str(link.other))}"
    facts = {name: getattr(link, name) for name in _LINK_KEYS}
    return f"    <edge {ends}>{_data('e', facts)}</edge>\n"


def _data(prefix: str, facts: dict[str, str]) -> str:
    return "".join(
        f'<data key="{prefix}_{name}">{escape(_legal(value))}</data>'
        for name, value in facts.items()
        if value
    )


def _legal(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold; names of exhibits are printable already."""
    return "".join(c if c.isprintable() or c in "\t\n" else "\ufffd" for c in text)
