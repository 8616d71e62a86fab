"""What the controller checks on the routers of one FRRConfiguration before it converts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fabric.kubernetes._golang import parse_ip, prefix_family, quote
from fabric.kubernetes._refusal import Refusals, RefusedError
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._api import FrrConfiguration, Neighbor, Router
from fabric.kubernetes.frr_k8s._internal import SessionFamily


def session_family(neighbor: Neighbor) -> SessionFamily:
    """The family of a neighbor's session; raises `RefusedError` where its address is none."""
    if neighbor.interface and not neighbor.address:
        return "dual"
    address = parse_ip(neighbor.address)
    if address is None:
        quoted = f"[{quote(neighbor.address)}]"
        raise RefusedError(
            f"failed to find ipfamily for {neighbor.address}, IPFamilyForAddresses: Invalid address {quoted}"
        )
    if neighbor.interface or neighbor.dual_stack:
        return "dual"
    return "ipv6" if address.version == 6 else "ipv4"


def prefixes_by_vrf(configuration: FrrConfiguration) -> Mapping[str, tuple[str, ...]]:
    """The prefixes of each VRF's router; of two routers of one VRF the last counts."""
    return {router.vrf: router.prefixes for router in configuration.routers}


def check_router(router: Router, by_vrf: Mapping[str, Sequence[str]], refusals: Refusals) -> tuple[str, ...] | None:
    """All prefixes that the router may advertise, its own and those of VRFs it imports; `None` after a refusal."""
    found = len(refusals.found)
    for prefix in router.prefixes:
        if prefix_family(prefix) is None:
            refusals.add(f"unknown ipfamily for {prefix}", [router.origin])
    imported: list[str] = []
    for vrf in router.imports:
        if vrf != "default" and vrf not in by_vrf:
            name = f"router {router.asn}-{router.vrf}"
            refusals.add(f"{name} imports vrf {vrf} which is not defined", [router.origin])
            continue
        key = "" if vrf == "default" else vrf  # the default VRF has a name only where it is imported
        if key not in by_vrf:
            refusals.add(f"vrf {key} not found in prefixes in router", [router.origin])
            continue
        imported.extend(by_vrf[key])
    return (*router.prefixes, *imported) if len(refusals.found) == found else None


def neighbor_faults(neighbor: Neighbor, router: Router, prefixes: frozenset[str], dialect: Dialect) -> Iterator[str]:
    """Every reason for which a neighbor's `toAdvertise` is refused, given all prefixes its router may advertise."""
    if dialect.per_prefix_filters:
        yield from _unconfigured(neighbor, router, prefixes)
        return
    try:
        family = session_family(neighbor) if neighbor.address else "dual"
    except RefusedError as reason:
        yield f"failed to find ipfamily for neighbor {neighbor.name}, err: {reason}"
        return
    yield from _modifier_faults(neighbor, family)
    if neighbor.to_advertise.mode != "all":
        fault = _incompatible(neighbor.to_advertise.prefixes, family)
        if fault:
            listed = _listed(neighbor.to_advertise.prefixes)
            yield f"invalid allowed prefixes {listed} for neighbor {neighbor.name}, err: {fault}"
        yield from _unconfigured(neighbor, router, prefixes)


def _unconfigured(neighbor: Neighbor, router: Router, prefixes: frozenset[str]) -> Iterator[str]:
    if neighbor.to_advertise.mode == "all":
        return
    for prefix in neighbor.to_advertise.prefixes:
        if prefix not in prefixes:
            target = f"neighbor {neighbor.name}, vrf {router.vrf}"
            yield f"trying to advertise non configured prefix {prefix} to {target}"


def _modifier_faults(neighbor: Neighbor, family: SessionFamily) -> Iterator[str]:
    known: dict[str, int] = {}
    for entry in neighbor.to_advertise.with_local_pref:
        listed = _listed(entry.prefixes)
        fault = _incompatible(entry.prefixes, family)
        if fault:
            place = f"for localpref {entry.local_pref} for neighbor {neighbor.name}"
            yield f"invalid prefixes {listed} {place}, err: {fault}"
        for prefix in entry.prefixes:
            earlier = known.setdefault(prefix, entry.local_pref)
            if earlier != entry.local_pref:
                both = f"both local preference {earlier} and {entry.local_pref}"
                yield f"prefix {listed} is configured with {both}"
    for community in neighbor.to_advertise.with_community:
        fault = _incompatible(community.prefixes, family)
        if fault:
            listed = _listed(community.prefixes)
            place = f"for community {community.community} for neighbor {neighbor.name}"
            yield f"invalid prefixes {listed} {place}, err: {fault}"


def _incompatible(prefixes: Iterable[str], family: SessionFamily) -> str | None:
    for prefix in prefixes:
        own = prefix_family(prefix)
        if own is None:
            return f"unknown ipfamily for {prefix}"
        if family not in ("dual", own):
            return f"prefix {prefix} is not compatible with the ipfamily {family}"
    return None


def _listed(prefixes: Iterable[str]) -> str:
    return f"[{' '.join(prefixes)}]"


def local_asn_fault(neighbor: Neighbor, router: Router) -> str | None:
    """The reason against `localASN` on an iBGP session; one with a dynamic ASN is not caught, as in the controller."""
    if not neighbor.local_asn or neighbor.dynamic_asn or neighbor.asn != router.asn:
        return None
    same = f"neighbor ASN {neighbor.asn} equals router ASN"
    return f"neighbor {neighbor.name}: localASN is not supported for iBGP sessions ({same})"
