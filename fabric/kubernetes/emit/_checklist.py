"""The order in which a person applies the resources, and what to see before the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fabric.kubernetes.emit._cluster import Cluster
from fabric.kubernetes.emit._placement import min_healthy

SECRETS_FILE = "secrets-template.yaml"


def checklist(cluster: Cluster, stages: Mapping[str, tuple[str, ...]]) -> str:
    """Markdown; `stages` are the directories in order, with the kinds in each."""
    lines = [
        f"# Applying {cluster.plan.design.topology.name}",
        "",
        f"For OpenShift {cluster.options.release.name}. Everything at once is `oc apply -k .` in this directory; in",
        "steps, which is how to find a fault, it is this:",
        "",
        *_numbered([_before(cluster), *(_stage(cluster, name, kinds) for name, kinds in stages.items())]),
        *_notes(cluster),
    ]
    return "\n".join(lines) + "\n"


def _numbered(steps: list[list[str]]) -> Iterator[str]:
    for number, (title, *points) in enumerate(steps, start=1):
        yield f"## {number}. {title}"
        yield ""
        yield from (f"- [ ] {point}" for point in points)
        yield ""


def _before(cluster: Cluster) -> list[str]:
    options = cluster.options
    operators = ["kubernetes-nmstate", "MetalLB"] if cluster.metallb_runs else ["kubernetes-nmstate"]
    if cluster.is_rhoso:
        operators += ["OpenStack", "Node Health Check", "Self Node Remediation"]
    points = [
        "Before anything is applied",
        f"Operators are installed: {', '.join(operators)}.",
        f"Namespaces exist: {', '.join(_namespaces(cluster))}.",
        *_frr_k8s_points(cluster),
        "The switches run their side: their sessions wait for these nodes, and links are up before FRR starts.",
        "Every node's hostname label is its name here: `oc get nodes -L kubernetes.io/hostname`.",
        "The NIC names are right: `oc debug node/NAME -- chroot /host ip -br link` has the ports named in `network/`.",
        "tcp 179 and, with BFD, udp 3784 and 3785 pass between nodes and leaves.",
    ]
    if options.password_secret or options.data_plane_password_secret:
        points.append(
            f"`{SECRETS_FILE}` is copied to a safe place, filled with the switches' passwords and applied from there; "
            "it is not in the kustomization. Passwords are TCP-MD5 and do not work on FIPS nodes."
        )
    return points


def _frr_k8s_points(cluster: Cluster) -> list[str]:
    """Who brings frr-k8s to the nodes."""
    if not cluster.speakers:
        return []
    points = [f"frr-k8s runs in the namespace that the resources name: `oc get pods -n {cluster.frr_namespace}`."]
    if not cluster.metallb_runs:
        patch = '{"spec": {"additionalRoutingCapabilities": {"providers": ["FRR"]}}}'
        enable = f"oc patch network.operator.openshift.io cluster --type=merge -p '{patch}'"
        points.insert(0, f"FRR is switched on without MetalLB: `{enable}`")
    return points


def _namespaces(cluster: Cluster) -> list[str]:
    options = cluster.options
    found = [cluster.frr_namespace, *([options.metallb] if cluster.metallb_runs else ())]
    if cluster.is_rhoso:
        found += [options.openstack_namespace, options.remediation_namespace]
    return sorted(set(found))


_TITLES = {
    "placement": "Labels, kernel settings and placement",
    "network": "Addresses and routes of the nodes",
    "bgp": "BGP sessions of the nodes",
    "openstack": "Networks of OpenStack",
    "dataplane": "The data plane",
}


def _stage(cluster: Cluster, name: str, kinds: tuple[str, ...]) -> list[str]:
    apply = f"`oc apply --server-side --dry-run=server -k {name}` and then `oc apply -k {name}` ({', '.join(kinds)})."
    return [_TITLES[name], apply, *_checks(cluster, name)]


def _checks(cluster: Cluster, name: str) -> list[str]:
    if name == "placement":
        return [
            "`oc get nodes -L topology.kubernetes.io/zone` shows a zone for every node.",
            f"`oc get profiles.tuned.openshift.io -n {cluster.options.tuned_namespace}` shows `fabric-bgp-…` applied.",
        ]
    if name == "network":
        wait = "oc wait nncp --all --for=jsonpath='{.status.conditions[?(@.type==\"Available\")].reason}'"
        return [
            f"`{wait}=SuccessfullyConfigured --timeout=600s`",
            "From each node `ping` reaches the leaf ends of its links; with `-M do -s` at full MTU as well.",
        ]
    if name == "bgp":
        webhook = "A refusal because MetalLB's webhook is not up yet is met by applying again once its pods are ready."
        return [
            *([webhook] if cluster.metallb_runs else ()),
            f"`oc get bgpsessionstates -n {cluster.frr_namespace}` (4.20 and newer) shows every session Established.",
            "`oc get frrnodestates` shows `success` for conversion and reload on every node.",
            "The leaves have the nodes' host routes: `show bgp summary`, `show ip route` there.",
        ]
    if name == "openstack":
        return _openstack_checks(cluster)
    return [
        "An OpenStackDataPlaneDeployment that names the node sets is applied, one zone after the other.",
        "On each node `ip route show default` has `proto bgp`, and `vtysh -c 'show bgp summary'` both leaves.",
    ]


def _openstack_checks(cluster: Cluster) -> list[str]:
    points = ["OpenStackControlPlane: `spec.ovn.template.ovnController` is left out; networkers are the gateways."]
    if cluster.options.pods_over_bgp:
        points.append(
            "Once pods are attached, `oc get frrconfiguration -A` has one for each, and the leaves their routes."
        )
    points.append(
        "Services pin their address: annotations `metallb.universe.tf/address-pool`, `…/loadBalancerIPs` and, where "
        "shared, `…/allow-shared-ip`. The pools give nothing out by themselves."
    )
    return points


def _notes(cluster: Cluster) -> Iterator[str]:
    yield "## Afterwards"
    yield ""
    if cluster.is_rhoso and cluster.options.pods_over_bgp:
        yield "- Session timers, ports and passwords cannot be changed while pods are announced: frr-k8s's webhook"
        yield "  refuses a session that differs from the pods' clones. Scale infra-operator down, delete the clones,"
        yield "  then change."
    if any(node.config.static_routes for node in cluster.speakers):
        yield "- The nodes' static routes stay when a leaf dies silently with its carrier up: watch the sessions, whose"
        yield "  hold time tells."
    if cluster.is_rhoso and any(node.role == "worker" for node in cluster.nodes):
        yield f"- Dead workers are restarted while at least {min_healthy(cluster)} % are healthy. LVMS volumes have to"
        yield "  be detached by hand."
