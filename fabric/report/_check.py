"""A check's findings for people and scripts, and what there is to know about rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.check import CheckReport, Finding, RuleInfo

Document = dict[str, Any]
_SHOWN = 10
_SEVERITIES = ("error", "warning", "note")
_OVER = {
    "design": "a topology, its plan and configuration",
    "resources": "Kubernetes files",
    "frr": "`frr.conf` files, and raw lines of FRRConfigurations",
    "suppressions": "suppressions",
}


def check_text(report: CheckReport) -> str:
    """The findings by rule, gravest first, and a line of counts."""
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.suppressed is None:
            groups.setdefault(finding.rule.id, []).append(finding)
    ordered = sorted(groups.values(), key=lambda found: (_SEVERITIES.index(found[0].rule.severity), found[0].rule.id))
    return "\n".join([*("\n".join(_group(found)) for found in ordered), _counts(report)]) + "\n"


def _group(found: list[Finding]) -> Iterator[str]:
    rule = found[0].rule
    yield f"{rule.id} {rule.severity}: {rule.title}"
    yield from (f"  {finding.where}: {finding.subject}: {finding.text}" for finding in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"  and {len(found) - _SHOWN} more, which --json has"
    yield f"  why: {rule.why}"
    yield f"  fix: {rule.fix}"
    yield ""


def _counts(report: CheckReport) -> str:
    open_: Counter[str] = Counter(finding.rule.severity for finding in report.findings if finding.suppressed is None)
    parts = [f"{open_[name]} {name}{'' if open_[name] == 1 else 's'}" for name in _SEVERITIES]
    accepted = sum(finding.suppressed is not None for finding in report.findings)
    rules = f"{len(report.ran)} rule{'' if len(report.ran) == 1 else 's'}"
    return f"{', '.join(parts)}; {accepted} accepted; {rules}"


def check_document(report: CheckReport) -> Document:
    """The findings as plain values, accepted ones included."""
    return {
        "version": 1,
        "sound": report.sound,
        "rules": [rule.id for rule in report.ran],
        "findings": [
            {
                "rule": f.rule.id,
                "severity": f.rule.severity,
                "where": f.where,
                "subject": f.subject,
                "text": f.text,
                "fix": f.rule.fix,
                "suppressed": f.suppressed,
            }
            for f in report.findings
        ],
    }


def rule_text(rule: RuleInfo) -> str:
    """All there is to know about a rule."""
    return (
        f"{rule.id} {rule.severity}: {rule.title}\n\n{rule.why}\n\n"
        f"Fix: {rule.fix}\nSource: {rule.source}\nLooks at: {_OVER[rule.over]}\n"
    )


def rule_document(rule: RuleInfo) -> Document:
    """A rule as plain values."""
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "why": rule.why,
        "fix": rule.fix,
        "source": rule.source,
        "over": rule.over,
    }


def rules_table(rules: Iterable[RuleInfo]) -> Table:
    """All rules, one a row."""
    return table("Rules", ("id", "severity", "over", "rule"), ((r.id, r.severity, r.over, r.title) for r in rules))


_SUBJECTS = (
    "The check itself",
    "Zones and the cluster",
    "MTU and room for growth",
    "BGP sessions",
    "What failures do",
    "MetalLB, frr-k8s and the pods' networks",
    "Networks of OpenShift nodes",
    "The OpenStack data plane",
    "Placement and installation",
    "`frr.conf`",
)


def rules_markdown(rules: Iterable[RuleInfo]) -> str:
    """The reference of all rules, in hundreds by subject."""
    lines = ["# Rules of `fabric check`", "", *_introduction()]
    hundred = -1
    for rule in rules:
        if int(rule.id[4]) != hundred:
            hundred = int(rule.id[4])
            lines += [f"## {_SUBJECTS[hundred]}", ""]
        lines += [f"### {rule.id}: {rule.title}", ""]
        lines += [f"**{rule.severity}**, looks at {_OVER[rule.over]}.", "", rule.why, ""]
        lines += [f"*Fix:* {rule.fix}", "", f"*Source:* {rule.source}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _introduction() -> list[str]:
    return [
        "<!-- Written by tests/check/test_reference.py from the rules themselves: change those, not this file. -->",
        "",
        "An **error** does not work or is not supported, a **warning** works until something fails, a **note** is good",
        "to know and never makes the command fail. `fabric check --explain FAB-101` prints one of these.",
        "",
    ]
