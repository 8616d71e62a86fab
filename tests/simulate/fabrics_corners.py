"""A hub and a spoke for each rarely used rule: `local-as`, MED, foreign next hops, conditional default, draining, …"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from fabric.config import (
    Aggregate,
    DeviceConfig,
    FabricConfig,
    MatchPrefixList,
    Neighbor,
    SetCommunities,
    SetMetric,
    SetNextHop,
)
from tests.simulate.build import (
    Own,
    device,
    fabric,
    interface,
    neighbor,
    permit,
    policies,
    prefix_list,
    route_map,
    static,
)
from tests.simulate.fabrics import loopback

_NETS = tuple(f"10.30.{n}.1/24" for n in range(1, 5))
_SPOKES = ("a0", "b0", "i0", "e0", "g0", "r0", "w0", "x0")
_PORT = {name: n for n, name in enumerate(_SPOKES)}


def corners() -> FabricConfig:
    """Spokes of the hub `h0`, AS 200; spoke n is on 10.4.0.(2n+1)/31 and fd14::(2n+1)/127.

    a0, b0  AS 100, the same networks with different MEDs; h0 is AS 250 to a0
    i0      iBGP, redistributes static routes through h0 itself, and through y0 behind it
    e0      takes a default route that depends on another one, and prefers global IPv6 next hops
    g0      drains (`bgp graceful-shutdown`)
    r0      lets in by policy and has none for what goes out (RFC 8212)
    w0      AS 100 again, tolerates itself once in a path
    x0      IPv4 over an IPv6 connection with `capability extended-nexthop`
    """
    devices = [_hub(), _tagging(), _metered(), _static(), _behind(), _preferring(), _draining(), _strict(), _tolerant()]
    cables = [f"h0:eth{n} {name}:eth0" for n, name in enumerate(_SPOKES)]
    return fabric([*devices, _extended()], *cables, "i0:eth1 y0:eth0")


def _spoke(name: str, asn: int, *more: Any, **extra: Any) -> DeviceConfig:
    """A spoke with both sessions to the hub; `peers` are settings of the statements."""
    peers = extra.pop("peers", {})
    remote = extra.pop("remote", 200)
    n = _PORT[name]
    ports = [loopback(20 + n), interface("eth0", f"10.4.0.{2 * n + 1}/31", f"fd14::{2 * n + 1:x}/127"), *more]
    statements = [
        neighbor(f"10.4.0.{2 * n}", remote, None, {}, **peers),
        neighbor(f"fd14::{2 * n:x}", remote, None, {}, **peers),
    ]
    return device(name, asn, ports, extra.pop("statements", statements), **extra)


def _hub() -> DeviceConfig:
    known = prefix_list("known", "permit 10.30.3.0/24")
    when = route_map("when", permit(MatchPrefixList("known", "ipv4"), SetMetric(5)))
    remote = {"a0": 100, "b0": 100, "i0": 200, "e0": 300, "g0": 400, "r0": 500, "w0": 100, "x0": 600}
    peers: list[Neighbor] = []
    for name, asn in remote.items():
        n = _PORT[name]
        extra: dict[str, Any] = {"local_as": 250, "local_as_mode": "prepend"} if name == "a0" else {}
        policy: dict[str, Any] = {"default_originate": True, "default_originate_map": "when"} if name == "e0" else {}
        if name == "x0":
            peers.append(neighbor(f"fd14::{2 * n + 1:x}", asn, ("ipv4", "ipv6"), {"extended_next_hop": True}))
            continue
        peers.append(neighbor(f"10.4.0.{2 * n + 1}", asn, None, extra, **policy))
        peers.append(neighbor(f"fd14::{2 * n + 1:x}", asn, None, extra))
    ports = [interface(f"eth{n}", f"10.4.0.{2 * n}/31", f"fd14::{2 * n:x}/127") for n in range(len(_SPOKES))]
    return device(
        "h0", 200, [loopback(10), *ports], peers,
        family={"aggregates": (Aggregate(ip_network("10.30.0.0/16"), as_set=True),)}, policies=policies(known, when),
    )  # fmt: skip


def _tagging() -> DeviceConfig:
    second = prefix_list("second", "permit 10.30.2.0/24")
    out = route_map("out", permit(MatchPrefixList("second", "ipv4"), SetCommunities(("blackhole",))), permit())
    return _spoke("a0", 100, interface("vips", *_NETS), policies=policies(second, out), remote=250,
                  peers={"route_map_out": "out"})  # fmt: skip


def _metered() -> DeviceConfig:
    out = route_map("out", permit(SetMetric(30)))
    return _spoke("b0", 100, interface("vips", *_NETS[::2]), policies=policies(out), peers={"route_map_out": "out"})


def _static() -> DeviceConfig:
    hub, hub6 = f"10.4.0.{2 * _PORT['i0']}", f"fd14::{2 * _PORT['i0']:x}"
    return _spoke(
        "i0", 200, interface("eth1", "10.5.0.0/31", "fd15::/127"),
        own=Own(redistribute=("connected", "static")),
        static_routes=(static("10.31.0.0/24", hub), static("10.31.1.0/24", "10.5.0.1"), static("10.31.2.0/24", None),
                       static("fd31::/64", hub6), static("fd31:1::/64", "fd15::1"), static("10.31.3.0/24", "eth1")),
    )  # fmt: skip


def _behind() -> DeviceConfig:
    return device("y0", 200, [loopback(19), interface("eth0", "10.5.0.1/31", "fd15::1/127")])


def _preferring() -> DeviceConfig:
    inbound = route_map("in", permit(SetNextHop(None, prefer_global=True)))
    return _spoke("e0", 300, policies=policies(inbound), peers={"route_map_in": "in"})


def _draining() -> DeviceConfig:
    return _spoke("g0", 400, interface("vips", "10.30.4.1/24"), bgp={"graceful_shutdown": True})


def _strict() -> DeviceConfig:
    everything = prefix_list("everything", "permit any")
    return _spoke("r0", 500, bgp={"ebgp_requires_policy": True}, policies=policies(everything),
                  peers={"prefix_list_in": "everything"})  # fmt: skip


def _tolerant() -> DeviceConfig:
    return _spoke("w0", 100, peers={"allowas_in": 1})


def _extended() -> DeviceConfig:
    hub = str(ip_address(f"fd14::{2 * _PORT['x0']:x}"))
    return _spoke("x0", 600, statements=[neighbor(hub, 200, ("ipv4", "ipv6"), {"extended_next_hop": True})])
