"""Small fabrics that together use every rule of the simulator; the same ones run on real FRR and against the oracle."""

from __future__ import annotations

from ipaddress import ip_address

from fabric.config import (
    DeviceConfig,
    FabricConfig,
    FibFilter,
    Interface,
    MatchPrefixList,
    Neighbor,
    Secret,
    SetSource,
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

_ALL = Own(redistribute=("connected",))


def loopback(number: int) -> Interface:
    """The loopback with the addresses of that number."""
    return interface("lo", f"10.255.0.{number}/32", f"fd00::{number:x}/128")


def numbered(spine_asns: tuple[int, int] = (65000, 65000)) -> FabricConfig:
    """Numbered dual-stack Clos, eBGP everywhere.

      s0    s1          l0: `network` of a loopback prefix that exists, and of one that does not
     / | X  | X         l2: same AS as l1, and nothing allows that: the two cannot see each other
    l0  l1   l2
    """
    leaf_asns = (65001, 65002, 65002)
    spines, leaves, cables = [], [], []
    link = {(s, leaf): 2 * (3 * s + leaf) for s in range(2) for leaf in range(3)}
    for s in range(2):
        ports = [interface(f"eth{n}", f"10.0.0.{link[s, n]}/31", f"fd01::{link[s, n]:x}/127") for n in range(3)]
        peers = [neighbor(f"10.0.0.{link[s, n] + 1}", "external") for n in range(3)]
        peers += [neighbor(f"fd01::{link[s, n] + 1:x}", "external") for n in range(3)]
        spines.append(device(f"s{s}", spine_asns[s], [loopback(100 + s), *ports], peers))
    for n, asn in enumerate(leaf_asns):
        ports = [interface(f"eth{s}", f"10.0.0.{link[s, n] + 1}/31", f"fd01::{link[s, n] + 1:x}/127") for s in range(2)]
        peers = [neighbor(f"10.0.0.{link[s, n]}", spine_asns[s]) for s in range(2)]
        peers += [neighbor(f"fd01::{link[s, n]:x}", spine_asns[s]) for s in range(2)]
        own = Own((f"10.255.0.{n}/32", f"fd00::{n:x}/128", "10.9.9.0/24", "fd09::/64")) if n == 0 else _ALL
        leaves.append(device(f"l{n}", asn, [loopback(n), *ports], peers, own))
        cables += [f"s{s}:eth{n} l{n}:eth{s}" for s in range(2)]
    return fabric((*spines, *leaves), *cables)


def unnumbered() -> FabricConfig:
    """Interface peers without any link address: link-local sessions, IPv4 over IPv6 next hops (RFC 8950)."""
    spines = [
        device(f"s{s}", 65000, [loopback(100 + s), *(interface(f"eth{n}") for n in range(3))],
               [neighbor(f"eth{n}", "external") for n in range(3)])
        for s in range(2)
    ]  # fmt: skip
    leaves = [
        device(f"l{n}", 65001 + n, [loopback(n), interface("eth0"), interface("eth1")],
               [neighbor(f"eth{s}", "external") for s in range(2)], Own((f"10.255.0.{n}/32", f"fd00::{n:x}/128")))
        for n in range(3)
    ]  # fmt: skip
    return fabric((*spines, *leaves), *(f"s{s}:eth{n} l{n}:eth{s}" for s in range(2) for n in range(3)))


_HOSTS = prefix_list("only-host-prefixes", "permit 0.0.0.0/0 ge 32")
_DEFAULT_HOSTS = prefix_list("only-default-host-prefixes", "permit 0.0.0.0/0", "permit 0.0.0.0/0 ge 32")
_NOTHING = prefix_list("nothing", "deny any")
_ONLY_DEFAULT = prefix_list("only-default", "permit 0.0.0.0/0")
_HOSTS6 = prefix_list("only-host-prefixes", "permit ::/0 ge 128", family="ipv6")
_NODE, _SPINE_SIDE, _ROUTER = 64999, 65000, 65000


def rhoso() -> FabricConfig:
    """Two racks of the published RHOSO topology: shared leaf AS, route-reflecting leaves, eBGP uplinks, iBGP router.

          router
         /      \\            iBGP, interface peers
       s0        s1
      / | \\ ... / | \\        eBGP, interface peers, link-local
    l0   l1   l2   l3
     \\  /       \\  /         iBGP over /30; IPv6 over /126 with listed peers
      c0,w0      c1          compute and OpenShift worker
    """
    racks = {0: ("c0", "w0"), 1: ("c1",)}
    devices = [_rhoso_router(), *(_rhoso_spine(s) for s in range(2))]
    cables = [f"router0:eth{s} s{s}:eth4" for s in range(2)]
    for rack, nodes in racks.items():
        for side in range(2):
            leaf = 2 * rack + side
            devices.append(_rhoso_leaf(leaf, nodes))
            cables += [f"s{s}:eth{leaf} l{leaf}:eth{s}" for s in range(2)]
            cables += [f"l{leaf}:eth{2 + n} {name}:eth{side}" for n, name in enumerate(nodes)]
        devices += [
            _compute(name, rack, n) if name[0] == "c" else _worker(name, rack, n) for n, name in enumerate(nodes)
        ]
    return fabric(devices, *cables)


def _rhoso_router() -> DeviceConfig:
    peers = [
        neighbor(f"eth{s}", "internal", default_originate=True, prefix_list_in="only-host-prefixes") for s in range(2)
    ]
    return device(
        "router0", _ROUTER, [loopback(200), interface("eth0"), interface("eth1")], peers, policies=policies(_HOSTS)
    )


def _rhoso_spine(s: int) -> DeviceConfig:
    down = [
        neighbor(f"eth{n}", "external", default_originate=True, prefix_list_in="only-host-prefixes") for n in range(4)
    ]
    up = neighbor("eth4", "internal", next_hop_self=True, prefix_list_in="only-default-host-prefixes")
    ports = [interface(f"eth{n}") for n in range(5)]
    return device(
        f"s{s}", _SPINE_SIDE, [loopback(100 + s), *ports], [*down, up], policies=policies(_HOSTS, _DEFAULT_HOSTS)
    )


def _rhoso_leaf(leaf: int, nodes: tuple[str, ...]) -> DeviceConfig:
    rack, side = divmod(leaf, 2)
    down = {"route_reflector_client": True, "next_hop_self": True, "default_originate": True}
    secret = {"password": Secret("f00barZ")}
    peers: list[Neighbor] = [
        neighbor(f"eth{s}", "external", ("ipv4",), allowas_in="origin", prefix_list_in="only-default-host-prefixes")
        for s in range(2)
    ]
    ports = [interface("eth0"), interface("eth1")]
    for n, _ in enumerate(nodes):
        ports.append(
            interface(f"eth{2 + n}", f"100.{64 + side}.{rack}.{1 + 4 * n}/30", f"fd10:{side}:{rack}::{1 + 4 * n:x}/126")
        )
        peers.append(
            neighbor(f"eth{2 + n}", "internal", ("ipv4",), secret, prefix_list_out="only-host-prefixes", **down)
        )
        peers.append(neighbor(f"fd10:{side}:{rack}::{2 + 4 * n:x}", "internal", None, secret, **down))
    return device(f"l{leaf}", _NODE, [loopback(leaf), *ports], peers, policies=policies(_HOSTS, _DEFAULT_HOSTS),
                  resolve_via_default=True)  # fmt: skip


def _node_ports(rack: int, n: int) -> list[Interface]:
    return [
        interface(f"eth{side}", f"100.{64 + side}.{rack}.{2 + 4 * n}/30", f"fd10:{side}:{rack}::{2 + 4 * n:x}/126")
        for side in range(2)
    ]


def _compute(name: str, rack: int, n: int) -> DeviceConfig:
    number = 50 + int(name[1:])
    extra = {"password": Secret("f00barZ"), "ttl_security_hops": 1}
    peers = [
        neighbor(f"100.{64 + side}.{rack}.{1 + 4 * n}", "internal", None, extra, allowas_in="origin",
                 prefix_list_out="only-host-prefixes")
        for side in range(2)
    ]  # fmt: skip
    peers += [
        neighbor(f"fd10:{side}:{rack}::{1 + 4 * n:x}", "internal", None, extra, allowas_in="origin",
                 prefix_list_out="only-host-prefixes")
        for side in range(2)
    ]  # fmt: skip
    install = route_map(
        "rm-only-default",
        permit(MatchPrefixList("only-default", "ipv4"), SetSource(ip_address(f"10.255.0.{number}"))),
    )
    return device(
        name, _NODE, [loopback(number), *_node_ports(rack, n)], peers,
        policies=policies(_HOSTS, _HOSTS6, _ONLY_DEFAULT, install),
        fib_filters=(FibFilter("ipv4", "bgp", "rm-only-default"),),
        resolve_via_default=True,
    )  # fmt: skip


def _worker(name: str, rack: int, n: int) -> DeviceConfig:
    """An OpenShift node as frr-k8s configures it: dials out, learns nothing, announces what it is told to."""
    out = prefix_list("out", "permit 172.17.0.80/32")
    extra = {"password": Secret("f00barZ")}
    peers = [
        neighbor(
            f"100.{64 + side}.{rack}.{1 + 4 * n}", _NODE, None, extra, prefix_list_in="nothing", prefix_list_out="out"
        )
        for side in range(2)
    ]
    return device(
        name, _NODE, [interface("lo", "10.255.0.70/32"), *_node_ports(rack, n)], peers, Own(("172.17.0.80/32",)),
        bgp={"network_import_check": False}, policies=policies(_NOTHING, out), bgp_listens=False,
        static_routes=(static("10.255.0.0/16", f"100.64.{rack}.{1 + 4 * n}", f"100.65.{rack}.{1 + 4 * n}"),),
    )  # fmt: skip
