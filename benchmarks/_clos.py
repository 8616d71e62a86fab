"""The fabric that is measured, in each tool's words: spines that share an ASN, leaves with one each, eBGP over /31s."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

SPINE_ASN = 65000
LINKS = IPv4Address("10.1.0.0")
LOOPBACKS = IPv4Address("10.0.0.0")

MUNET_START = """\
chown -R frr:frr /var/run/frr
/usr/lib/frr/zebra -d -f %CONFIGDIR%/%NAME%.conf
/usr/lib/frr/bgpd -d -f %CONFIGDIR%/%NAME%.conf
"""
"""Starts the two daemons themselves; munet's own examples call `frrinit.sh`, which starts more and is slower."""

PLANNED_SPINES = 8
"""More spines than a topology file plans for unless it says so."""

NETLAB_NODES = 150
"""More nodes than this netlab numbers only when told to."""
NETLAB_LARGE = (
    "defaults.const.MAX_NODE_ID: 4000",
    "defaults.addressing: { loopback: { ipv4: 10.0.0.0/16 }, mgmt: { ipv4: 192.168.0.0/16, start: 10 } }",
)


@dataclass(frozen=True, slots=True)
class Link:
    """One cable: its ends, and the address of each end without the prefix length, which is 31."""

    spine: str
    leaf: str
    spine_address: IPv4Address
    leaf_address: IPv4Address


@dataclass(frozen=True, slots=True)
class Clos:
    """A fabric in which every leaf is linked to every spine once."""

    spines: int
    leaves: int

    @property
    def asns(self) -> dict[str, int]:
        """The ASN of every router, spines first."""
        spines = {f"s{number}": SPINE_ASN for number in range(1, self.spines + 1)}
        return spines | {f"l{number}": SPINE_ASN + number for number in range(1, self.leaves + 1)}

    @property
    def loopbacks(self) -> dict[str, IPv4Address]:
        """The loopback address of every router."""
        return {router: LOOPBACKS + number for number, router in enumerate(self.asns, start=1)}

    @property
    def links(self) -> tuple[Link, ...]:
        """The cables, leaf by leaf."""
        pairs = [(f"s{s}", f"l{n}") for n in range(1, self.leaves + 1) for s in range(1, self.spines + 1)]
        return tuple(Link(s, leaf, LINKS + 2 * i, LINKS + 2 * i + 1) for i, (s, leaf) in enumerate(pairs))

    def __str__(self) -> str:
        return f"{self.spines + self.leaves} routers, {self.spines * self.leaves} links"


def topology_yaml(spines: int, leaves: int) -> str:
    """The topology file that `fabric` reads: numbered /31 links, and no BFD, so that both run the same daemons.

    More leaves than the 2-byte range for them has get 4-byte ASNs.
    """
    lines = [
        "version: 1",
        "name: benchmark",
        f"spines: {spines}",
        *((f"growth: {{spines: {spines}, racks: {leaves}}}",) if spines > PLANNED_SPINES else ()),
        "links: {fabric: numbered, fabric_prefix: 31}",
        "bfd: {fabric: false}",
        f"asn: {{width: {2 if leaves <= 360 else 4}}}",
        "zones:",
        "  - name: zone-a",
        "    racks:",
        *(f"      - {{name: rack-{number}, leaves: 1}}" for number in range(1, leaves + 1)),
    ]
    return "\n".join(lines) + "\n"


def netlab_topology(clos: Clos) -> str:
    """The topology file that netlab reads: FRR containers, /31 links, no iBGP between the spines' loopbacks."""
    lines = [
        "provider: clab",
        "defaults.device: frr",
        "module: [ bgp ]",
        "bgp.sessions: { ipv4: [ ebgp ] }",
        "addressing: { p2p: { ipv4: 10.1.0.0/16, prefix: 31 } }",
        *(NETLAB_LARGE if len(clos.asns) > NETLAB_NODES else ()),
        "nodes:",
        *(f"  {router}: {{ bgp.as: {asn} }}" for router, asn in clos.asns.items()),
        "links:",
        *(f"- {link.spine}-{link.leaf}" for link in clos.links),
    ]
    return "\n".join(lines) + "\n"


