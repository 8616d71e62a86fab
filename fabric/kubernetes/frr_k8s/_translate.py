"""The node's view: which FRRConfigurations select it, and what its FRR is told."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, ip_network

from fabric._values import dataclass
from fabric.errors import InputError, Problem
from fabric.kubernetes._refusal import Refusal
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource, Resources
from fabric.kubernetes._selectors import SelectorError, SelectorIndex, parse_selector
from fabric.kubernetes.frr_k8s._api import FrrConfiguration, read_configurations
from fabric.kubernetes.frr_k8s._conversion import Surroundings, convert
from fabric.kubernetes.frr_k8s._internal import IncomingFilter, MergedConfig
from fabric.kubernetes.frr_k8s._text import render

_PASSWORD = re.compile(r"^(\s*neighbor \S+ password ).*$", re.MULTILINE)
_FRR_LOG_LEVELS = {
    "all": "debugging",
    "debug": "debugging",
    "info": "informational",
    "warn": "warnings",
    "error": "errors",
    "none": "emergencies",
}


class ConversionError(InputError):
    """What frr-k8s refuses on one node: it applies nothing there and keeps the previous configuration."""

    def __init__(self, node: str, refusals: Iterable[Refusal]) -> None:
        self.node = node
        self.refusals = tuple(refusals)
        lines = (f"  {refusal}" for refusal in self.refusals)
        super().__init__("\n".join([f"frr-k8s on node {node} applies nothing, because it refuses:", *lines]))

    @property
    def reason(self) -> str:
        """The one reason that the controller itself reports."""
        return self.refusals[0].reason


@dataclass(frozen=True, slots=True)
class Options:
    """How the frr-k8s daemon of a node was started."""

    namespace: str | None = None
    """The daemon's namespace; `None` takes the release's own, or the only one that holds FRRConfigurations."""
    hostname: str | None = None
    """`None`: the node's name."""
    log_level: str = "info"
    """`all`, `debug`, `info`, `warn`, `error` or `none`."""
    always_block: tuple[str, ...] = ()
    """Prefixes that no neighbor may send (`--always-block`)."""
    fallback_router_id: str | None = None
    """What routers without an id get; main derives it (`fallback_router_id`) where no interface, not even `lo`, has an
    IPv4 address, and other releases have none."""


@dataclass(frozen=True, slots=True)
class NodeConfiguration:
    """What frr-k8s makes of all FRRConfigurations that select a node."""

    node: str
    release: Release
    hostname: str
    log_level: str
    """FRR's word for the level, such as `informational`."""
    merged: MergedConfig
    sources: tuple[Resource, ...] = ()
    """The FRRConfigurations that select the node."""

    @property
    def frr_conf(self) -> str:
        """The text of `frr.conf` as the release writes it, without blank lines."""
        return render(self.merged, self.release.dialect, self.hostname, self.log_level)

    @property
    def frr_conf_without_passwords(self) -> str:
        """`frr_conf` for other eyes: passwords replaced as frr-k8s replaces them in FRRNodeState."""
        return _PASSWORD.sub(r"\1<retracted>", self.frr_conf)


def translate(node: Node, resources: Resources, release: Release, options: Options | None = None) -> NodeConfiguration:
    """The configuration that frr-k8s of `release` gives `node`.

    Raises `ConversionError` where the controller would apply nothing, and `InputError` for options that the
    daemon would not start with.
    """
    return Translator(resources, release, options).node(node)


class Translator:
    """Translates many nodes of one cluster; what they share is read once."""

    def __init__(self, resources: Resources, release: Release, options: Options | None = None) -> None:
        self.release = release
        self.options = options or Options()
        _check_fallback(self.options.fallback_router_id, release)
        self.namespace = daemon_namespace(resources, release, self.options)
        watched = _watched(resources, release, self.namespace)
        self._configurations = _Selection(read_configurations(watched))
        self._resources = resources
        self._around = Surroundings(
            release.dialect, _secrets(resources, self.namespace), _always_block(self.options.always_block)
        )
        self._log_level = _log_level(resources, release, self)

    def node(self, node: Node) -> NodeConfiguration:
        """The configuration of one node; raises as `translate` does."""
        selected = self._configurations.of(node)
        refusals = list(self._configurations.refusals)
        merged, found = convert(selected, self._around)
        refusals.extend(found.found)
        if refusals:
            raise ConversionError(node.name, refusals)
        hostname = self.options.hostname or node.name
        if self.options.fallback_router_id is not None:
            merged = _with_router_ids(merged, self.options.fallback_router_id)
        sources = tuple(configuration.resource for configuration in selected)
        return NodeConfiguration(node.name, self.release, hostname, self._log_level, merged, sources)

    def passed_over(self, node: Node) -> tuple[Problem, ...]:
        """Why each FRRConfiguration does nothing on a node that none of them selects; empty where one does."""
        if self._configurations.of(node):
            return ()
        return tuple(self._why_passed_over(entry, node) for entry in self._resources.of_kind("FRRConfiguration"))

    def _why_passed_over(self, resource: Resource, node: Node) -> Problem:
        if self.release.own_namespace_only and resource.namespace != self.namespace:
            where = resource.where(("metadata", "namespace"))
            allowed = f"{self.namespace}, because frr-k8s reads its own namespace only"
            return Problem(where, "metadata.namespace", resource.namespace, allowed, "Move the object.")
        where, labels = resource.where(("spec", "nodeSelector")), ", ".join(f"{k}={v}" for k, v in node.labels.items())
        allowed = f"one that matches {labels or 'a node without labels'}"
        found = f"a selector of {resource} that does not select node {node.name}"
        return Problem(where, "spec.nodeSelector", found, allowed, "Correct the selector or the labels of the Node.")


