"""A change of a running lab that breaks off at each kind of step: the lab is what it was, and says why."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from fabric.config import FabricConfig, Interface, Port
from fabric.errors import LabError
from fabric.lab import DaemonName, EmbeddedEngine, Fault, Impaired, Impairment, LabSpec, LabStatus
from fabric.lab._control import ask
from tests.lab.conftest import WaitUntil
from tests.lab.fabrics import lab_spec, lonely_router, with_conf
from tests.lab.ordinary_user import CHECKOUT
from tests.lab.test_lifecycle import supervisor_pid

pytestmark = pytest.mark.lab

_NHID = re.compile(r"nhid \d+ ")
"""How a route refers to its next hops, not where they are: a zebra that starts anew takes over routes as they stand."""
BACK = "the lab runs its old design"


def grown() -> LabSpec:
    """The small fabric with a third leaf, and ports for it on the spines."""
    return lab_spec(leaves=(1, 2, 3))


def exchanged() -> LabSpec:
    """Leaf 3 in place of leaf 2: devices, cables, addresses and neighbors go and come."""
    return lab_spec(leaves=(1, 3))


def status_of(engine: EmbeddedEngine, name: str = "tiny") -> LabStatus:
    status = engine.status(name)
    assert status is not None
    return status


def routes(engine: EmbeddedEngine) -> dict[str, list[str]]:
    """All kernel routes of all devices but those of link-local and multicast addresses."""
    found = {}
    for device in status_of(engine).devices:
        lines = "".join(engine.run("tiny", device, ("ip", v, "route", "show")).stdout for v in ("-4", "-6"))
        found[device] = sorted(
            " ".join(line.split()) for line in _NHID.sub("", lines).splitlines() if "fe80::/64" not in line
        )
    return found


def _without_numbers(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """The routes without the link-local addresses, which follow from the numbers of interfaces."""
    return {device: sorted(re.sub(r"fe80::\S+", "fe80::", line) for line in lines) for device, lines in found.items()}


def links(engine: EmbeddedEngine) -> dict[str, object]:
    """Number, name, hardware address, MTU, state and addresses of every interface of every device."""
    found: dict[str, object] = {}
    for device in status_of(engine).devices:
        entries = json.loads(engine.run("tiny", device, ("ip", "-json", "address")).stdout)
        found[device] = sorted(
            (
                e["ifindex"],
                e["ifname"],
                e["address"],
                e["mtu"],
                e["operstate"],
                sorted(a["local"] for a in e["addr_info"]),
            )
            for e in entries
        )
    return found


def configurations(engine: EmbeddedEngine) -> dict[str, str]:
    return {d: engine.vtysh("tiny", d, ["show running-config"]) for d in status_of(engine).devices}


def daemons(engine: EmbeddedEngine) -> set[tuple[str, str, bool]]:
    return {(entry.device, entry.daemon, entry.running) for entry in status_of(engine).daemons}


class Witness:
    """The small fabric, converged, and what it was like."""

    def __init__(self, engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
        self.engine = engine
        self._wait = wait_until
        engine.up(lab_spec())
        wait_until(lambda: all(self._complete(*entry) for entry in routes(engine).items()), "all routes")
        self._was = self._state()
        self._routes = routes(engine)

    @staticmethod
    def _complete(device: str, lines: list[str]) -> bool:
        """In both families a spine has a way to either leaf, a leaf one to either spine and two to the other leaf."""
        ways = (4, 0) if device.startswith("spine") else (6, 4)
        return ways == (sum("proto bgp" in line for line in lines), sum(line.startswith("nexthop") for line in lines))

    def _state(self) -> tuple[object, ...]:
        status = status_of(self.engine)
        return status.phase, status.digest, links(self.engine), configurations(self.engine), daemons(self.engine)

    def is_as_it_was(self) -> None:
        assert self._state() == self._was
        with suppress(AssertionError):
            self._wait(lambda: routes(self.engine) == self._routes, "the kernel FIBs of before")
        assert routes(self.engine) == self._routes

    def sessions(self) -> dict[str, tuple[int, int]]:
        """How often each session of the first leaf came up and went down; FRR's times of that can be a second off."""
        peers = json.loads(self.engine.vtysh("tiny", "leaf-1", ["show bgp neighbors json"]))
        return {n: (peer["connectionsEstablished"], peer["connectionsDropped"]) for n, peer in peers.items()}


