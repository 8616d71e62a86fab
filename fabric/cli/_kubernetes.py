"""`fabric frr-k8s|metallb|rhoso …`: what the controllers of a cluster make of resources, before anyone applies them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer_json, note, say
from fabric.cli._options import DEFAULT_RELEASE, JsonOption, ReleaseOption

if TYPE_CHECKING:
    from fabric.errors import Problem
    from fabric.kubernetes import Node, Resource, Resources
    from fabric.kubernetes.frr_k8s import Options
    from fabric.kubernetes.metallb import NotAnnounced

frr_k8s = typer.Typer(help="FRRConfigurations to a node's frr.conf, as frr-k8s does it.", no_args_is_help=True)
metallb = typer.Typer(help="MetalLB's resources to FRRConfigurations, as its speakers do it.", no_args_is_help=True)
rhoso = typer.Typer(help="What OpenStack's operators write on OpenShift.", no_args_is_help=True)

FilesArgument = Annotated[
    list[Path], typer.Argument(help="YAML or JSON files with resources, directories of them, or - for standard input.")
]
AlwaysBlockOption = Annotated[
    list[str] | None, typer.Option("--always-block", metavar="CIDR", help="Prefix that no peer may send; may repeat.")
]
NamespaceOption = Annotated[
    str | None, typer.Option("--namespace", help="Namespace of the controller; default: the release's.")
]
FallbackOption = Annotated[
    str | None,
    typer.Option(
        "--fallback-router-id",
        metavar="ID",
        help="Router id of routers without one, or `hostname` for the one that frr-k8s derives from the node's name.",
    ),
]
_FRR_K8S_KINDS = ("FRRConfiguration", "FRRK8sConfiguration")
_METALLB_KINDS = ("BGPPeer", "BGPAdvertisement", "IPAddressPool", "BFDProfile", "Community", "L2Advertisement")


def _read(files: Iterable[Path], release: str) -> Resources:
    from fabric.kubernetes import read_texts, resources_of
    from fabric.kubernetes import release as release_named

    return resources_of(read_texts(files, sys.stdin.read), release_named(release))


def _note_all(problems: Iterable[Problem]) -> None:
    for problem in problems:
        note(str(problem))


def _wrong_kinds(resources: Resources, verdict: str, wanted: Sequence[str]) -> tuple[Problem, ...]:
    """Every object, where there is none of the kinds that the command is for."""
    from fabric.errors import Problem

    if any(resources.of_kind(kind) for kind in wanted):
        return ()
    allowed = ", ".join(wanted)
    return tuple(
        Problem(entry.where(("kind",)), "kind", str(entry), allowed, f"{verdict}; leave it out.")
        for entry in resources.items
        if entry.kind not in ("Node", "Secret")
    )


def _of_use(resources: Resources) -> Resources:
    """`resources`; `InputError` where there are none, `ResourceError` where no controller reads any of them."""
    from fabric.errors import InputError
    from fabric.kubernetes import ResourceError

    if not resources.items:
        raise InputError("The files hold no Kubernetes object; allowed: resources of one or more. Name other files.")
    problems = _wrong_kinds(resources, "No controller reads it", (*_FRR_K8S_KINDS, *_METALLB_KINDS, "BGPConfiguration"))
    if problems:
        raise ResourceError(problems)
    return resources


def _node(resources: Resources, name: str) -> Node:
    """The node to render; `InputError` where the resources hold nodes and not this one."""
    from fabric.errors import InputError, unknown
    from fabric.kubernetes import node_named, nodes_of

    names = [entry.name for entry in nodes_of(resources)]
    if names and name not in names:
        raise InputError(f"--node: {unknown('Node', name, names)}")
    return node_named(resources, name)


@frr_k8s.command("render")
def frr_k8s_render(
    files: FilesArgument,
    node: Annotated[str, typer.Option("--node", help="Name of the node.")],
    release: ReleaseOption = DEFAULT_RELEASE,
    always_block: AlwaysBlockOption = None,
    fallback_router_id: FallbackOption = None,
    log_level: Annotated[str, typer.Option("--log-level", help="all, debug, info, warn, error or none.")] = "info",
    namespace: NamespaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the frr.conf that frr-k8s gives a node. Exit code 2 with every reason where it refuses or drops.

    Example: fabric frr-k8s render --node worker-0 --release 4.20 site/
    """
    from fabric.kubernetes.frr_k8s import Options
    from fabric.kubernetes.frr_k8s import fallback_router_id as derived

    fallback = derived(node) if fallback_router_id == "hostname" else fallback_router_id
    options = Options(namespace, None, log_level, tuple(always_block or ()), fallback)
    resources = _read(files, release)
    _render(resources, _node(resources, node), options, as_json)


def _render(resources: Resources, node: Node, options: Options, as_json: bool) -> None:
    from fabric.kubernetes.frr_k8s import ConversionError, Translator
    from fabric.report import configuration_document, problem_documents, refusals_document

    problems = (*resources.dropped, *_wrong_kinds(resources, "frr-k8s does not read it", _FRR_K8S_KINDS))
    _note_all(problems)
    try:
        translator = Translator(resources, resources.release, options)
        configuration = translator.node(node)
    except ConversionError as error:
        if as_json:
            answer_json(refusals_document(node.name, resources.release.name, error.refusals))
        raise
    passed_over = translator.passed_over(node)
    _note_all(passed_over)
    problems = (*problems, *passed_over)
    if as_json:
        answer_json({**configuration_document(configuration), "problems": problem_documents(problems)})
    else:
        sys.stdout.write(configuration.frr_conf)
    raise typer.Exit(2 if problems else 0)


