"""What needs netem or VRFs of the kernel; `tests.uml` tells where these tests run."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address, ip_interface

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
from fabric.lab import EmbeddedEngine, Impaired, Impairment, LabSpec
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


@pytest.mark.kernel("vrf")
def test_vrfs_of_a_design_keep_equal_addresses_apart(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    devices = (_router(0, 1), _router(1, 0))
    cables = tuple(Cable(Port("r0", f"eth{n}"), Port("r1", f"eth{n}")) for n in (1, 2))
    files = {device.name: frr_files(device) for device in devices}
    engine.up(LabSpec("vrfs", FabricConfig("vrfs", devices, cables), files))

    def routes(*table: str) -> set[str]:
        found = json.loads(engine.run("vrfs", "r1", ("ip", "-json", "route", "show", *table)).stdout)
        return {route["dst"] for route in found if route["protocol"] == "bgp"}

    wait_until(lambda: routes("vrf", "blue") == {"10.9.10.0/24"}, "blue's network of r0, alone, in VRF blue")
    wait_until(lambda: routes("vrf", "red") == {"10.9.20.0/24"}, "red's network of r0, alone, in VRF red")
    assert routes() == set()
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