@pytest.fixture
def witness(engine: EmbeddedEngine, wait_until: WaitUntil) -> Witness:
    return Witness(engine, wait_until)


def refused(engine: EmbeddedEngine, spec: LabSpec) -> str:
    with pytest.raises(LabError) as caught:
        engine.apply(spec)
    return str(caught.value)


def _with_mtu(spec: LabSpec, device: str, port: str, mtu: int) -> LabSpec:
    ports = tuple(replace(p, mtu=mtu) if p.name == port else p for p in spec.fabric.by_name[device].interfaces)
    devices = tuple(replace(d, interfaces=ports) if d.name == device else d for d in spec.fabric.devices)
    return replace(spec, fabric=replace(spec.fabric, devices=devices))


def inside(engine: EmbeddedEngine, *argv: str) -> None:
    done = engine.run("tiny", None, argv)
    assert done.exit_code == 0, done.stderr


def test_a_new_device_whose_configuration_frr_refuses(witness: Witness) -> None:
    before = witness.sessions()
    words = refused(witness.engine, with_conf(grown(), "leaf-3", "not a line of frr\n"))
    assert "It failed at starting FRR on new devices and changing it on others." in words
    assert "leaf-3" in words
    assert "not a line of frr" in words
    assert BACK in words
    witness.is_as_it_was()
    assert witness.sessions() == before, "sessions that nothing changed about were reset"
    witness.engine.apply(grown())
    assert "leaf-3" in routes(witness.engine)


def test_a_device_that_stays_whose_new_configuration_frr_refuses(witness: Witness) -> None:
    words = refused(witness.engine, with_conf(exchanged(), "leaf-1", "not a line of frr\n"))
    assert "leaf-1" in words
    assert BACK in words
    witness.is_as_it_was()


def test_a_port_whose_name_is_taken(witness: Witness) -> None:
    """Leaf 2 is gone by then, with its cables: it comes back."""
    engine = witness.engine
    assert engine.run("tiny", "spine-2", ("ip", "link", "add", "down3", "type", "bridge")).exit_code == 0
    words = refused(engine, exchanged())
    assert "It failed at laying cables." in words
    assert "the kernel refused cable spine-2:down3 to leaf-3:up2: File exists" in words
    assert engine.run("tiny", "spine-2", ("ip", "link", "del", "down3")).exit_code == 0
    witness.is_as_it_was()


def test_a_device_that_gets_no_namespace(witness: Witness) -> None:
    inside(witness.engine, "mkdir", "/run/netns/leaf-3")
    words = refused(witness.engine, exchanged())
    assert "It failed at making new devices.\n" in words
    assert "Not a directory" in words
    witness.is_as_it_was()
    inside(witness.engine, "rmdir", "/run/netns/leaf-3")
    witness.engine.apply(exchanged())


def test_an_address_that_the_kernel_refuses(witness: Witness) -> None:
    """IPv6 needs 1280 bytes (RFC 8200 section 5)."""
    words = refused(witness.engine, _with_mtu(exchanged(), "leaf-3", "up1", 1000))
    assert "It failed at giving new devices their addresses." in words
    assert "leaf-3: the kernel refused address fd01::7/127" in words
    witness.is_as_it_was()


def test_a_size_that_the_kernel_refuses(witness: Witness) -> None:
    words = refused(witness.engine, _with_mtu(grown(), "leaf-1", "up2", 70_000))
    assert "It failed at changing the ports of devices that stay." in words
    assert "leaf-1: the kernel refused MTU 70000" in words
    witness.is_as_it_was()


def test_a_daemon_that_cannot_start(witness: Witness) -> None:
    """Its socket's place is taken by what cannot be removed, which no `LabError` foresees."""
    inside(witness.engine, "mkdir", "-p", "/run/frr/leaf-3/bgpd.vty")
    words = refused(witness.engine, exchanged())
    assert "It failed at starting FRR on new devices and changing it on others." in words
    assert "bgpd.vty" in words
    witness.is_as_it_was()