@frr_k8s.command("lint")
def frr_k8s_lint(files: FilesArgument, release: ReleaseOption = DEFAULT_RELEASE, as_json: JsonOption = False) -> None:
    """Find what the controllers accept and live to regret. Exit code 1 with any finding above a note.

    Example: fabric frr-k8s lint site/
    """
    from fabric.kubernetes.lint import lint_cluster
    from fabric.report import findings_document

    resources = _of_use(_read(files, release))
    findings = lint_cluster(resources)
    if as_json:
        answer_json(findings_document(findings))
    for finding in () if as_json else findings:
        say(str(finding))
    if not findings:
        note(f"Nothing found in {_objects(resources)}.")
    raise typer.Exit(1 if any(finding.severity != "note" for finding in findings) else 0)


@frr_k8s.command("order")
def frr_k8s_order(
    old: Annotated[Path, typer.Argument(help="Resources of the cluster today: a file or a directory.")],
    new: Annotated[Path, typer.Argument(help="Resources that it is to hold.")],
    release: ReleaseOption = DEFAULT_RELEASE,
    as_json: JsonOption = False,
) -> None:
    """Print an order of application that frr-k8s's webhook accepts at every step. Exit code 1 where there is none.

    What MetalLB and infra-operator write from the resources takes part.

    Example: fabric frr-k8s order applied/ wanted/
    """
    from fabric.kubernetes.controllers import reconcile
    from fabric.kubernetes.frr_k8s import order
    from fabric.report import order_document

    before, after = _read([old], release), _of_use(_read([new], release))
    _note_all(after.dropped)
    found = order(*(reconcile(resources, resources.release).resources for resources in (before, after)))
    if as_json:
        answer_json(order_document(found))
    else:
        say(str(found) or "Nothing changes.")
    raise typer.Exit(0 if found.complete else 1)


@metallb.command("render")
def metallb_render(
    files: FilesArgument,
    release: ReleaseOption = DEFAULT_RELEASE,
    namespace: NamespaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the FRRConfiguration that MetalLB writes for each Node. What is dropped or not announced goes to stderr.

    Example: fabric metallb render site/
    """
    from fabric.errors import InputError
    from fabric.kubernetes.metallb import MetallbOptions, metallb_configurations

    resources = _read(files, release)
    problems = (*resources.dropped, *_wrong_kinds(resources, "MetalLB does not read it", (*_METALLB_KINDS, "Service")))
    _note_all(problems)
    made = metallb_configurations(resources, resources.release, MetallbOptions(namespace))
    _note_silent(made.not_announced)
    if not resources.of_kind("Node"):
        raise InputError("The resources hold no Node, and MetalLB writes one FRRConfiguration a node. Add the nodes.")
    _note_all(made.idle_peers)
    problems = (*problems, *made.idle_peers)
    if not made.resources:
        peers = "makes nothing of its BGPPeers" if resources.of_kind("BGPPeer") else "finds no BGPPeer"
        note(f"{_objects(resources)} read: MetalLB {peers}, and so writes no FRRConfiguration.")
    _print_resources(made.resources, problems, as_json)
    raise typer.Exit(2 if problems else 0)


def _objects(resources: Resources) -> str:
    return "1 object" if len(resources.items) == 1 else f"{len(resources.items)} objects"


def _note_silent(silent: Iterable[tuple[str, Resource, NotAnnounced]]) -> None:
    """One line for each Service and reason, with the nodes that are silent about it."""
    nodes: dict[tuple[str, str], list[str]] = {}
    for name, service, reason in silent:
        nodes.setdefault((f"{service.where()}: {service}", reason.value), []).append(name)
    for (subject, why), names in nodes.items():
        note(f"{subject} is not announced ({why}) by {', '.join(names)}.")


def _print_resources(resources: Sequence[Resource], problems: Iterable[Problem], as_json: bool) -> None:
    from fabric.report import problem_documents, resource_documents, resources_yaml

    if as_json:
        answer_json({"version": 1, "resources": resource_documents(resources), "problems": problem_documents(problems)})
    else:
        sys.stdout.write(resources_yaml(resources))


@rhoso.command("pod-config")
def rhoso_pod_config(
    files: FilesArgument, release: ReleaseOption = DEFAULT_RELEASE, as_json: JsonOption = False
) -> None:
    """Print the FRRConfiguration that infra-operator writes for each pod; MetalLB's are made first where needed.

    Example: fabric rhoso pod-config site/
    """
    from fabric.kubernetes.controllers import reconcile
    from fabric.kubernetes.infra_operator import OWNER_LABEL

    resources = _read(files, release)
    problems = (*resources.dropped, *_wrong_kinds(resources, "infra-operator starts from that", ("BGPConfiguration",)))
    _note_all(problems)
    cluster = reconcile(resources, resources.release)
    _note_silent(cluster.not_announced)
    if not resources.of_kind("BGPConfiguration"):
        note("The resources hold no BGPConfiguration, so infra-operator writes nothing. Add it.")
        raise typer.Exit(2)
    written = [entry for entry in cluster.written if OWNER_LABEL in entry.labels]
    _print_resources(written, problems, as_json)
    raise typer.Exit(2 if problems else 0)