class _Selection:
    """Configurations by the nodes that they select; a selector that cannot be parsed fails every node."""

    def __init__(self, configurations: Iterable[FrrConfiguration]) -> None:
        self.refusals: list[Refusal] = []
        self._index: SelectorIndex[FrrConfiguration] = SelectorIndex()
        for configuration in configurations:
            try:
                selector = parse_selector(configuration.resource.spec.get("nodeSelector"))
            except SelectorError as error:
                self.refusals.append(_bad_selector(configuration, error))
            else:
                self._index.add(configuration, selector)

    def of(self, node: Node) -> list[FrrConfiguration]:
        """The configurations of a node, in the order in which they were read."""
        return self._index.of(node.labels)


def _bad_selector(configuration: FrrConfiguration, error: SelectorError) -> Refusal:
    name = f"{configuration.resource.namespace}/{configuration.name}"
    text = f"could not parse nodeSelector for FRRConfiguration {name}: {error}"
    return Refusal(text, (configuration.origin(("spec", "nodeSelector")),))


def daemon_namespace(resources: Resources, release: Release, options: Options) -> str:
    """The namespace in which frr-k8s runs; raises `InputError` where the resources leave it open."""
    if options.namespace is not None:
        return options.namespace
    used = {resource.namespace for resource in resources.of_kind("FRRConfiguration")}
    if not used or release.namespace in used or not release.own_namespace_only:
        return release.namespace
    if len(used) == 1:
        return used.pop()
    listed = ", ".join(sorted(used))
    raise InputError(
        f"The FRRConfigurations live in several namespaces ({listed}) and none is {release.namespace}, where "
        f"frr-k8s of release {release.name} runs. Name the daemon's namespace."
    )


def _watched(resources: Resources, release: Release, namespace: str) -> Iterable[Resource]:
    every = resources.of_kind("FRRConfiguration")
    if not release.own_namespace_only:
        return every
    return (resource for resource in every if resource.namespace == namespace)


def _secrets(resources: Resources, namespace: str) -> Mapping[str, Resource]:
    """Secrets of the daemon's namespace; a reference's own namespace is not looked at."""
    found = {secret.name: secret for secret in resources.of_kind("Secret") if secret.namespace == namespace}
    if namespace in {resource.namespace for resource in resources.of_kind("FRRConfiguration")}:
        return found
    return {secret.name: secret for secret in resources.of_kind("Secret")} | found


def _always_block(prefixes: Iterable[str]) -> tuple[IncomingFilter, ...]:
    blocked = []
    for text in prefixes:
        try:
            network = ip_network(text, strict=False)
        except ValueError as error:
            raise InputError(f"The always-block prefix {text!r} is no prefix. Write it as 192.0.2.0/24.") from error
        blocked.append(IncomingFilter(str(network), le=network.max_prefixlen))
    return tuple(blocked)


def _log_level(resources: Resources, release: Release, translator: Translator) -> str:
    """FRR's log level: that of the FRRK8sConfiguration `config` where the release knows it, else the daemon's."""
    level = translator.options.log_level
    if release.dialect.log_level_resource:
        for resource in resources.of_kind("FRRK8sConfiguration"):
            if (resource.namespace, resource.name) == (translator.namespace, "config"):
                level = resource.spec.get("logLevel") or level
    try:
        return _FRR_LOG_LEVELS[level]
    except KeyError:
        raise InputError(f"The log level {level!r} is none of {', '.join(_FRR_LOG_LEVELS)}.") from None


def fallback_router_id(hostname: str) -> str:
    """The router id that main derives from a host name: its CRC-32, low byte first, as a dotted quad."""
    return ".".join(map(str, zlib.crc32(hostname.encode()).to_bytes(4, "little")))


def _check_fallback(router_id: str | None, release: Release) -> None:
    if router_id is None:
        return
    if not release.dialect.fallback_router_id:
        raise InputError(
            f"frr-k8s of release {release.name} has no fallback router id; only main has. Set `id` in the routers."
        )
    try:
        IPv4Address(router_id)
    except AddressValueError:
        raise InputError(f"The fallback router id {router_id!r} is no dotted quad. Write it as 192.0.2.1.") from None


def _with_router_ids(merged: MergedConfig, router_id: str) -> MergedConfig:
    routers = (replace(router, router_id=router.router_id or router_id) for router in merged.routers)
    return replace(merged, routers=tuple(routers))
