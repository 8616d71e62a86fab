"""What the controllers make of resources, as YAML for a cluster and as documents for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from fabric.errors import Problem

if TYPE_CHECKING:
    from fabric.kubernetes import Resource
    from fabric.kubernetes.frr_k8s import NodeConfiguration, Order, Origin, Refusal
    from fabric.kubernetes.lint import Finding

Document = dict[str, Any]
_BOOLEANS = frozenset("yYnN")
"""Words that `kubectl` reads as true and false where they stand without quotes, and PyYAML does not."""


class _Dumper(yaml.SafeDumper):
    """Writes text so that `kubectl` reads it back as text."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if text in _BOOLEANS else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)


def resources_yaml(resources: Iterable[Resource]) -> str:
    """The objects as one stream of YAML documents, each with its leading `---`."""
    values = [_plain(resource.value) for resource in resources]
    return str(yaml.dump_all(values, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=120)) if values else ""


def resource_documents(resources: Iterable[Resource]) -> list[Document]:
    """The objects as plain values."""
    return [_plain(resource.value) for resource in resources]


def _plain(value: Any) -> Any:
    """`value` in plain containers, as writers want it."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def configuration_document(configuration: NodeConfiguration) -> Document:
    """The node's `frr.conf`, and the FRRConfigurations that it comes from."""
    return {
        "version": 1,
        "node": configuration.node,
        "release": configuration.release.name,
        "accepted": True,
        "sources": [{"resource": str(entry), "where": entry.where()} for entry in configuration.sources],
        "frr_conf": configuration.frr_conf,
    }


def refusals_document(node: str, release: str, refusals: Iterable[Refusal]) -> Document:
    """Why a node's configuration is refused."""
    return {
        "version": 1,
        "node": node,
        "release": release,
        "accepted": False,
        "refusals": [{"reason": r.reason, "origins": list(map(_origin, r.origins))} for r in refusals],
    }


def _origin(origin: Origin) -> Document:
    return {"resource": str(origin.resource), "where": origin.where}


def problem_documents(problems: Iterable[Problem]) -> list[Document]:
    """Problems of files as plain values."""
    return [
        {"where": p.where, "path": p.path, "found": p.found, "allowed": p.allowed, "action": p.action} for p in problems
    ]


def findings_document(findings: Iterable[Finding]) -> Document:
    """What `lint` found."""
    return {
        "version": 1,
        "findings": [
            {"rule": f.rule, "severity": f.severity, "where": f.where, "resource": f.resource, "text": f.text}
            for f in findings
        ],
    }


def order_document(order: Order) -> Document:
    """The order of application, or what no order makes acceptable."""
    return {
        "version": 1,
        "complete": order.complete,
        "steps": [{"action": s.action, "resource": str(s.resource), "where": s.resource.where()} for s in order.steps],
        "blocked": [
            {
                "action": entry.step.action,
                "resource": str(entry.step.resource),
                "where": entry.step.resource.where(),
                "message": entry.verdict.message,
            }
            for entry in order.blocked
        ],
        "delete_first": [{"resource": str(entry), "where": entry.where()} for entry in order.delete_first],
    }
