"""All rules over one set of resources."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resources, nodes_meant
from fabric.kubernetes._selectors import SelectorIndex
from fabric.kubernetes.frr_k8s import FrrConfiguration, Options, read_configuration
from fabric.kubernetes.lint import _metallb, _sessions, _together
from fabric.kubernetes.lint._finding import Finding, Rule, Scene

_RULES: tuple[Rule, ...] = (
    _sessions.router_id,
    _sessions.imports_other_asn,
    _sessions.unnumbered,
    _sessions.timers,
    _sessions.clear_text_password,
    _sessions.prefix_spelling,
    _sessions.wildcard_route_target,
    _together.selects_no_node,
    _together.graceful_restart_differs,
    _together.mode_all_is_local,
    _together.label_change_conflicts,
    _metallb.metallb_refuses,
    _metallb.absent_names,
    _metallb.unused_peer,
    _metallb.hostname_label,
    _metallb.not_carried_over,
    _metallb.peer_beside_bgp_configuration,
    _metallb.settled_by_bgp_configuration,
    _metallb.attributes_beside_bgp_configuration,
    _metallb.four_byte_asn,
)


def lint(resources: Resources, release: Release, options: Options | None = None) -> tuple[Finding, ...]:
    """Every finding, in the order of the rules: first what the schema drops, then what fails without a refusal,
    last the nodes that frr-k8s would leave frozen."""
    configurations = tuple(map(read_configuration, resources.of_kind("FRRConfiguration")))
    scene = Scene(resources, release, configurations, _by_node(resources, configurations))
    return (
        *_unknown_fields(resources),
        *(found for rule in _RULES for found in rule(scene)),
        *_together.frozen_node(scene, options or Options()),
    )


def _by_node(
    resources: Resources, configurations: tuple[FrrConfiguration, ...]
) -> tuple[tuple[Node, tuple[FrrConfiguration, ...]], ...]:
    index: SelectorIndex[FrrConfiguration] = SelectorIndex()
    for configuration in configurations:
        selector = _together.selector_of(configuration)
        if selector is not None:
            index.add(configuration, selector)
    return tuple((node, tuple(index.of(node.labels))) for node in nodes_meant(resources))


def _unknown_fields(resources: Resources) -> Iterator[Finding]:
    for problem in resources.dropped:
        text = f"release {resources.release.name} does not know this field and drops it silently. {problem.action}"
        yield Finding("unknown-field", "warning", problem.where, problem.path, text)
