"""Merging and final checks of the EVPN part of routers (frr-k8s main)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fabric.kubernetes._refusal import Refusals
from fabric.kubernetes.frr_k8s._api import Evpn, Vni
from fabric.kubernetes.frr_k8s._internal import RouterConfig


def merge_evpn(first: Evpn | None, second: Evpn | None) -> Evpn | None:
    """Both in one; raises `ValueError` with the controller's reason where they contradict each other."""
    if first is None or second is None:
        return first or second
    vnis = first.advertise_vnis or "Disabled", second.advertise_vnis or "Disabled"
    if vnis[0] != vnis[1]:
        raise ValueError(f'different advertiseVNIs ("{vnis[0]}" != "{vnis[1]}")')
    if first.advertise_svi != second.advertise_svi:
        svi = str(first.advertise_svi).lower(), str(second.advertise_svi).lower()
        raise ValueError(f"different advertiseSVI ({svi[0]} != {svi[1]})")
    return Evpn(
        first.advertise_vnis or second.advertise_vnis,
        first.advertise_svi,
        _merge_l2vnis(first.l2vnis, second.l2vnis),
        _merge_l3vni(first.l3vni, second.l3vni),
    )


def _merge_l2vnis(first: tuple[Vni, ...], second: tuple[Vni, ...]) -> tuple[Vni, ...]:
    if not first or not second:
        return first or second
    merged = {vni.number: vni for vni in first}
    for vni in second:
        known = merged.get(vni.number)
        try:
            merged[vni.number] = _merge_vni(known, vni) if known else vni
        except ValueError as conflict:
            raise ValueError(f"could not merge l2vni {vni.number}, err: {conflict}") from conflict
    return tuple(merged[number] for number in sorted(merged))


def _merge_l3vni(first: Vni | None, second: Vni | None) -> Vni | None:
    if first is None or second is None:
        return first or second
    if first.number != second.number:
        raise ValueError(f"different l3vni numbers ({first.number} != {second.number})")
    prefixes = tuple(sorted({*first.advertise_prefixes, *second.advertise_prefixes}))
    return replace(_merge_vni(first, second), advertise_prefixes=prefixes)


def _merge_vni(first: Vni, second: Vni) -> Vni:
    if first.rd and second.rd and first.rd != second.rd:
        raise ValueError(f"different RD values ({first.rd} != {second.rd})")
    return Vni(
        first.number,
        first.rd or second.rd,
        _merge_targets("import", first.import_rts, second.import_rts),
        _merge_targets("export", first.export_rts, second.export_rts),
    )


def _merge_targets(direction: str, first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Union; targets that one side leaves to FRR cannot be joined with targets that the other side names."""
    if bool(first) != bool(second):
        mixing = "mixing implicit and explicit route targets"
        raise ValueError(f"conflicting {direction} route targets: {mixing}")
    return tuple(sorted({*first, *second}))


def check_evpn(routers: Iterable[RouterConfig], refusals: Refusals) -> None:
    """Notes EVPN settings that the node's routers, all merged, cannot carry."""
    routers = tuple(routers)
    for router in routers:
        for reason in _router_faults(router):
            refusals.add(f'invalid EVPN configuration for vrf "{router.vrf}": {reason}', router.origins)
    _check_numbers(routers, refusals)


def _router_faults(router: RouterConfig) -> Iterator[str]:
    evpn = router.evpn
    if evpn is None:
        return
    wants_neighbor = evpn.advertise_vnis == "All" or evpn.advertise_svi or bool(evpn.l2vnis)
    if wants_neighbor and not any("evpn" in session.address_families for session in router.sessions):
        yield "advertiseVNIs=All, advertiseSVI and l2vnis require at least one neighbor with evpn address family"
    if evpn.l3vni is not None and router.sessions:
        yield "l3vni can only be configured on routers with no neighbors"


def _check_numbers(routers: Iterable[RouterConfig], refusals: Refusals) -> None:
    used: dict[int, tuple[str, RouterConfig]] = {}
    for router in routers:
        for role, vni in _numbered(router.evpn):
            known_role, known = used.setdefault(vni.number, (role, router))
            if (known_role, known) != (role, router):
                places = f'{known_role} in vrf "{known.vrf}" and as {role} in vrf "{router.vrf}"'
                refusals.add(f"duplicate VNI {vni.number}: configured as {places}", (*known.origins, *router.origins))


def _numbered(evpn: Evpn | None) -> Iterator[tuple[str, Vni]]:
    if evpn is not None:
        yield from (("l2vni", vni) for vni in evpn.l2vnis)
        if evpn.l3vni is not None:
            yield "l3vni", evpn.l3vni
