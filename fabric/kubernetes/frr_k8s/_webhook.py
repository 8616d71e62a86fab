"""The admission webhook: what it answers when an FRRConfiguration is created or changed.

It runs the same conversion as the daemon, for every node that the new object selects, but not quite on the same
input: passwords from secrets count as none, nothing is always blocked, and all namespaces take part. Deleting is
never refused, nodes that only the old object selected are not looked at, and label changes ask nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fabric.kubernetes._refusal import Refusal
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource
from fabric.kubernetes._selectors import LabelSelector, SelectorError, parse_selector
from fabric.kubernetes.frr_k8s._api import FrrConfiguration, read_configuration
from fabric.kubernetes.frr_k8s._conversion import Surroundings, convert


@dataclass(frozen=True, slots=True)
class Verdict:
    """The webhook's answer to one create or update."""

    node: str = ""
    """The first node on which the new object would be refused; "" where the object is accepted."""
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when the object may be stored."""
        return not self.refusals

    @property
    def message(self) -> str:
        """The webhook's text, or "" where the object is accepted."""
        if self.accepted:
            return ""
        where = (
            f"resource is invalid for node {self.node}" if self.node else "resource contains an invalid NodeSelector"
        )
        return f"{self.refusals[0].reason}\n{where}"


def review(new: Resource, stored: Iterable[Resource], nodes: Iterable[Node], release: Release) -> Verdict:
    """What the webhook answers to `new` while `stored` are the FRRConfigurations of the cluster."""
    try:
        selector = _selector(new)
    except SelectorError as error:
        return Verdict(refusals=(Refusal(str(error)),))
    stored = tuple(stored)
    configuration = read_configuration(new)
    # The webhook tells objects apart by name alone, whatever their namespace.
    others = [_Stored.of(resource) for resource in stored if resource.name != new.name]
    warnings = _warnings(configuration, (entry for entry in stored if entry.name == new.name), release)
    around = Surroundings(release.dialect, ignore_secrets=True)
    for node in nodes:
        if not selector.matches(node.labels):
            continue
        together = [entry.configuration for entry in others if entry.selects(node)]
        _, refusals = convert([*together, configuration], around)
        if refusals.found:
            return Verdict(node.name, tuple(refusals.found), warnings)
    return Verdict(warnings=warnings)


def _selector(resource: Resource) -> LabelSelector:
    return parse_selector(resource.spec.get("nodeSelector"))


class _Stored:
    """A stored configuration with its selector; one that cannot be parsed selects nothing here."""

    def __init__(self, configuration: FrrConfiguration, selector: LabelSelector | None) -> None:
        self.configuration = configuration
        self._selector = selector

    @classmethod
    def of(cls, resource: Resource) -> _Stored:
        try:
            return cls(read_configuration(resource), _selector(resource))
        except SelectorError:
            return cls(read_configuration(resource), None)

    def selects(self, node: Node) -> bool:
        return self._selector is not None and self._selector.matches(node.labels)


def _warnings(new: FrrConfiguration, old: Iterable[Resource], release: Release) -> tuple[str, ...]:
    warnings = []
    neighbors = [(router.vrf, neighbor) for router in new.routers for neighbor in router.neighbors]
    if release.dialect.ignores_disable_mp and any(neighbor.disable_mp for _, neighbor in neighbors):
        warnings.append("disableMP is deprecated and will be removed in a future release")
    before = {
        (router.vrf, neighbor.asn, neighbor.address): neighbor.graceful_restart
        for resource in old
        for router in read_configuration(resource).routers
        for neighbor in router.neighbors
    }
    for vrf, neighbor in neighbors:
        key = (vrf, neighbor.asn, neighbor.address)
        if before.get(key, neighbor.graceful_restart) != neighbor.graceful_restart:
            warnings.append("Graceful restart configuration changed, it will be available on the next restart")
    return tuple(warnings)