def avd_inputs(clos: Clos) -> dict[str, dict[str, object]]:
    """What pyavd reads, by device: the whole fabric each time, eBGP over /31s and nothing above it."""
    spines = [router for router, asn in clos.asns.items() if asn == SPINE_ASN]
    leaves = [router for router in clos.asns if router not in spines]
    ports = [f"Ethernet{number}" for number in range(1, clos.spines + 1)]
    fabric: dict[str, object] = {
        "fabric_name": "BENCHMARK",
        "underlay_routing_protocol": "ebgp",
        "overlay_routing_protocol": "none",
        "spine": {
            "defaults": {"platform": "default", "loopback_ipv4_pool": "10.0.0.0/24", "bgp_as": str(SPINE_ASN)},
            "nodes": [{"name": name, "id": number} for number, name in enumerate(spines, start=1)],
        },
        "l3leaf": {
            "defaults": {
                "platform": "default",
                "loopback_ipv4_pool": "10.0.16.0/20",
                "uplink_ipv4_pool": str(ip_network(f"{LINKS}/16")),
                "uplink_switches": spines,
                "uplink_interfaces": ports,
                "mlag": False,
                "vtep": False,
            },
            "nodes": [
                {
                    "name": name,
                    "id": number,
                    "bgp_as": str(clos.asns[name]),
                    "uplink_switch_interfaces": [f"Ethernet{number}"] * clos.spines,
                }
                for number, name in enumerate(leaves, start=1)
            ],
        },
    }
    kinds = dict.fromkeys(spines, "spine") | dict.fromkeys(leaves, "l3leaf")
    return {name: {**fabric, "hostname": name, "inventory_hostname": name, "type": kinds[name]} for name in clos.asns}


def munet_files(clos: Clos) -> dict[str, str]:
    """The files of a munet configuration directory by name: `munet.json` and the FRR configuration of every router."""
    files = {f"{router}.conf": "\n".join(frr_lines(clos, router)) + "\n" for router in clos.asns}
    return files | {"munet.json": json.dumps(_munet_topology(clos))}


def _munet_topology(clos: Clos) -> dict[str, object]:
    connections: dict[str, list[dict[str, str]]] = {router: [] for router in clos.asns}
    for link in clos.links:
        names = {"name": f"to-{link.leaf}", "remote-name": f"to-{link.spine}"}
        connections[link.spine].append({"to": link.leaf, "ip": f"{link.spine_address}/31", **names})
        names = {"name": f"to-{link.spine}", "remote-name": f"to-{link.leaf}"}
        connections[link.leaf].append({"to": link.spine, "ip": f"{link.leaf_address}/31", **names})
    kind = {
        "name": "frr",
        "cmd": MUNET_START,
        "cap-add": ["NET_ADMIN", "NET_RAW", "SYS_ADMIN"],
        "volumes": ["%RUNDIR%/var.run.frr:/var/run/frr"],
    }
    nodes = [
        {"name": router, "kind": "frr", "ip": [f"{clos.loopbacks[router]}/32"], "connections": ends}
        for router, ends in connections.items()
    ]
    return {"version": 1, "kinds": [kind], "topology": {"nodes": nodes}}


def frr_lines(clos: Clos, router: str) -> Iterator[str]:
    """The lines of a router's FRR configuration, but for interfaces, which others configure."""
    peers = [(k.leaf, k.leaf_address) for k in clos.links if k.spine == router]
    peers += [(k.spine, k.spine_address) for k in clos.links if k.leaf == router]
    yield "frr defaults datacenter"
    yield f"hostname {router}"
    yield f"router bgp {clos.asns[router]}"
    yield f" bgp router-id {clos.loopbacks[router]}"
    yield " bgp bestpath as-path multipath-relax"
    yield from (f" neighbor {address} remote-as {clos.asns[peer]}" for peer, address in peers)
    yield " address-family ipv4 unicast"
    yield f"  network {clos.loopbacks[router]}/32"
    yield " exit-address-family"
