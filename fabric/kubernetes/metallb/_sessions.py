"""A speaker's BGP sessions as the one FRRConfiguration that it writes for its node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fabric._values import dataclass
from fabric.kubernetes._golang import Family, format_duration, prefix_family
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import HOSTNAME_LABEL
from fabric.kubernetes.frr_k8s import BfdProfile
from fabric.kubernetes.metallb._model import Peer
from fabric.kubernetes.metallb._services import Announcement

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PeerSession:
    """One session of a node: its peer, and what it announces there."""

    peer: Peer
    announcements: tuple[Announcement, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The node that a configuration is for, and the namespace that frr-k8s reads."""

    node: str
    namespace: str
    release: Release
    secret_passthrough: bool
    """The FRRConfiguration names the secret; otherwise MetalLB writes its password in clear text."""


def configuration_name(node: str) -> str:
    """The name of the FRRConfiguration that MetalLB writes for a node."""
    return f"metallb-{node}"


def frr_configuration(target: Target, sessions: Iterable[PeerSession], profiles: Iterable[BfdProfile]) -> Json:
    """The FRRConfiguration of one node, without the defaults that the API server adds."""
    routers: dict[str, list[PeerSession]] = {}
    for session in sessions:
        routers.setdefault(_router_key(session.peer), []).append(session)
    bgp: Json = {"routers": [_router(target, routers[key]) for key in sorted(routers)]}
    bgp["bfdProfiles"] = [_bfd_profile(profile) for profile in profiles]
    return {
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "FRRConfiguration",
        "metadata": {"name": configuration_name(target.node), "namespace": target.namespace},
        "spec": {
            # The value is the node's name, whatever its hostname label says.
            "nodeSelector": {"matchLabels": {HOSTNAME_LABEL: target.node}},
            "bgp": _without_empty(bgp),
        },
    }


def _router_key(peer: Peer) -> str:
    return f"{peer.my_asn}@{_or_nil(peer.router_id)}@{peer.vrf}"


def _or_nil(value: object | None) -> str:
    return "<nil>" if value is None else str(value)


def session_key(peer: Peer, release: Release) -> str:
    """What orders the neighbors of a router, and makes two sessions the same."""
    asn = peer.dynamic_asn or str(peer.asn)
    end = peer.interface or str(peer.address)
    suffix = f"/{peer.vrf}" if peer.vrf else ""
    if release.neighbor_order == "peer":
        host = f"[{end}]" if ":" in end else end
        return f"{asn}@{host}:{peer.port}{suffix}"
    return f"{asn}@{end}-{peer.my_asn}@{_or_nil(peer.source)}{suffix}"


def _router(target: Target, sessions: Iterable[PeerSession]) -> Json:
    by_key = {session_key(session.peer, target.release): session for session in sessions}
    ordered = [by_key[key] for key in sorted(by_key)]
    neighbors = [_neighbor(session, target) for session in ordered]
    prefixes = {prefix for neighbor in neighbors for prefix in neighbor["toAdvertise"]["allowed"].get("prefixes", ())}
    peer = ordered[0].peer
    return _without_empty(
        {
            "asn": peer.my_asn,
            "id": str(peer.router_id) if peer.router_id else "",
            "vrf": peer.vrf,
            "neighbors": neighbors,
            "prefixes": sorted(prefixes),
        }
    )


def _neighbor(session: PeerSession, target: Target) -> Json:
    """One neighbor; `sourceAddress` and `localASN` of the BGPPeer are not carried over, by MetalLB either."""
    peer = session.peer
    clear_text = peer.password or ("" if target.secret_passthrough else peer.secret_password)
    neighbor = _without_empty(
        {
            "asn": peer.asn,
            "dynamicASN": peer.dynamic_asn,
            "address": str(peer.address) if peer.address else "",
            "interface": peer.interface,
            "password": clear_text,
            "passwordSecret": _secret(peer) if target.secret_passthrough else {},
            "bfdProfile": peer.bfd_profile,
            "enableGracefulRestart": peer.graceful_restart,
            "ebgpMultiHop": peer.ebgp_multi_hop,
            "disableMP": peer.disable_mp,
            "dualStackAddressFamily": peer.dual_stack,
        }
    )
    times = {"holdTime": peer.hold_ns, "keepaliveTime": peer.keepalive_ns, "connectTime": peer.connect_ns}
    neighbor.update({key: format_duration(value) for key, value in times.items() if value is not None})
    if peer.port:
        neighbor["port"] = peer.port
    neighbor["toAdvertise"] = _to_advertise(_of_family(session, target.release))
    neighbor["toReceive"] = {"allowed": {}}
    return neighbor


def _secret(peer: Peer) -> Json:
    return _without_empty({"name": peer.secret[1], "namespace": peer.secret[0]}) if peer.secret else {}


def _of_family(session: PeerSession, release: Release) -> list[Announcement]:
    """The announcements of the session's own family; older releases send all to every peer."""
    families = _families(session.peer)
    return [
        entry
        for entry in session.announcements
        if not release.metallb_family_filter or prefix_family(entry.prefix) in families
    ]


def _families(peer: Peer) -> tuple[Family, ...]:
    if peer.address is None or peer.dual_stack:
        return ("ipv4", "ipv6")
    return ("ipv6",) if peer.address.version == 6 else ("ipv4",)


def _to_advertise(entries: Iterable[Announcement]) -> Json:
    allowed: set[str] = set()
    by_preference: dict[int, set[str]] = {}
    by_community: dict[str, set[str]] = {}
    for entry in entries:
        allowed.add(entry.prefix)
        if entry.local_pref:
            by_preference.setdefault(entry.local_pref, set()).add(entry.prefix)
        for community in entry.communities:
            by_community.setdefault(community, set()).add(entry.prefix)
    preferences = [{"prefixes": sorted(by_preference[key]), "localPref": key} for key in sorted(by_preference)]
    communities = [{"prefixes": sorted(by_community[key]), "community": key} for key in sorted(by_community)]
    modifiers = _without_empty({"withLocalPref": preferences, "withCommunity": communities})
    return {"allowed": _without_empty({"prefixes": sorted(allowed)}), **modifiers}


def _bfd_profile(profile: BfdProfile) -> Json:
    numbers = {
        "receiveInterval": profile.receive_interval,
        "transmitInterval": profile.transmit_interval,
        "detectMultiplier": profile.detect_multiplier,
        "echoInterval": profile.echo_interval,
        "minimumTtl": profile.minimum_ttl,
    }
    stated = {key: value for key, value in numbers.items() if value is not None}
    return {"name": profile.name, **stated, "echoMode": profile.echo_mode, "passiveMode": profile.passive_mode}


def _without_empty(value: Mapping[str, Any]) -> Json:
    return {key: entry for key, entry in value.items() if entry}
