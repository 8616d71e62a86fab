"""Rules whose breaches the controllers' own code shows: admission, MetalLB, infra-operator, frr-k8s and its FRR.

What `fabric frr-k8s lint` reports comes from the same functions; here each of its rules has an id, a why and a source.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fabric.check._rule import Hit, Rule, Severity
from fabric.check._scene import ResourceScene, from_lint
from fabric.errors import Problem


def _of_problem(problem: Problem) -> Hit:
    return Hit(problem.where, problem.path or "document", f"found {problem.found}; allowed: {problem.allowed}")


def refused(scene: ResourceScene) -> Iterator[Hit]:
    yield from map(_of_problem, scene.sifted.refused)


def repeated(scene: ResourceScene) -> Iterator[Hit]:
    yield from map(_of_problem, scene.sifted.repeated)


def _lint(id_: str, name: str, severity: Severity, *words: str) -> Rule[ResourceScene]:
    title, why, source, fix = words
    return Rule(id_, title, severity, why, source, fix, partial(from_lint, name))


_METALLB = "MetalLB, frr-k8s mode"
_INFRA = "infra-operator, BGPConfiguration controller"
_FRR_K8S = "frr-k8s, translation of FRRConfigurations"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-501",
        "The API server takes the object",
        "error",
        "What breaks the schema of the release is refused as a whole, and so is all that `oc apply` had behind it.",
        "CustomResourceDefinitions of the release; Kubernetes API conventions",
        "Correct the field; `--release` names what the cluster runs.",
        refused,
    ),
    Rule(
        "FAB-502",
        "An object is written once",
        "warning",
        "Of two objects with one name the last applied wins, and a directory has no order.",
        "Kubernetes, object names",
        "Check the output of `kustomize build DIR` instead of its parts, or remove one of the two.",
        repeated,
    ),
    _lint(
        "FAB-503",
        "unknown-field",
        "warning",
        "Every field is one that the release knows",
        "The API server drops an unknown field without a word, and what it asked for does not happen.",
        "CustomResourceDefinitions of the release",
        "Correct the field's name, or leave it out.",
    ),
    _lint(
        "FAB-504",
        "metallb-refuses",
        "error",
        "MetalLB takes the configuration",
        "MetalLB takes all of its resources or none: one mistake keeps every address from being announced.",
        f"{_METALLB}, configuration parser",
        "Correct the resource that the reason names.",
    ),
    _lint(
        "FAB-505",
        "absent-name",
        "error",
        "A BGPAdvertisement names peers and pools that exist",
        "MetalLB passes over an unknown name silently, and what it meant is not announced.",
        f"{_METALLB}, BGPAdvertisement",
        "Correct the name, or remove it.",
    ),
    _lint(
        "FAB-506",
        "unused-peer",
        "warning",
        "Every BGPPeer is in some BGPAdvertisement",
        "A peer that all advertisements leave out gets no address: its leaf never sees the node's services.",
        f"{_METALLB}, BGPAdvertisement.spec.peers; OpenStack operators' reference topologies",
        "Add the peer to spec.peers, or leave spec.peers out to mean all.",
    ),
    _lint(
        "FAB-507",
        "hostname-label",
        "error",
        "A node's hostname label is its name",
        "MetalLB selects the node of an FRRConfiguration by that label with the name as value.",
        f"{_METALLB}, generated FRRConfiguration",
        "Set the label kubernetes.io/hostname to the node's name.",
    ),
    _lint(
        "FAB-508",
        "not-carried-over",
        "warning",
        "A BGPPeer has only fields that frr-k8s gets",
        "In frr-k8s mode sourceAddress and localASN of a peer are dropped.",
        f"{_METALLB}, generated FRRConfiguration",
        "Write an FRRConfiguration of your own for the peer.",
    ),
    _lint(
        "FAB-509",
        "bfd-with-bgp-configuration",
        "error",
        "No BFD profile beside a BGPConfiguration",
        "The pods' configurations name the profile and do not define it, so frr-k8s refuses them.",
        f"{_INFRA}; metallb issue 2904",
        "Leave bfdProfile out.",
    ),
    _lint(
        "FAB-510",
        "vrf-with-bgp-configuration",
        "error",
        "No VRF beside a BGPConfiguration",
        "The pods' configurations put the neighbor into the default VRF.",
        _INFRA,
        "Use the default VRF.",
    ),
    _lint(
        "FAB-511",
        "settled-by-bgp-configuration",
        "note",
        "Sessions are settled before pods hold copies of them",
        "The webhook refuses to change a session while a pod's configuration describes it differently.",
        f"{_INFRA}; infra-operator pull request 322 (known issue)",
        "Settle timers, ports and passwords before pods run, or delete the pods' configurations first.",
    ),
    _lint(
        "FAB-512",
        "attributes-with-bgp-configuration",
        "error",
        "No communities or local preference beside a BGPConfiguration",
        "They are copied with prefixes that the pods' configurations do not hold, so frr-k8s refuses them.",
        _INFRA,
        "Leave them out, or set them on the leaves.",
    ),
    _lint(
        "FAB-513",
        "four-byte-asn",
        "note",
        "ASNs fit what the schema declares",
        "The schema calls an ASN int32, and API servers from Kubernetes 1.36 on refuse what does not fit.",
        "metallb issue 3034",
        "Prefer an ASN up to 2147483647.",
    ),
    _lint(
        "FAB-514",
        "pod-configuration",
        "error",
        "infra-operator can write the pods' configurations",
        "One node without a configuration of its own stops it for all pods.",
        _INFRA,
        "Give every node with such pods a BGPPeer.",
    ),
    _lint(
        "FAB-515",
        "frozen-node",
        "error",
        "The FRRConfigurations of a node do not contradict each other",
        "One contradiction freezes the node for everybody: nothing is applied there any more.",
        f"{_FRR_K8S}, merge rules",
        "Make the configurations agree in what the reason names.",
    ),
    _lint(
        "FAB-516",
        "graceful-restart-differs",
        "error",
        "Copies of a session agree on graceful restart",
        "It is neither compared nor merged: chance decides which copy counts.",
        f"{_FRR_K8S}, merge rules",
        "Write the same in all copies.",
    ),
    _lint(
        "FAB-517",
        "mode-all-is-local",
        "warning",
        "`mode: all` stands where the prefixes are",
        "It means all prefixes of the same resource, not of the node.",
        f"{_FRR_K8S}, toAdvertise",
        "Advertise prefixes in the resource that defines them.",
    ),
    _lint(
        "FAB-518",
        "label-change-conflicts",
        "note",
        "Configurations that may meet on a node get on with each other",
        "No webhook sees a label change, and the node that gets both sets of labels freezes.",
        f"{_FRR_K8S}, webhook",
        "Make the two agree, or select by host name.",
    ),
    _lint(
        "FAB-519",
        "router-id",
        "error",
        "A router id is a dotted quad other than 0.0.0.0",
        "frr-k8s writes any text, and FRR refuses the node's whole reload for it.",
        "FRR, bgp router-id; RFC 6286",
        "Write an IPv4 address that no other router has.",
    ),
    _lint(
        "FAB-520",
        "imports-other-asn",
        "error",
        "VRFs that import each other have one ASN",
        "bgpd creates the imported VRF with the importer's ASN and then loses the VRF's own configuration.",
        "FRR, import vrf",
        "Use one ASN for both.",
    ),
    _lint(
        "FAB-521",
        "unnumbered-multihop",
        "error",
        "An interface peer has no ebgpMultiHop",
        "FRR refuses it after the reload began.",
        "FRR, neighbor ebgp-multihop",
        "Leave ebgpMultiHop out.",
    ),
    _lint(
        "FAB-522",
        "unnumbered-source",
        "warning",
        "An interface peer has no source address",
        "FRR ignores it.",
        "FRR, neighbor update-source",
        "Leave sourceaddress out.",
    ),
    _lint(
        "FAB-523",
        "keepalive-over-a-third",
        "warning",
        "The keepalive time is at most a third of the hold time",
        "bgpd lowers it, and differs from its file at every reload.",
        "RFC 4271 section 4.4; FRR, timers bgp",
        "Lower keepaliveTime.",
    ),
    _lint(
        "FAB-524",
        "timers-lost",
        "error",
        "Both timers differ from frr-k8s's defaults, or none",
        "frr-k8s clears the one that equals its default and then writes no timers at all.",
        f"{_FRR_K8S}, self-merge",
        "Change both.",
    ),
    _lint(
        "FAB-525",
        "connect-time-lost",
        "warning",
        "connectTime is not 60 s",
        "It is taken for a default and never written; FRR's own default is another.",
        f"{_FRR_K8S}, self-merge",
        "Write 59s or 61s.",
    ),
    _lint(
        "FAB-526",
        "clear-text-password",
        "warning",
        "No password stands in clear text",
        "Whoever may read the object reads the password, and so does everybody who reads the repository.",
        "MetalLB and frr-k8s, passwordSecret",
        "Put it into a kubernetes.io/basic-auth Secret, and name that in passwordSecret.",
    ),
    _lint(
        "FAB-527",
        "prefix-spelling",
        "warning",
        "Prefixes are written as FRR prints them",
        "frr-k8s compares them as text, so other fields must repeat every oddity.",
        f"{_FRR_K8S}, prefixes",
        "Write the prefix without bits behind its length, in lower case.",
    ),
    _lint(
        "FAB-528",
        "wildcard-route-target",
        "warning",
        "Route targets are ones that FRR 8.4 reads",
        "`*:N` is malformed there, and the reload fails.",
        "FRR 8.4, route-target import",
        "Run a newer FRR on the nodes, or write the AS number.",
    ),
    _lint(
        "FAB-529",
        "selects-no-node",
        "warning",
        "What selects nodes selects some",
        "No controller says that a resource is for nobody: its sessions just never exist.",
        "Kubernetes, label selectors; MetalLB and frr-k8s",
        "Correct the selector or the nodes' labels.",
    ),
)
