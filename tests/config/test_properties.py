"""What holds for the configuration of any design: both ends of every cable tell the same story."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fabric import config, plan
from fabric.config import BgpInstance, DeviceConfig, FabricConfig, Neighbor, Port
from fabric.resources import directory
from fabric.topology import load
from tests.designs import Values, design_of, topologies

SHIPPED = sorted(directory("topologies").glob("*.yaml"))


def instance(device: DeviceConfig) -> BgpInstance:
    """The device's BGP instance, which it must have to own a session."""
    found = device.default_bgp
    assert found is not None
    return found


def port_of(fabric: FabricConfig, device: DeviceConfig, session: Neighbor) -> Port:
    """The port at the far end of the session's cable, found by the peer's name or address."""
    for interface in device.interfaces:
        near = Port(device.name, interface.name)
        if near not in fabric.peer_of:
            continue
        if session.peer == interface.name:
            return fabric.peer_of[near]
        if not isinstance(session.peer, str) and any(session.peer in a.network for a in interface.addresses):
            return fabric.peer_of[near]
    raise AssertionError(f"{device.name} has a session with {session.peer}, which is at the end of no cable")


def mate_of(fabric: FabricConfig, device: DeviceConfig, session: Neighbor) -> tuple[DeviceConfig, Neighbor]:
    """The other end of a session."""
    port = port_of(fabric, device, session)
    far = fabric.by_name[port.device]
    own = {address.ip for interface in device.interfaces for address in interface.addresses}
    if isinstance(session.peer, str):
        mates = [n for n in instance(far).neighbors if n.peer == port.interface]
    else:
        assert session.peer in {address.ip for address in far.interface(port.interface).addresses}
        mates = [
            n for n in instance(far).neighbors if n.peer in own and n.families[0].family == session.families[0].family
        ]
    assert len(mates) == 1
    return far, mates[0]


def check_sessions(fabric: FabricConfig) -> int:
    """Asserts that each session has a mate that agrees with it; returns how many ends there are."""
    count = 0
    for device in fabric:
        for session in device.default_bgp.neighbors if device.default_bgp else ():
            far, mate = mate_of(fabric, device, session)
            near_asn, far_asn = instance(device).asn, instance(far).asn
            assert session.remote_as == ("internal" if near_asn == far_asn else far_asn)
            assert [f.family for f in session.families] == [f.family for f in mate.families]
            assert (session.bfd, session.bfd_profile) == (mate.bfd, mate.bfd_profile)
            assert session.update_source is None or (session.bfd and session.update_source == mate.peer)
            assert not (session.passive and mate.passive)
            assert not session.passive or None not in (session.update_source, mate.update_source)
            assert (session.timers, session.connect_s) == (mate.timers, mate.connect_s)
            assert (session.password, session.port) == (mate.password, mate.port)
            assert session.bfd_profile is None or session.bfd_profile in {p.name for p in device.bfd_profiles}
            assert not session.shutdown
            count += 1
    return count


def check_names(fabric: FabricConfig) -> None:
    """Every policy that a session names exists on its device; interface names and MTUs of a cable match."""
    for device in fabric:
        lists = {(entry.name, entry.family) for entry in device.policies.prefix_lists}
        maps = {entry.name for entry in device.policies.route_maps}
        for session in device.default_bgp.neighbors if device.default_bgp else ():
            for entry in session.families:
                named = {entry.prefix_list_in, entry.prefix_list_out} - {None}
                assert all((name, entry.family) in lists for name in named)
                assert {entry.route_map_in, entry.route_map_out} - {None} <= maps
        assert all(entry.route_map in maps for entry in device.fib_filters)
        names = [interface.name for interface in device.interfaces]
        assert len(names) == len(set(names))
    for cable in fabric.cables:
        upper, lower = (fabric.by_name[port.device].interface(port.interface) for port in (cable.a, cable.b))
        assert upper.mtu == lower.mtu


def check_router_ids(fabric: FabricConfig) -> None:
    """Router ids are unique and never 0.0.0.0, by which sessions are refused (RFC 4271 section 6.2)."""
    ids = [instance(device).router_id for device in fabric if device.default_bgp]
    assert len(ids) == len(set(ids))
    assert "0.0.0.0" not in ids


def check(fabric: FabricConfig) -> None:
    """Every property of a configuration by itself."""
    check_sessions(fabric)
    check_names(fabric)
    check_router_ids(fabric)


@given(topologies())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_configuration_is_sound(values: Values) -> None:
    check(config.build(plan.build(design_of(values))))


@given(topologies())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_design_gives_the_same_configuration(values: Values) -> None:
    first, second = (config.build(plan.build(design_of(values))) for _ in range(2))
    assert first == second
    assert repr(first) == repr(second)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_configuration_of_a_shipped_topology_is_sound(path: Path) -> None:
    fabric = config.build(plan.build(load(path)))
    check(fabric)
    assert check_sessions(fabric) >= 2 * len(fabric.cables) - 12
