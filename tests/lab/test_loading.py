"""An integrated `frr.conf` given to daemons without vtysh comes to what it comes to with vtysh."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, socket

import pytest

from fabric.config import BgpInstance, DeviceConfig, FabricConfig, Place
from fabric.errors import LabError
from fabric.lab import EmbeddedEngine, LabSpec, spec_of
from fabric.lab._frr import find_frr
from fabric.lab._loading import Loading, blocks
from fabric.resources import directory
from fabric.topology import load
from tests.lab.fabrics import Files, lonely_router

CONF = """! A comment
frr defaults datacenter
service integrated-vtysh-config
!
bfd
 profile fast
  receive-interval 100
 exit
 !
exit
vrf red
exit-vrf
hostname r1
end
"""
BFD = ["bfd", " profile fast", "  receive-interval 100", " exit", "exit"]


class FakeDaemon:
    """Knows some first words of lines, and refuses some; what it is told is in `told`."""

    def __init__(self, *known: str, refused: str = "nothing", closing: int = 0) -> None:
        self._known = (*known, "enable", "configure", "XFRR_start_configuration", "end", "exit", "exit-vrf")
        self._refused = refused
        self._closing = closing
        self.told: list[str] = []

    def result(self, line: str) -> int:
        self.told.append(line)
        if line == "XFRR_end_configuration":
            return self._closing
        if line.split(maxsplit=1)[0] == self._refused:
            return 13
        return 0 if line.split(maxsplit=1)[0] in self._known else 2

    @property
    def lines(self) -> list[str]:
        assert self.told[:3] == ["enable", "configure terminal", "XFRR_start_configuration"]
        assert self.told[-2:] == ["XFRR_end_configuration", "end"]
        return self.told[3:-2]

    @contextmanager
    def listening(self, path: Path) -> Iterator[Path]:
        with socket(AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            yield path
            thread.join()
        path.unlink()

    def _serve(self, listener: socket) -> None:
        client, _ = listener.accept()
        with client:
            rest = b""
            while piece := client.recv(7):  # smaller than a line
                *lines, rest = (rest + piece).split(b"\0")
                for line in lines:
                    result = self.result(line.decode())
                    client.sendall(b"% Unknown\n" if result == 2 else b"")
                    client.sendall(bytes([0, 0, 0, result]))


def loaded(tmp_path: Path, *daemons: FakeDaemon) -> Loading:
    loading = Loading(CONF)
    for number, daemon in enumerate(daemons):
        with daemon.listening(tmp_path / f"{number}.vty") as path:
            loading.tell(path)
    return loading


def test_a_block_is_kept_from_a_daemon_that_does_not_know_its_head(tmp_path: Path) -> None:
    zebra, bfdd = FakeDaemon("frr", "vrf", "hostname"), FakeDaemon("frr", "bfd", "profile", "receive-interval")
    loading = loaded(tmp_path, zebra, bfdd)
    assert zebra.lines == ["frr defaults datacenter", "bfd", "vrf red", "exit-vrf", "hostname r1"]
    assert bfdd.lines == ["frr defaults datacenter", *BFD, "vrf red", "hostname r1"]
    assert loading.is_complete()
    assert "".join(loading.said) == ""


def test_a_line_that_no_daemon_takes_leaves_the_file_incomplete(tmp_path: Path) -> None:
    assert not loaded(tmp_path, FakeDaemon("frr", "hostname"), FakeDaemon("vrf", "hostname")).is_complete()


@pytest.mark.parametrize("bad", [FakeDaemon("frr", refused="vrf"), FakeDaemon("frr", closing=2)])
def test_a_daemon_that_refuses_a_line_or_left_the_configuration_spoils_it(tmp_path: Path, bad: FakeDaemon) -> None:
    good = FakeDaemon("frr", "bfd", "profile", "receive-interval", "vrf", "hostname")
    assert loaded(tmp_path, good).is_complete()
    assert not loaded(tmp_path, good, bad).is_complete()


def test_a_daemon_that_does_not_listen_or_ends_spoils_it(tmp_path: Path) -> None:
    loading = Loading("")
    assert loading.is_complete()
    loading.tell(tmp_path / "nobody.vty")
    assert not loading.is_complete()


def test_blocks_are_told_by_indentation_and_exit() -> None:
    unindented = (
        "router bgp 1\nneighbor 10.0.0.1 remote-as 2\naddress-family ipv4\nexit-address-family\nexit\nhostname a"
    )
    assert [len(block) for block in blocks(unindented)] == [1, 1, 3, 1]
    assert [number for block in blocks(CONF) for number, _ in block] == [2, 5, 6, 7, 8, 10, 11, 12, 13]


EVERYTHING = """frr defaults datacenter
hostname r1
log timestamp precision 6
service integrated-vtysh-config
no zebra nexthop kernel enable
ip forwarding
ipv6 forwarding
no ip nht resolve-via-default
ip protocol bgp route-map SOURCE
!
vrf red
 ip route 192.0.2.0/24 blackhole
exit-vrf
!
interface eth0
 description a port
 ip address 10.0.0.1/31
 no ipv6 nd suppress-ra
exit
!
ip route 198.51.100.0/24 10.0.0.0
ip route 198.51.100.0/24 10.0.0.2 200
ipv6 route 2001:db8::/32 blackhole
!
bfd
 profile fast
  detect-multiplier 3
  receive-interval 100
  transmit-interval 100
 exit
 !
 profile slow
  passive-mode
 exit
 !
