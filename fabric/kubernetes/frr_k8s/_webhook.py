"""The admission webhook: what it answers when an FRRConfiguration is created or changed.

It runs the same conversion as the daemon, for every node that the new object selects, but not quite on the same
input: passwords from secrets count as none, nothing is always blocked, and all namespaces take part. Deleting is
never refused, nodes that only the old object selected are not looked at, and label changes ask nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from fabric._values import dataclass
from fabric.kubernetes._refusal import Refusal
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource
from fabric.kubernetes._selectors import LabelSelector, SelectorError, parse_selector
from fabric.kubernetes.frr_k8s._api import FrrConfiguration, read_configuration
from fabric.kubernetes.frr_k8s._conversion import Surroundings, convert

Key = tuple[str, str]
"""Namespace and name of an object."""


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
    return Webhook(stored, nodes, release).review(new)


class Webhook:
    """The webhook of a cluster whose stored FRRConfigurations change step by step."""

    def __init__(self, stored: Iterable[Resource], nodes: Iterable[Node], release: Release) -> None:
        self._release = release
        self._nodes = _NodesByLabel(nodes)
        self._stored: dict[Key, FrrConfiguration] = {}
        self._on_node: dict[str, dict[Key, FrrConfiguration]] = {}
        for resource in stored:
            self.store(resource)

    def store(self, resource: Resource) -> None:
        """Takes `resource` as created, or as the new version of the object of its name."""
        self.remove(resource)
        configuration = read_configuration(resource)
        self._stored[_key(resource)] = configuration
        # A stored selector that cannot be parsed selects nothing here.
        with suppress(SelectorError):
            for node in self._nodes.of(_selector(resource)):
                self._on_node.setdefault(node.name, {})[_key(resource)] = configuration

    def remove(self, resource: Resource) -> None:
        """Forgets the object of this name, in whatever version it is stored."""
        if self._stored.pop(_key(resource), None) is not None:
            for configurations in self._on_node.values():
                configurations.pop(_key(resource), None)

    def review(self, new: Resource) -> Verdict:
        """The answer to creating `new`, or to changing the object of its name into it."""
        try:
            nodes = self._nodes.of(_selector(new))
        except SelectorError as error:
            return Verdict(refusals=(Refusal(str(error)),))
        configuration = read_configuration(new)
        before = (entry for entry in self._stored.values() if entry.name == new.name)
        warnings = _warnings(configuration, before, self._release)
        around = Surroundings(self._release.dialect, ignore_secrets=True)
        for node in nodes:
            # The webhook tells objects apart by name alone, whatever their namespace.
            others = (entry for entry in self._on_node.get(node.name, {}).values() if entry.name != new.name)
            _, refusals = convert([*others, configuration], around)
            if refusals.found:
                return Verdict(node.name, tuple(refusals.found), warnings)
        return Verdict(warnings=warnings)


class _NodesByLabel:
    """Nodes by each of their labels, because most selectors name a single one."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._all = tuple(nodes)
        self._by_label: dict[tuple[str, str], list[Node]] = {}
        for node in self._all:
            for label in node.labels.items():
                self._by_label.setdefault(label, []).append(node)

    def of(self, selector: LabelSelector) -> list[Node]:
        """The nodes that `selector` selects, in their order."""
        candidates = self._by_label.get(selector.labels[0], []) if selector.labels else self._all
        return [node for node in candidates if selector.matches(node.labels)]


def _key(resource: Resource) -> Key:
    return resource.namespace, resource.name


def _selector(resource: Resource) -> LabelSelector:
    return parse_selector(resource.spec.get("nodeSelector"))


def _warnings(new: FrrConfiguration, old: Iterable[FrrConfiguration], release: Release) -> tuple[str, ...]:
    warnings = []
    neighbors = [(router.vrf, neighbor) for router in new.routers for neighbor in router.neighbors]
    if release.dialect.ignores_disable_mp and any(neighbor.disable_mp for _, neighbor in neighbors):
        warnings.append("disableMP is deprecated and will be removed in a future release")
    before = {
        (router.vrf, neighbor.asn, neighbor.address): neighbor.graceful_restart
        for configuration in old
        for router in configuration.routers
        for neighbor in router.neighbors
    }
    for vrf, neighbor in neighbors:
        key = (vrf, neighbor.asn, neighbor.address)
        if before.get(key, neighbor.graceful_restart) != neighbor.graceful_restart:
            warnings.append("Graceful restart configuration changed, it will be available on the next restart")
    return tuple(warnings)
