"""What is rendered from any design breaks no rule about resources or `frr.conf`: our files pass as anybody's should."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from fabric import plan
from fabric.check import Subject, check
from fabric.errors import InputError
from tests.designs import Values, design_of, topologies

_ASKED_FOR = {"FAB-509"}
"""What a design itself may ask for: `bfd.nodes` on a cluster whose pods are announced."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies())
def test_no_rendered_file_has_an_error(values: Values) -> None:
    try:
        report = check(Subject(plan.build(design_of(values))), lambda name: name >= "FAB-5")
    except InputError:
        return  # a design that cannot be planned, or whose resources the controllers would refuse
    errors = [finding for finding in report.findings if finding.rule.severity == "error"]
    assert [str(finding) for finding in errors if finding.rule.id not in _ASKED_FOR] == []