exit
!
ip prefix-list HOSTS seq 5 permit 10.0.0.0/8 ge 32
ip prefix-list HOSTS seq 10 deny any
ipv6 prefix-list HOSTS6 seq 5 permit fd00::/8 ge 128
bgp as-path access-list OWN seq 5 permit ^$
bgp community-list standard DRAINED seq 5 permit graceful-shutdown
bgp large-community-list standard ZONE seq 5 permit 64512:1:1
!
route-map SOURCE permit 10
 set src 10.0.0.1
exit
!
route-map OUT deny 10
 match community DRAINED
exit
!
route-map OUT permit 20
 description what goes out
 match ip address prefix-list HOSTS
 match large-community ZONE
 set community 64512:100 additive
 set as-path prepend 64512 64512
 on-match next
exit
!
route-map OUT permit 30
 match ipv6 address prefix-list HOSTS6
 call SOURCE
 continue 40
exit
!
router bgp 64512
 bgp router-id 10.0.0.1
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp bestpath as-path multipath-relax
 coalesce-time 100
 neighbor spines peer-group
 neighbor spines remote-as external
 neighbor spines timers 3 9
 neighbor spines timers connect 10
 neighbor spines bfd
 neighbor spines bfd profile fast
 neighbor spines password secret
 neighbor 10.0.0.0 peer-group spines
 neighbor 10.0.0.0 description spine-1
 neighbor 10.0.0.0 update-source 10.0.0.1
 neighbor eth0 interface peer-group spines
 bgp graceful-restart
 !
 address-family ipv4 unicast
  network 10.0.0.1/32 route-map OUT
  aggregate-address 10.0.0.0/8 summary-only
  redistribute static
  neighbor spines activate
  neighbor spines allowas-in 1
  neighbor spines prefix-list HOSTS in
  neighbor spines route-map OUT out
  neighbor spines maximum-prefix 1000
  maximum-paths 64
  import vrf red
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor spines activate
  neighbor spines filter-list OWN out
 exit-address-family
 !
 address-family l2vpn evpn
  neighbor spines activate
  advertise-all-vni
 exit-address-family
exit
!
router bgp 64512 vrf red
 address-family ipv4 unicast
  redistribute connected
 exit-address-family
exit
!
line vty
 exec-timeout 0 0
exit
!
end
"""


def all_kinds(conf: str = EVERYTHING) -> LabSpec:
    """One router with every daemon that a lab runs."""
    device = DeviceConfig("r1", Place("leaf"), (), (BgpInstance(64512, "10.0.0.1", (), ()),), raw=("bfd", "ip route x"))
    return LabSpec("everything", FabricConfig("everything", (device,), ()), {"r1": Files(conf)})


def one_of_each_kind(name: str) -> LabSpec:
    """The first device of every role that a topology has, by themselves."""
    spec = spec_of(load(directory("topologies") / f"{name}.yaml"))
    roles = {device.place.role: device for device in reversed(spec.fabric.devices)}
    fabric = FabricConfig(name, tuple(roles.values()), ())
    return LabSpec(name, fabric, {device.name: spec.files[device.name] for device in fabric})


def running(engine: EmbeddedEngine, spec: LabSpec) -> Mapping[str, str]:
    return {device.name: engine.vtysh(spec.name, device.name, ["show running-config"]) for device in spec.fabric}


SHIPPED = sorted(file.stem for file in directory("topologies").glob("*.yaml"))


BY_VTYSH = find_frr(os.environ).has_mgmtd if shutil.which("vtysh") else False
"""Where mgmtd configures some daemons, from FRR 9.1 on, vtysh loads every file."""
without_mgmtd = pytest.mark.skipif(BY_VTYSH, reason="mgmtd configures some daemons of this FRR")


def started_vtysh(engine: EmbeddedEngine, name: str) -> bool:
    """True when a device's file was loaded by vtysh, whose output is kept."""
    return ".out" in engine.run(name, None, ["ls", "/run/fabric"]).stdout


@pytest.mark.lab
@pytest.mark.parametrize("spec", [all_kinds(), *map(one_of_each_kind, SHIPPED)], ids=lambda spec: spec.name)
def test_daemons_are_configured_as_by_vtysh(engine: EmbeddedEngine, spec: LabSpec) -> None:
    """What restarts has its configuration from `vtysh -b`."""
    engine.up(spec)
    found = running(engine, spec)
    assert started_vtysh(engine, spec.name) == BY_VTYSH
    status = engine.status(spec.name)
    assert status is not None
    for daemon in status.daemons:
        engine.restart(spec.name, daemon.device, daemon.daemon)
    assert started_vtysh(engine, spec.name)
    assert found == running(engine, spec)
    assert all(f"hostname {device}" in text for device, text in found.items())


@pytest.mark.lab
@without_mgmtd
def test_lines_for_a_daemon_that_does_not_run_are_for_vtysh_to_judge(engine: EmbeddedEngine) -> None:
    spec = lonely_router("lonely", "hostname r1\nrouter ospf\n ospf router-id 10.0.0.1\nexit\nip route table 7\n")
    with pytest.raises(LabError, match=r"refused 1 line\(s\).*\n- r1: line 5 `ip route table 7`: % "):
        engine.up(spec)
    assert not engine.up(lonely_router("lonely", "hostname r1\nrouter ospf\n ospf router-id 10.0.0.1\nexit\n")).remarks
    assert started_vtysh(engine, "lonely")


@pytest.mark.lab
@without_mgmtd
def test_what_daemons_say_to_lines_that_they_take_is_kept(engine: EmbeddedEngine) -> None:
    conf = "hostname r1\nvrf red\n ip route 192.0.2.0/24 blackhole\nexit-vrf\nrouter bgp 64512\nexit\n"
    (remark,) = engine.up(all_kinds(conf)).remarks
    assert remark.startswith("r1: Static Route to 192.0.2.0/24 not installed currently")
