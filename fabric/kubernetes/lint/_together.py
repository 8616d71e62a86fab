"""Rules about several FRRConfigurations of one node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from fabric.kubernetes._documents import Path
from fabric.kubernetes._refusal import Origin
from fabric.kubernetes._resources import HOSTNAME_LABEL, Node, Resource, kubelet_labels
from fabric.kubernetes._selectors import LabelSelector, SelectorError, parse_selector
from fabric.kubernetes.frr_k8s import (
    ConversionError,
    FrrConfiguration,
    Neighbor,
    Options,
    Router,
    Surroundings,
    Translator,
    convert,
)
from fabric.kubernetes.lint._finding import Finding, Scene, finding

_MOST_NAMES = 5
_MOST_SELECTORS = 60
"""More different selectors than this are not compared pair by pair."""


def selector_of(configuration: FrrConfiguration) -> LabelSelector | None:
    """The node selector; `None` for one that cannot be parsed, which `frozen_node` reports."""
    try:
        return parse_selector(configuration.resource.spec.get("nodeSelector"))
    except SelectorError:
        return None


def selects_no_node(scene: Scene) -> Iterator[Finding]:
    """What selects none of the nodes does nothing, and no controller says so."""
    if not any(key in node.labels for node in scene.resources.of_kind("Node") for key in kubelet_labels("")):
        return  # documents that only add labels need not be all nodes that there are
    used = {configuration.name for _, configurations in scene.by_node for configuration in configurations}
    for configuration in scene.configurations:
        if configuration.name not in used and selector_of(configuration) is not None:
            yield _idle(scene, configuration.resource, ("spec", "nodeSelector"))
    for peer in scene.resources.of_kind("BGPPeer"):
        selectors = peer.spec.get("nodeSelectors") or ()
        if selectors and not any(_matches(entry, node) for entry in selectors for node, _ in scene.by_node):
            yield _idle(scene, peer, ("spec", "nodeSelectors"))


def _idle(scene: Scene, resource: Resource, path: Path) -> Finding:
    names = ", ".join(node.name for node, _ in scene.by_node[:_MOST_NAMES])
    more = ", …" if len(scene.by_node) > _MOST_NAMES else ""
    text = f"it selects none of the nodes {names}{more}, so it does nothing. Correct the selector or the nodes' labels."
    return finding("selects-no-node", "warning", resource, path, text)


def _matches(value: Any, node: Node) -> bool:
    """Whether a selector takes a node; one that cannot be parsed is reported elsewhere."""
    try:
        return parse_selector(value).matches(node.labels)
    except SelectorError:
        return True


def frozen_node(scene: Scene, options: Options) -> Iterator[Finding]:
    """One contradiction freezes a node for everybody: nothing is applied there any more."""
    translator = Translator(scene.resources, scene.release, options)
    seen: set[tuple[str, ...]] = set()
    for node, _ in scene.by_node:
        try:
            translator.node(node)
        except ConversionError as error:
            reasons = tuple(str(refusal) for refusal in error.refusals)
            if reasons in seen:
                continue
            seen.add(reasons)
            for refusal in error.refusals:
                text = f"node {node.name} keeps its old configuration, because frr-k8s refuses: {refusal.reason}."
                origins = refusal.origins or (Origin(scene.configurations[0].resource, ()),)
                others = "".join(f" See also {origin}." for origin in origins[:-1])
                last = origins[-1]
                yield finding("frozen-node", "error", last.resource, last.path, text + others)


def graceful_restart_differs(scene: Scene) -> Iterator[Finding]:
    """It is neither compared nor merged: the resource that the cache lists first wins."""
    for here, there in _shared_neighbors(scene):
        if here.graceful_restart != there.graceful_restart:
            text = (
                f"enableGracefulRestart of {here.name} differs from {there.origin}; chance decides which one counts. "
                "Write the same in both."
            )
            path = (*here.origin.path, "enableGracefulRestart")
            yield finding("graceful-restart-differs", "error", here.origin.resource, path, text)


def _shared_neighbors(scene: Scene) -> Iterator[tuple[Neighbor, Neighbor]]:
    """Pairs of descriptions of one session that meet on some node; each later one with the first only."""
    reported: set[tuple[int, int]] = set()
    for _, configurations in scene.by_node:
        first: dict[tuple[str, str], Neighbor] = {}
        for configuration in configurations:
            for router in configuration.routers:
                for neighbor in router.neighbors:
                    key = (router.vrf, neighbor.address or neighbor.interface)
                    known = first.setdefault(key, neighbor)
                    pair = (id(known), id(neighbor))
                    if known is not neighbor and pair not in reported:
                        reported.add(pair)
                        yield neighbor, known


def mode_all_is_local(scene: Scene) -> Iterator[Finding]:
    """`mode: all` means all prefixes of the same resource, not of the node."""
    reported: set[int] = set()
    for node, configurations in scene.by_node:
        for configuration, router in ((c, r) for c in configurations for r in c.routers):
            uncovered = _prefixes_elsewhere(configuration, router, configurations)
            for neighbor in router.neighbors if uncovered else ():
                if neighbor.to_advertise.mode == "all" and id(neighbor) not in reported:
                    reported.add(id(neighbor))
                    text = (
                        f"mode all for {neighbor.name} does not cover {', '.join(uncovered)} of other resources on "
                        f"node {node.name}. Advertise them where they are defined."
                    )
                    path = (*neighbor.origin.path, "toAdvertise", "allowed", "mode")
                    yield finding("mode-all-is-local", "warning", neighbor.origin.resource, path, text)


def _prefixes_elsewhere(
    configuration: FrrConfiguration, router: Router, configurations: Iterable[FrrConfiguration]
) -> list[str]:
    """The prefixes that other configurations give the router's VRF."""
    others = (entry for other in configurations if other is not configuration for entry in other.routers)
    found = {prefix for entry in others if entry.vrf == router.vrf for prefix in entry.prefixes}
    return sorted(found - set(router.prefixes))


def label_change_conflicts(scene: Scene) -> Iterator[Finding]:
    """No webhook sees label changes: resources that never met may freeze a node when they do.

    Pairs that select nodes by different host names cannot meet and are left out.
    """
    groups: dict[LabelSelector, list[FrrConfiguration]] = {}
    for configuration in scene.configurations:
        selector = selector_of(configuration)
        if selector is not None and not _by_hostname(selector):
            groups.setdefault(selector, []).append(configuration)
    if len(groups) > _MOST_SELECTORS:
        return
    around = Surroundings(scene.release.dialect, ignore_secrets=True)
    for (one, first), (other, second) in combinations(groups.items(), 2):
        if any(one.matches(node.labels) and other.matches(node.labels) for node, _ in scene.by_node):
            continue
        alone = [len(convert(group, around)[1].found) for group in (first, second)]
        together = convert([*first, *second], around)[1].found
        if len(together) > sum(alone):
            refusal = together[-1]
            text = (
                f"together with {first[0].resource} ({first[0].resource.where()}) it would freeze a node: "
                f"{refusal.reason}. No node has the labels of both today; no webhook stops a label change."
            )
            yield finding("label-change-conflicts", "note", second[0].resource, ("spec", "nodeSelector"), text)


def _by_hostname(selector: LabelSelector) -> bool:
    keys = {key for key, _ in selector.labels} | {requirement.key for requirement in selector.requirements}
    return HOSTNAME_LABEL in keys
