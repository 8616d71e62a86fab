"""Design rules over topologies, plans, configurations, and Kubernetes and FRR files that somebody else wrote.

A rule is one function in a file of `fabric/check/rules/`, with its line in that file's table: id, title, severity, why,
source and fix. Its examples are `tests/check/FAB-123/bad.*` and `good.*`; a test fails without them.
"""

from fabric.check._rule import Finding, RuleInfo, Severity
from fabric.check._run import CheckReport, Subject, check, merged
from fabric.check.rules import INFOS, UnknownRuleError, info

RULES = INFOS
"""All rules, by id."""

__all__ = [
    "RULES",
    "CheckReport",
    "Finding",
    "RuleInfo",
    "Severity",
    "Subject",
    "UnknownRuleError",
    "check",
    "info",
    "merged",
]
