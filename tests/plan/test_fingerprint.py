"""What makes two plans alike, and what does not."""

from __future__ import annotations

import pytest

from fabric.plan import build, fingerprint, ledger_of
from fabric.topology import parse

TEXT = """
version: 1
name: t
spines: 2
zones: [{name: a, racks: [{name: r, nodes: {servers: 1}}]}, {name: b, racks: [{name: s, nodes: {servers: 1}}]}]
node_groups: {servers: {role: server}}
"""


@pytest.mark.parametrize(
    "more",
    [
        "description: Other words\n",
        "intents: [{name: all, reachable: {}}]\n",
        "inter_zone: [{zones: [a, b], rtt_ms: 4}]\n",
        "suppress: [{rule: FAB-404, reason: two are enough}]\n",
    ],
)
def test_words_and_questions_do_not_count(more: str) -> None:
    assert fingerprint(build(parse(TEXT + more, "t.yaml"))) == fingerprint(build(parse(TEXT, "t.yaml")))


def test_the_design_and_its_values_count() -> None:
    small, other = (build(parse(TEXT.replace("s: 2", f"s: {count}", 1), "t.yaml")) for count in (2, 3))
    assert fingerprint(small) != fingerprint(other)
    grown = build(parse(TEXT, "t.yaml"), ledger_of(other))
    assert fingerprint(grown) != fingerprint(small), "what the third spine had stays in the ledger"
    assert fingerprint(build(parse(TEXT, "t.yaml"), ledger_of(small))) == fingerprint(small)
