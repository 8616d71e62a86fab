"""The releases whose behaviour is known, and in what they differ.

Letters name the dialects of the rendered configuration: A0 (4.16), A (4.18), A+ (4.19), B (4.20), C (4.22 and
frr-k8s v0.0.22 to v0.0.25) and D (frr-k8s main after v0.0.25).
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Literal

from fabric._values import dataclass
from fabric.errors import InputError


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a release of frr-k8s merges resources and writes `frr.conf`."""

    letter: str
    log_target: Literal["file /etc/frr/frr.log", "stdout"] = "stdout"
    per_prefix_filters: bool = False
    """Dialect A: one `pl-` list for both families, modifiers written prefix by prefix, no check of families."""
    self_merge: bool = True
    """A router is merged with itself, which sorts it, clears defaults and refuses contradictory twins."""
    bfd_profile_fills_in: bool = True
    """One resource may give a BFD profile to a session that another one describes without (v0.0.23)."""
    bfd_own_line: bool = True
    """`neighbor X bfd` before `neighbor X bfd profile Y`, which keeps a reload from resetting the session."""
    echo_words: tuple[str, ...] = ("echo transmit-interval", "echo receive-interval")
    """The directives of a BFD profile's echo interval (one until v0.0.12)."""
    preserve_forwarding: bool = True
    """`bgp graceful-restart preserve-fw-state`."""
    interface_peers: bool = True
    ignores_disable_mp: bool = True
    next_hops: bool = False
    fallback_router_id: bool = False
    log_level_resource: bool = True
    """The resource FRRK8sConfiguration `config` sets the log level (v0.0.23)."""


@dataclass(frozen=True, slots=True)
class Release:
    """One OpenShift release or upstream version: its dialect, schemas and namespaces."""

    name: str
    frr_k8s: str
    metallb: str
    dialect: Dialect
    frr_k8s_schema: str
    peers_schema: str
    advertisements_schema: str
    pools_schema: str
    namespace: str
    """Where frr-k8s runs, unless told otherwise."""
    own_namespace_only: bool = True
    """frr-k8s reads only the FRRConfigurations of its own namespace (v0.0.19)."""
    metallb_namespace: str = "metallb-system"
    cluster_wide_peers: bool = True
    """MetalLB up to 0.15.3 compares the BGPPeers of the whole cluster, not those that share a node."""
    metallb_hold_s: int | None = None
    """The hold time that MetalLB gives a peer without one; `None` leaves it to FRR (metallb pull request 2537)."""
    metallb_family_filter: bool = True
    """MetalLB gives a neighbor only the prefixes of its own family (not up to 0.14.8)."""
    neighbor_order: Literal["session", "peer"] = "session"
    bgpd_listens: bool = False
    aliases: tuple[str, ...] = field(default=())

    def schema_file(self, group: str, plural: str) -> str | None:
        """The shipped resource definition for a kind, or `None` where its schema is not checked."""
        name = f"{group}_{plural}"
        if name in _PLAIN_SCHEMAS:
            return f"{name}.yaml"
        versions = {
            "frrk8s.metallb.io_frrconfigurations": self.frr_k8s_schema,
            "metallb.io_bgppeers": self.peers_schema,
            "metallb.io_bgpadvertisements": self.advertisements_schema,
            "metallb.io_ipaddresspools": self.pools_schema,
        }
        return f"{name}.{versions[name]}.yaml" if name in versions else None


_PLAIN_SCHEMAS = frozenset(
    [
        "frrk8s.metallb.io_frrk8sconfigurations",
        "metallb.io_bfdprofiles",
        "metallb.io_communities",
        "network.openstack.org_bgpconfigurations",
    ]
)

_D = Dialect("D", next_hops=True, fallback_router_id=True)
_C_UPSTREAM = Dialect("C")
_C = replace(_C_UPSTREAM, bfd_profile_fills_in=False, log_level_resource=False)
_B = replace(_C, letter="B", log_target="file /etc/frr/frr.log")
_A_PLUS = replace(_B, letter="A+", per_prefix_filters=True, self_merge=False, ignores_disable_mp=False)
_A = replace(_A_PLUS, letter="A", interface_peers=False)
_A0 = replace(_A, letter="A0", bfd_own_line=False, echo_words=("echo-interval",), preserve_forwarding=False)

_4_18 = Release(
    name="4.18",
    frr_k8s="v0.0.15",
    metallb="0.14.8",
    dialect=_A,
    frr_k8s_schema="ocp4.18",
    peers_schema="ocp4.18",
    advertisements_schema="ocp4.18",
    pools_schema="ocp4.18",
    namespace="metallb-system",
    own_namespace_only=False,
    metallb_family_filter=False,
    neighbor_order="peer",
    aliases=("ocp4.18",),
)
_4_16 = replace(
    _4_18,
    name="4.16",
    frr_k8s="v0.0.10",
    metallb="0.14.4",
    dialect=_A0,
    frr_k8s_schema="ocp4.16",
    peers_schema="ocp4.16",
    metallb_hold_s=90,
    aliases=("ocp4.16",),
)
_4_19 = replace(
    _4_18,
    name="4.19",
    frr_k8s="v0.0.17",
    metallb="0.14.9",
    dialect=_A_PLUS,
    frr_k8s_schema="ocp4.19",
    peers_schema="ocp4.19",
    metallb_family_filter=True,
    neighbor_order="session",
    aliases=("ocp4.19",),
)
_4_20 = replace(
    _4_19,
    name="4.20",
    frr_k8s="v0.0.20",
    metallb="0.15.2",
    dialect=_B,
    frr_k8s_schema="ocp4.20",
    peers_schema="ocp4.20",
    pools_schema="main",
    namespace="openshift-frr-k8s",
    own_namespace_only=True,
    aliases=("ocp4.20", "4.21", "ocp4.21"),
)
_4_22 = replace(
    _4_20,
    name="4.22",
    frr_k8s="v0.0.22",
    metallb="0.15.3",
    dialect=_C,
    frr_k8s_schema="ocp4.22",
    advertisements_schema="main",
    aliases=("ocp4.22",),
)
_V0_0_25 = replace(
    _4_22,
    name="v0.0.25",
    frr_k8s="v0.0.25",
    metallb="0.16.1",
    dialect=_C_UPSTREAM,
    frr_k8s_schema="v0.0.25",
    peers_schema="main",
    namespace="frr-k8s-system",
    cluster_wide_peers=False,
    aliases=(),
)
_MAIN = replace(
    _V0_0_25,
    name="main",
    frr_k8s="main 43dd6d6",
    metallb="main 7938d3f",
    dialect=_D,
    frr_k8s_schema="main",
    aliases=("head",),
)

RELEASES = (_4_16, _4_18, _4_19, _4_20, _4_22, _V0_0_25, _MAIN)
"""Every known release, oldest first."""

RELEASE_NAMES = ("4.16", "4.18", "4.19", "4.20", "4.21", "4.22", "v0.0.25", "main")
"""What users call them."""
_BY_NAME = {name: release for release in RELEASES for name in (release.name, *release.aliases)}


def release(name: str) -> Release:
    """The release called `name`, such as `4.18`, `ocp4.20`, `v0.0.25` or `main`; raises `InputError`."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise InputError(
            f"Found the release {name!r}; allowed: {', '.join(RELEASE_NAMES)}. Name one of these."
        ) from None
