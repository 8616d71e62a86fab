"""What needs netem or VRFs of the kernel; `tests.uml` tells where these tests run."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from fabric.config import (
    BgpFamily,
    BgpInstance,
    Cable,
    DeviceConfig,
    FabricConfig,
    Interface,
    Neighbor,
    NeighborFamily,
    Place,
    Port,
    Redistribute,
)
from fabric.lab import EmbeddedEngine, Impaired, Impairment, LabSpec, find_frr
from fabric.lab._blueprint import draw
from fabric.lab._containers._enter import ask
from fabric.lab._containers._start import with_indexes
from fabric.lab._impairment import impaired_value
from fabric.render import frr_files
from tests.lab.conftest import WaitUntil
from tests.lab.fabrics import LOOPBACKS, lab_spec

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
LINK = (Port("leaf-1", "up1"), Port("spine-1", "down1"))


def _router(number: int, far: int) -> DeviceConfig:
    """VRFs blue and red with the same link addresses in both, and a network of their own each."""
    ports = []
    instances = []
    for place, vrf in enumerate(("blue", "red"), start=1):
        ports.append(Interface(f"eth{place}", (ip_interface(f"10.0.0.{number}/31"),), vrf=vrf))
        ports.append(Interface(f"net{place}", (ip_interface(f"10.9.{place}{number}.1/24"),), vrf=vrf))
        neighbor = Neighbor(ip_address(f"10.0.0.{far}"), "external", (NeighborFamily("ipv4"),), connect_s=1)
        family = BgpFamily("ipv4", redistribute=(Redistribute("connected"),))
        instances.append(BgpInstance(65000 + number, f"1.1.1.{number + 1}", (neighbor,), (family,), vrf=vrf))
    return DeviceConfig(f"r{number}", Place("leaf"), (Interface("lo"), *ports), tuple(instances))


def _vrf_lab(names: Sequence[str]) -> LabSpec:
    """Two routers with these of the VRFs."""
    devices = tuple(_with_vrfs(router, names) for router in (_router(0, 1), _router(1, 0)))
    ports = {port.name for port in devices[0].interfaces}
    cables = tuple(Cable(Port("r0", f"eth{n}"), Port("r1", f"eth{n}")) for n in (1, 2) if f"eth{n}" in ports)
    files = {device.name: frr_files(device) for device in devices}
    return LabSpec("vrfs", FabricConfig("vrfs", devices, cables), files)


def _with_vrfs(router: DeviceConfig, names: Sequence[str]) -> DeviceConfig:
    ports = tuple(port for port in router.interfaces if port.vrf is None or port.vrf in names)
    return replace(router, interfaces=ports, bgp=tuple(i for i in router.bgp if i.vrf in names))


def _bgp_routes(engine: EmbeddedEngine, *table: str) -> set[str]:
    found = json.loads(engine.run("vrfs", "r1", ("ip", "-json", "route", "show", *table)).stdout)
    return {route["dst"] for route in found if route["protocol"] == "bgp"}


@pytest.mark.kernel("vrf")
def test_a_vrf_comes_and_goes_in_a_running_lab(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    """Blue comes before red, whose routing table it gets."""
    engine.up(_vrf_lab(["red"]))
    engine.apply(_vrf_lab(["blue", "red"]))
    wait_until(lambda: _bgp_routes(engine, "vrf", "blue") == {"10.9.10.0/24"}, "blue's network of r0 in VRF blue")
    wait_until(lambda: _bgp_routes(engine, "vrf", "red") == {"10.9.20.0/24"}, "red's network of r0 in VRF red")
    engine.apply(_vrf_lab(["blue"]))
    wait_until(lambda: _bgp_routes(engine, "vrf", "blue") == {"10.9.10.0/24"}, "blue's network of r0 in VRF blue")
    assert engine.run("vrfs", "r1", ("ip", "link", "show", "red")).exit_code != 0


@pytest.mark.kernel("vrf")
def test_vrfs_of_a_design_keep_equal_addresses_apart(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    engine.up(_vrf_lab(["blue", "red"]))
    wait_until(lambda: _bgp_routes(engine, "vrf", "blue") == {"10.9.10.0/24"}, "blue's network of r0 in VRF blue")
    wait_until(lambda: _bgp_routes(engine, "vrf", "red") == {"10.9.20.0/24"}, "red's network of r0 in VRF red")
    assert _bgp_routes(engine) == set()
    for vrf, far in (("blue", "10.9.10.1"), ("red", "10.9.20.1")):
        assert engine.run("vrfs", "r1", ("ping", "-c1", "-W5", "-I", vrf, far)).exit_code == 0
    wrong = engine.run("vrfs", "r1", ("ping", "-c1", "-W1", "-I", "blue", "10.9.20.1"))
    assert wrong.exit_code != 0


def _rtt_ms(engine: EmbeddedEngine, count: int = 20) -> tuple[float, float, float]:
    """The least, mean and most round trip over the link, in ms."""
    ping = ("ping", "-q", "-c", str(count), "-i", "0.05", "-I", "up1", "10.0.0.2")
    said = engine.run("tiny", "leaf-1", ping).stdout
    least, mean, most = (float(text) for text in re.findall(r"= ([\d.]+)/([\d.]+)/([\d.]+)/", said)[0])
    return least, mean, most


@pytest.mark.kernel("netem")
def test_netem_delays_varies_loses_and_slows(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    engine.up(lab_spec())
    assert set(LOOPBACKS) >= {port.device for port in LINK}
    plain = _rtt_ms(engine)
    delayed = engine.impair("tiny", Impaired("link", Impairment(delay_ms=40), LINK))
    assert dict(delayed.means) == {"netem": 2}
    least, mean, _ = _rtt_ms(engine)
    assert least >= 80
    assert mean < 80 + 10 * max(plain[2], 1), f"noise without it: {plain}"

    engine.impair("tiny", Impaired("link", Impairment(delay_ms=40, jitter_ms=20), LINK))
    least, _, most = _rtt_ms(engine, 40)
    assert most - least > 20, f"noise without it: {plain}"

    engine.impair("tiny", Impaired("link", Impairment(rate_mbit=1), LINK))
    assert "rate 1Mbit" in engine.run("tiny", "leaf-1", ("tc", "qdisc", "show", "dev", "up1")).stdout
    large = ("ping", "-c1", "-W5", "-s", "8000", "-I", "up1", "10.0.0.2")
    slow = re.search(r"time=([\d.]+)", engine.run("tiny", "leaf-1", large).stdout)
    assert slow is not None
    assert float(slow[1]) > 100  # 8028 bytes at 1 Mbit/s take 64 ms, each way

    engine.impair("tiny", Impaired("link", Impairment(loss_percent=50, delay_ms=1), LINK[:1]))
    lossy = engine.run("tiny", "leaf-1", ("ping", "-q", "-c100", "-i0.02", "-I", "up1", "10.0.0.2")).stdout
    lost = re.search(r"(\d+)(?:\.\d+)?% packet loss", lossy)
    assert lost is not None
    assert 25 <= int(lost[1]) <= 75
    engine.clear("tiny", None)
    assert "netem" not in engine.run("tiny", "leaf-1", ("tc", "qdisc", "show", "dev", "up1")).stdout
    wait_until(lambda: _rtt_ms(engine, 3)[0] < 40, "the delay to be gone")


def _bad_packets(engine: EmbeddedEngine) -> int:
    """The packets whose IP header or checksum the kernel of spine-1 found wrong so far."""
    lines = engine.run("tiny", "spine-1", ("cat", "/proc/net/snmp")).stdout.splitlines()
    counted: dict[tuple[str, str], int] = {}
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        protocol, *fields = names.split()
        counted |= {(protocol, f): int(v) for f, v in zip(fields, values.split()[1:], strict=True)}
    return sum(
        counted[field] for field in (("Ip:", "InHdrErrors"), ("Icmp:", "InCsumErrors"), ("Tcp:", "InCsumErrors"))
    )


def _answered(engine: EmbeddedEngine, count: int) -> int:
    """How many of so many pings over the link are answered by what was sent."""
    ping = ("ping", "-q", "-c", str(count), "-i", "0.01", "-W1", "-p", "5a", "-s", "1000", "-I", "up1", "10.0.0.2")
    said = re.search(r"(\d+) received(?:, (\+\d+ errors|\+\d+ corrupted))?", engine.run("tiny", "leaf-1", ping).stdout)
    assert said is not None
    assert said[2] is None, "what arrived was not what was sent"
    return int(said[1])


@pytest.mark.kernel("netem")
def test_netem_damages_packets_which_checksums_turn_into_loss(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    assert (_bad_packets(engine), _answered(engine, 50)) == (0, 50)
    damaged = engine.impair("tiny", Impaired("link", Impairment(corrupt_percent=50), LINK[:1]))
    assert dict(damaged.means) == {"netem": 1}
    assert "corrupt 50%" in engine.run("tiny", "leaf-1", ("tc", "qdisc", "show", "dev", "up1")).stdout
    lost = 200 - _answered(engine, 200)
    found = _bad_packets(engine)
    assert 50 <= lost <= 150
    assert found >= 0.9 * lost  # netem hits any of the first 1042 octets, 14 of which are the Ethernet header

    engine.clear("tiny", None)
    found = _bad_packets(engine)
    assert (_answered(engine, 50), _bad_packets(engine)) == (50, found)


@pytest.fixture
def containers() -> Iterator[Mapping[str, int]]:
    """The first processes of two containers, as far as the network goes, with the cable `LINK` between them."""
    if os.geteuid() != 0:
        pytest.skip("entering containers needs root")
    with ExitStack() as stack:
        started = {p.device: stack.enter_context(subprocess.Popen(_OWN_NETWORK, stdout=-1)) for p in LINK}
        for process in started.values():
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
        pids = {device: process.pid for device, process in started.items()}
        ends = [(port.interface, "netns", str(pids[port.device])) for port in LINK]
        subprocess.run(("ip", "link", "add", *ends[0], "type", "veth", "peer", "name", *ends[1]), check=True)
        yield pids


_OWN_NETWORK = ("unshare", "--net", "--uts", "sh", "-c", "echo ready; exec sleep 600")


@pytest.mark.kernel("netem")
def test_each_command_knows_what_the_ones_before_made_of_links_of_containers(containers: Mapping[str, int]) -> None:
    drawn = draw(lab_spec(), find_frr(os.environ))
    found = ask(containers, {"op": "indexes", "devices": list(containers)})
    blueprint = with_indexes(drawn, {device.name: found.get(device.name, {}) for device in drawn.devices})
    lab = {"blueprint": blueprint.to_json(), "before": [], "relay": ""}
    delay = impaired_value(Impaired("delay", Impairment(delay_ms=40), LINK))
    narrow = impaired_value(Impaired("narrow", Impairment(mtu=1300, loss_percent=1), LINK[:1]))

    def impair(before: Sequence[Any], after: Sequence[Any]) -> Any:
        return ask(containers, {**lab, "op": "impair", "impaired": before, "after": after})["means"]

    def said_of_up1() -> str:
        enter = ("nsenter", f"--net=/proc/{containers['leaf-1']}/ns/net")
        return subprocess.run((*enter, "ip", "link", "show", "up1"), capture_output=True, text=True, check=True).stdout

    before = said_of_up1()
    assert "netem" not in before
    assert impair([], [delay]) == {"netem": 2}
    assert "netem" in said_of_up1()
    assert impair([delay], [delay, narrow]) == {"netem": 2}
    assert "mtu 1300 qdisc netem" in said_of_up1()
    assert impair([delay, narrow], [narrow]) == {"netem": 1}
    assert impair([narrow], []) == {}
    assert said_of_up1().replace("mtu 9000", "mtu 1500") == before
