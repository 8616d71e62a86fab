"""The words that name faults, what the simulator gets of them, and what a probe must then find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fabric.config import FabricConfig, Port
from fabric.errors import InputError
from fabric.lab import DaemonName, DaemonStatus, Fault, LabStatus, ProbePair, fabric_of, spec_of
from fabric.resources import directory
from fabric.simulate import Walk, loopback, sessions_over
from fabric.topology import load
from fabric.verify import broken, failures_of, fault_of, predict, unpredicted
from fabric.verify._reach import Expected, expected

DAEMONS = (DaemonStatus("spine-1", "zebra", 3), DaemonStatus("spine-1", "bgpd", 4))


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    return spec_of(load(directory("topologies") / "quickstart.yaml")).fabric


@pytest.fixture
def status(fabric: FabricConfig) -> LabStatus:
    devices = tuple(fabric.by_name)
    return LabStatus("quickstart", "running", "", "", devices, DAEMONS, (), {})


def test_a_link_goes_down_at_the_end_that_is_named(fabric: FabricConfig, status: LabStatus) -> None:
    for port in fabric.cables[0].a, fabric.cables[0].b:
        fault = fault_of(fabric, status, f"link:{port}")
        assert fault.ports == (port,)
        assert failures_of(fabric, [fault]).cables == {fabric.cables[0]}


@pytest.mark.parametrize(
    ("target", "ports"),
    [
        ("link:spine-1--a1-leaf-1", {"spine-1:eth1"}),
        ("node:spine-2", {f"spine-2:eth{n}" for n in range(1, 5)}),
        ("partition:zone-a", {"a1-leaf-1:eth1", "a1-leaf-1:eth2", "a1-leaf-2:eth1", "a1-leaf-2:eth2"}),
    ],
)
def test_ports_of_a_fault(fabric: FabricConfig, status: LabStatus, target: str, ports: set[str]) -> None:
    assert {str(port) for port in fault_of(fabric, status, target).ports} == ports


def test_groups_hold_every_cabled_port_of_their_devices(fabric: FabricConfig, status: LabStatus) -> None:
    inside = {d.name for d in fabric if d.place.zone == "zone-a"}
    ends = {end for cable in fabric.cables for end in (cable.a, cable.b)}
    assert set(fault_of(fabric, status, "zone:zone-a").ports) == {end for end in ends if end.device in inside}
    leaves = {end for end in ends if fabric.by_name[end.device].place.role == "leaf"}
    assert set(fault_of(fabric, status, "tier:leaf").ports) == leaves


def test_a_daemon_is_killed_or_stopped_and_not_predicted(fabric: FabricConfig, status: LabStatus) -> None:
    killed = fault_of(fabric, status, "daemon:spine-1:bgpd")
    stopped = fault_of(fabric, status, "pause:spine-1:bgpd")
    assert killed == Fault("daemon:spine-1:bgpd", killed=(DaemonName("spine-1", "bgpd"),))
    assert stopped.paused == killed.killed
    assert unpredicted(fabric, [killed, fault_of(fabric, status, "node:spine-1"), stopped]) == (killed, stopped)


def test_silence_takes_the_sessions_of_a_link_and_leaves_the_link(fabric: FabricConfig, status: LabStatus) -> None:
    one_way = fault_of(fabric, status, "silent:spine-1:eth1")
    both = fault_of(fabric, status, "silent:spine-1--a1-leaf-1")
    several = fault_of(fabric, status, "silent:spine-1--a1-leaf-1,spine-1:eth1,spine-2--a1-leaf-1")
    other = fault_of(fabric, status, "silent:spine-2--a1-leaf-1")
    assert several.deaf == (*both.deaf, *other.deaf)
    assert (one_way.deaf, one_way.ports) == ((Port("spine-1", "eth1"),), ())
    assert set(both.deaf) == {Port("spine-1", "eth1"), Port("a1-leaf-1", "eth1")}
    failures = failures_of(fabric, [one_way])
    assert failures == failures_of(fabric, [both])
    assert (failures.cables, len(failures.sessions)) == (frozenset(), 4)  # two ends, two families
    assert {end.device for end in failures.sessions} == {"spine-1", "a1-leaf-1"}
    assert unpredicted(fabric, [both]) == ()


def test_silence_under_a_static_route_is_not_predicted(status: LabStatus) -> None:
    """Its session is gone within a second; the route stays as long as the node's kernel finds its neighbor."""
    fabric = spec_of(load(directory("topologies") / "rhoso-bgp-dt01.yaml")).fabric
    for target in ("silent:rack-0-leaf-0--rack-0-worker-0", "silent:rack-0-worker-0:eth1"):
        fault = fault_of(fabric, status, target)
        assert sessions_over(fabric, [c for c in fabric.cables if {c.a, c.b} & set(fault.deaf)])
        assert unpredicted(fabric, [fault]) == (fault,)
    assert not unpredicted(fabric, [fault_of(fabric, status, "silent:spine-0--rack-0-leaf-0")])


