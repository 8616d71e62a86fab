"""Where suppressions may stand, what they cover, and what becomes of those that are of no use."""

from __future__ import annotations

from fabric import plan
from fabric.check import CheckReport, Subject, check
from fabric.topology import parse

_PEER = """apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {{name: one, namespace: metallb-system{annotations}}}
spec:
  myASN: 64512
  peerASN: 64513
  peerAddress: 192.0.2.2
  {before}
  password: example{behind}
"""


def _checked(before: str = "", behind: str = "", annotations: str = "") -> CheckReport:
    text = _PEER.format(before=before, behind=behind, annotations=annotations)
    return check(Subject(texts={"peer.yaml": text}))


def _open(report: CheckReport) -> list[str]:
    return [finding.rule.id for finding in report.findings if finding.suppressed is None]


def test_without_one_the_finding_counts() -> None:
    report = _checked()
    assert _open(report) == ["FAB-526"]
    assert not report.sound


def test_a_comment_on_the_line_or_before_it() -> None:
    for report in (_checked(behind=" # fabric-check: FAB-526 a laboratory"), _checked("# fabric-check: FAB-526 lab")):
        assert report.sound
        assert _open(report) == []
        assert report.findings[0].suppressed in ("a laboratory", "lab")


def test_an_annotation_of_the_object() -> None:
    report = _checked(annotations=", annotations: {fabric-check/FAB-526: a laboratory}")
    assert report.sound
    assert report.findings[0].suppressed == "a laboratory"


def test_a_comment_elsewhere_covers_nothing_and_is_reported() -> None:
    text = "# fabric-check: FAB-526 too early\n" + _PEER.format(before="", behind="", annotations="")
    assert sorted(_open(check(Subject(texts={"peer.yaml": text})))) == ["FAB-002", "FAB-526"]


def test_an_annotation_of_no_use_is_reported() -> None:
    assert "FAB-002" in _open(_checked(annotations=", annotations: {fabric-check/FAB-532: never}"))


def test_a_reason_is_asked_for() -> None:
    report = _checked(behind=" # fabric-check: FAB-526")
    assert _open(report) == ["FAB-001"]
    assert not report.sound


def test_an_unknown_rule_is_reported_once() -> None:
    assert _open(_checked("# fabric-check: FAB-099 what is that")) == ["FAB-526", "FAB-003"]


def test_a_part_of_the_rules_calls_no_suppression_useless() -> None:
    text = _PEER.format(before="# fabric-check: FAB-526 lab", behind="", annotations="")
    report = check(Subject(texts={"peer.yaml": text}), lambda name: name in ("FAB-002", "FAB-532"))
    assert report.findings == ()


_TOPOLOGY = """version: 1
name: example
spines: 3
zones:
  - {name: zone-a, racks: [{name: a1, leaves: 1, nodes: {servers: 1}}]}
  - {name: zone-b, racks: [{name: b1, leaves: 1, nodes: {servers: 1}}]}
node_groups: {servers: {role: server}}
suppress:
  - {rule: FAB-402, reason: a small rack, subjects: [a1-*]}
"""


def test_a_topology_may_accept_findings_about_some_subjects() -> None:
    report = check(Subject(plan.build(parse(_TOPOLOGY, "t.yaml"))), lambda name: name == "FAB-402")
    assert {f.subject: f.suppressed for f in report.findings} == {"a1-leaf-1": "a small rack", "b1-leaf-1": None}