def test_a_daemon_that_dies_meanwhile_is_started_again(witness: Witness) -> None:
    """Not one of those that the change is about."""
    victim = next(d.pid for d in status_of(witness.engine).daemons if (d.device, d.daemon) == ("leaf-1", "bgpd"))
    watch = f"while [ ! -S /run/frr/leaf-3/zebra.vty ]; do :; done; kill -KILL {victim}"
    with witness.engine.converse("tiny", ("sh", "-c", watch)) as killer:
        words = refused(witness.engine, grown())
        assert killer.wait(10) == 0
    assert "leaf-1: bgpd ended with signal SIGKILL" in words
    witness.is_as_it_was()


def test_a_design_that_cannot_be_written_down(witness: Witness, tmp_path: Path) -> None:
    obstacle = tmp_path / "state" / "labs" / "tiny" / ".blueprint.json.new"
    obstacle.mkdir()
    words = refused(witness.engine, exchanged())
    assert "It failed at writing the new design down." in words
    obstacle.rmdir()
    witness.is_as_it_was()


def test_a_way_back_that_fails_too_is_told_and_the_lab_is_failed(witness: Witness) -> None:
    watch = "while [ -e /run/netns/leaf-2 ]; do :; done; mkdir /run/netns/leaf-2"
    with witness.engine.converse("tiny", ("sh", "-c", watch)) as obstructor:
        words = refused(witness.engine, with_conf(exchanged(), "leaf-3", "not a line of frr\n"))
        assert obstructor.wait(10) == 0
    assert "Lab tiny is failed. Changing it failed at starting FRR" in words
    assert "not a line of frr" in words
    assert "Taking that back failed as well, at making new devices." in words
    assert "Not a directory" in words
    assert status_of(witness.engine).phase == "failed"
    assert "Lab tiny is failed, and cannot be changed. End it with `fabric lab down`." in refused(
        witness.engine, lab_spec()
    )
    assert witness.engine.down("tiny")


APPLY = """
from fabric.lab import EmbeddedEngine
from tests.lab.test_apply import exchanged
EmbeddedEngine().apply(exchanged())
"""


def test_killing_the_supervisor_between_two_designs_leaves_what_down_removes(
    witness: Witness, environ: Mapping[str, str], tmp_path: Path, wait_until: WaitUntil
) -> None:
    labs = tmp_path / "state" / "labs"
    program = (sys.executable, "-c", APPLY)
    with subprocess.Popen(
        program, env={**environ, "PYTHONPATH": str(CHECKOUT)}, stderr=subprocess.PIPE, text=True
    ) as caller:
        wait_until(lambda: status_of(witness.engine).phase == "changing", "the change to have begun")
        with pytest.raises(LabError, match="Lab tiny is changing"):
            witness.engine.changes(grown())
        os.kill(supervisor_pid(labs, "tiny"), signal.SIGKILL)
        assert "The lab does not answer" in caller.communicate()[1]
    wait_until(lambda: witness.engine.status("tiny") is None, "the end of the lab")
    assert witness.engine.names() == ()
    assert witness.engine.leftovers() == ("tiny",)
    assert not witness.engine.down("tiny")
    assert list(labs.iterdir()) == []


def test_the_way_there_and_back_again_is_free_of_traces(witness: Witness, wait_until: WaitUntil) -> None:
    """The numbers of interfaces are other ones, and nothing else."""
    before = routes(witness.engine), configurations(witness.engine), daemons(witness.engine)
    witness.engine.apply(exchanged())
    witness.engine.apply(lab_spec())
    assert (configurations(witness.engine), daemons(witness.engine)) == before[1:]
    wait_until(lambda: _without_numbers(routes(witness.engine)) == _without_numbers(before[0]), "the FIBs of before")