def test_power_takes_daemons_and_ports_and_the_device_is_dead(fabric: FabricConfig, status: LabStatus) -> None:
    fault = fault_of(fabric, status, "power:spine-1")
    assert set(fault.killed) == {("spine-1", "zebra"), ("spine-1", "bgpd")}
    assert {port.device for port in fault.ports} == {"spine-1"}
    all_dead = replace(fault, killed=tuple(DaemonName("spine-1", d) for d in fabric.by_name["spine-1"].daemons))
    assert failures_of(fabric, [all_dead]).devices == {"spine-1"}
    assert failures_of(fabric, [replace(all_dead, ports=fault.ports[1:])]).devices == frozenset()
    assert unpredicted(fabric, [all_dead]) == ()
    assert "spine-1" not in predict(fabric, failures_of(fabric, [all_dead])).forwarding


def test_a_drained_device_is_predicted_with_graceful_shutdown(fabric: FabricConfig, status: LabStatus) -> None:
    fault = fault_of(fabric, status, "drain:spine-1")
    [change] = fault.reconfigured
    assert change.undo[-1] == f"no {change.lines[-1]}" == "no bgp graceful-shutdown"
    what = broken(fabric, [fault])
    [instance] = what.fabric.by_name["spine-1"].bgp
    assert instance.graceful_shutdown
    assert what.failures == failures_of(fabric, [])


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("spine-1", "found the kind 'spine-1'; allowed: link, node, .*pause"),
        ("drain:spine-9", "found the device 'spine-9'"),
        ("silent:spine-1:eth9", "cables of spine-1"),
        ("power:zone-q", "found the zone or device 'zone-q'; allowed: zone-a, zone-b"),
        ("node:spine-3", "^node:spine-3: .*Did you mean spine-"),
        ("link:spine-1:eth9", "cables of spine-1"),
        ("partition:zone-q", "allowed: zone-a, zone-b"),
        ("daemon:spine-1:ospfd", "allowed: spine-1:zebra, spine-1:bgpd"),
        ("pause:nobody:bgpd", "found the daemon 'nobody:bgpd'"),
    ],
)
def test_what_is_no_fault_is_said_with_what_is_allowed(
    fabric: FabricConfig, status: LabStatus, target: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        fault_of(fabric, status, target)


def test_pairs_are_expected_as_the_broken_fabric_has_them(fabric: FabricConfig) -> None:
    cut = Fault("cut", ports=(Port("a1-server-1", "eth1"), Port("a1-server-1", "eth2")))
    walk = Walk(predict(fabric, failures_of(fabric, [cut])).simulation, "ipv4")
    assert expected(walk, _pair(fabric, "a1-server-1", "b1-server-1")) is Expected.NONE
    assert expected(walk, _pair(fabric, "b1-server-1", "a1-server-1")) is Expected.NONE
    assert expected(walk, _pair(fabric, "a1-server-2", "b1-server-1")) is Expected.ALL


def test_a_pair_of_which_some_ecmp_members_deliver_is_expected_to_lose_some_flows(fabric: FabricConfig) -> None:
    deaf = replace(fabric.by_name["spine-1"], forwarding=False)
    half = replace(fabric, devices=tuple(deaf if d.name == deaf.name else d for d in fabric))
    walk = Walk(predict(half).simulation, "ipv4")
    assert expected(walk, _pair(fabric, "a1-server-1", "b1-server-1")) is Expected.SOME


def _pair(fabric: FabricConfig, source: str, target: str) -> ProbePair:
    ends = [(name, loopback(fabric.by_name[name], "ipv4")) for name in (source, target)]
    (a, a_address), (b, b_address) = ends
    assert a_address is not None
    assert b_address is not None
    return ProbePair(a, a_address, b, b_address)


def test_a_running_lab_is_predicted_as_its_frr_does_things() -> None:
    sources = spec_of(load(directory("topologies") / "quickstart.yaml")).sources
    status = LabStatus("quickstart", "running", "", "10.3", (), (), (), sources)
    assert {device.frr_release for device in fabric_of(status)} == {10}
    assert {device.frr_release for device in fabric_of(replace(status, frr_version="8.4.4"))} == {8}
