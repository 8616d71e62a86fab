"""Small fabrics around iBGP, next hops far away, and policy clauses; see `fabrics` for the Clos ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from fabric.config import (
    FabricConfig,
    Interface,
    Neighbor,
)
from tests.simulate.build import (
    Own,
    device,
    fabric,
    interface,
    neighbor,
    static,
)
from tests.simulate.fabrics import loopback


def overlay() -> FabricConfig:
    """iBGP between loopbacks over an eBGP underlay, eBGP multihop, recursive and blackhole static routes.

    a0 ==== b0 ---- c0      a0, b0: two links, eBGP; c0 beside b0 by static routes only
     \\              /       a0-c0: iBGP between loopbacks, b0 is not on it; x0-c0: eBGP multihop over loopbacks
      x0 ----------'
    """
    loop = {name: f"10.255.0.{n}" for n, name in enumerate(("a0", "b0", "c0", "x0"), 1)}
    a0 = device(
        "a0",
        65001,
        [
            loopback(1),
            interface("eth0", "10.0.0.0/31"),
            interface("eth1", "10.0.0.2/31"),
            interface("eth2", "10.0.0.4/31"),
        ],
        [
            neighbor("10.0.0.1", 65002),
            neighbor("10.0.0.3", 65002),
            neighbor("10.0.0.5", 65003),
            neighbor(loop["c0"], "internal", None, {"update_source": ip_address(loop["a0"])}),
        ],
        Own(("10.255.0.1/32",)),
        static_routes=(
            static("10.50.0.0/24", loop["b0"]),
            static("10.51.0.0/24", None),
            static("10.52.0.0/24", "10.9.9.9"),
            static("10.53.0.0/24", "10.0.0.1", "10.0.0.3"),
            static("10.54.0.0/24", ("10.0.0.5", "eth2")),
        ),
    )
    b0 = device(
        "b0",
        65002,
        [
            loopback(2),
            interface("eth0", "10.0.0.1/31"),
            interface("eth1", "10.0.0.3/31"),
            interface("eth2", "10.0.0.8/31"),
        ],
        [neighbor("10.0.0.0", 65001), neighbor("10.0.0.2", 65001)],
        Own(("10.255.0.2/32", "10.255.0.3/32")),
        static_routes=(static("10.255.0.3/32", "10.0.0.9"),),
    )
    c0 = device(
        "c0",
        65001,
        [
            loopback(3),
            interface("eth0", "10.0.0.9/31"),
            interface("eth1", "10.0.0.11/31"),
            interface("vips", "172.30.0.1/24"),
        ],
        [
            neighbor(loop["a0"], "internal", None, {"update_source": ip_address(loop["c0"])}),
            neighbor(loop["x0"], 65003, None, {"update_source": ip_address(loop["c0"]), "ebgp_multihop": True}),
        ],
        Own(("172.30.0.0/24",)),
        static_routes=(
            static("10.255.0.1/32", "10.0.0.8"),
            static("10.255.0.4/32", "10.0.0.10"),
            static("10.0.0.0/29", "10.0.0.8"),
        ),
    )
    x0 = device(
        "x0",
        65003,
        [
            loopback(4),
            interface("eth0", "10.0.0.5/31"),
            interface("eth1", "10.0.0.10/31"),
            interface("vips", "172.31.0.1/24"),
        ],
        [
            neighbor("10.0.0.4", 65001),
            neighbor(loop["c0"], 65001, None, {"update_source": ip_address(loop["x0"]), "ebgp_multihop": True}),
        ],
        Own(("172.31.0.0/24", "10.255.0.4/32"), ("static",)),
        static_routes=(
            static("10.255.0.3/32", "10.0.0.11"),
            static("10.60.0.0/24", "10.0.0.4"),
            static("0.0.0.0/0", None),
        ),
    )
    return fabric(
        (a0, b0, c0, x0), "a0:eth0 b0:eth0", "a0:eth1 b0:eth1", "a0:eth2 x0:eth0", "b0:eth2 c0:eth0", "x0:eth1 c0:eth1"
    )


def reflection() -> FabricConfig:
    """One AS, two route reflectors that are each other's peers; next hops stay unless a neighbor forces them.

    e0 --- c0 --- r0 --- r1 --- c1        e0: eBGP, announces 172.20.0.0/24
                   \\___ c2 ___/           c2: client of both
    """
    client = {"route_reflector_client": True}
    ends = {
        "e0": [_End(0, 0, 65000)],
        "c0": [_End(0, 1, 65100), _End(1, 0, 65000)],
        "r0": [_End(1, 1, 65000, client), _End(2, 0, 65000), _End(3, 0, 65000, client | {"next_hop_self_force": True})],
        "r1": [_End(2, 1, 65000), _End(4, 0, 65000, client | {"next_hop_self": True}), _End(5, 0, 65000, client)],
        "c1": [_End(4, 1, 65000)],
        "c2": [_End(3, 1, 65000), _End(5, 1, 65000)],
    }
    devices = []
    for number, (name, links) in enumerate(ends.items(), 10):
        ports = [loopback(number), *(item.port(n) for n, item in enumerate(links))]
        if name == "e0":
            ports.append(interface("vips", "172.20.0.1/24"))
        peers = [peer for item in links for peer in item.peers()]
        devices.append(device(name, 65100 if name == "e0" else 65000, ports, peers))
    return fabric(
        devices,
        "e0:eth0 c0:eth0",
        "c0:eth1 r0:eth0",
        "r0:eth1 r1:eth0",
        "r0:eth2 c2:eth0",
        "r1:eth1 c1:eth0",
        "r1:eth2 c2:eth1",
    )


@dataclass(frozen=True)
class _End:
    """One end of dual-stack link number `link`, with a session in each family."""

    link: int
    side: int
    remote_as: int
    policy: dict[str, bool] = field(default_factory=dict)

    def port(self, number: int) -> Interface:
        offset = 2 * self.link + self.side
        return interface(f"eth{number}", f"10.1.0.{offset}/31", f"fd11::{offset:x}/127")

    def peers(self) -> tuple[Neighbor, Neighbor]:
        offset = 2 * self.link + 1 - self.side
        return (
            neighbor(f"10.1.0.{offset}", self.remote_as, ("ipv4",), {}, **self.policy),
            neighbor(f"fd11::{offset:x}", self.remote_as, ("ipv6",), {}, **self.policy),
        )