def test_faults_and_impairments_are_of_the_new_design(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    new, old = Port("leaf-3", "up1"), Port("leaf-2", "up1")
    loss = Impairment(loss_percent=100.0)
    engine.apply(exchanged())
    assert engine.fail("tiny", Fault("link", ports=(new,))).ports == 1
    assert (
        json.loads(engine.run("tiny", "leaf-3", ("ip", "-json", "link", "show", "up1")).stdout)[0]["operstate"]
        == "DOWN"
    )
    engine.heal("tiny", None)
    assert engine.fail("tiny", Fault("dead", killed=(DaemonName("leaf-3", "bgpd"),))).targets == ("dead",)
    engine.heal("tiny", None)
    assert engine.impair("tiny", Impaired("loss", loss, (new,))).targets == ("loss",)
    engine.clear("tiny", None)
    for strange in (
        lambda: engine.fail("tiny", Fault("link", ports=(old,))),
        lambda: engine.impair("tiny", Impaired("loss", loss, (old,))),
    ):
        with pytest.raises(LabError, match="has no leaf-2:up1"):
            strange()


def _refusal(order: Callable[[], object]) -> str:
    """The words of the `LabError` that the order ends with; empty where it is carried out."""
    try:
        order()
    except LabError as error:
        return str(error)
    return ""


def test_a_vrf_that_the_kernel_lacks_is_refused_before_anything_changes(engine: EmbeddedEngine) -> None:
    """Where it has them, `tests/lab/test_kernel.py` shows one that comes and goes."""
    plain = lonely_router("vrf")
    engine.up(plain)
    pids = [daemon.pid for daemon in status_of(engine, "vrf").daemons]
    device = replace(plain.fabric.devices[0], interfaces=(Interface("eth0", vrf="blue"),))
    spec = replace(plain, fabric=replace(plain.fabric, devices=(device,)))
    rehearsed, words = _refusal(lambda: engine.rehearse(spec)), _refusal(lambda: engine.apply(spec))
    assert rehearsed == words
    if words:
        assert "cannot be changed to this design, and nothing was. r1: the kernel refused VRF blue" in words
        assert "CONFIG_NET_VRF" in words
        assert [daemon.pid for daemon in status_of(engine, "vrf").daemons] == pids
        assert status_of(engine, "vrf").phase == "running"
    else:
        assert engine.run("vrf", "r1", ("ip", "link", "show", "blue")).exit_code == 0


def test_an_apply_that_another_one_overtook_changes_nothing(engine: EmbeddedEngine, tmp_path: Path) -> None:
    """What it left was drawn from another lab than is there now."""
    engine.up(lonely_router("twice"))
    labs = tmp_path / "state" / "labs" / "twice"
    (labs / "next.json").write_text((labs / "blueprint.json").read_text())
    other = {"op": "apply", "from": "another", "to": status_of(engine, "twice").digest}
    with pytest.raises(LabError, match="was changed by another process just now"):
        ask(supervisor_pid(tmp_path / "state" / "labs", "twice"), other)
    assert status_of(engine, "twice").phase == "running"


def test_a_bridge_comes_and_goes(engine: EmbeddedEngine) -> None:
    """Its device is built anew; what is asked of the lab meanwhile is asked of the new device."""
    plain = lonely_router("bridged")
    ports = (Interface("lo"), Interface("eth0"), Interface("eth1"), Interface("br0", (ip_interface("10.1.0.1/24"),)))
    engine.up(plain)
    joined = (*ports[:3], replace(ports[3], members=("eth0", "eth1")))
    spec = replace(plain, fabric=FabricConfig("bridged", (replace(plain.fabric.devices[0], interfaces=joined),), ()))
    assert engine.changes(spec) == ("build r1 anew",)
    engine.apply(spec)
    members = json.loads(engine.run("bridged", "r1", ("ip", "-json", "link", "show", "master", "br0")).stdout)
    assert {entry["ifname"] for entry in members} == {"eth0", "eth1"}
    assert "10.1.0.0/24 dev br0" in engine.run("bridged", "r1", ("ip", "route")).stdout
    engine.apply(plain)
    assert "br0" not in engine.run("bridged", "r1", ("ip", "link")).stdout
