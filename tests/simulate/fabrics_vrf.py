"""A hub with two tenants in VRFs, one of which shares its routes with the rest."""

from __future__ import annotations

from dataclasses import replace

from fabric.config import BgpFamily, BgpInstance, DeviceConfig, FabricConfig, Interface
from tests.simulate.build import Own, device, fabric, interface, neighbor, static
from tests.simulate.fabrics import loopback


def tenants() -> FabricConfig:
    """Spokes of the hub `h0`, AS 200; spoke n is on 10.7.0.(2n+1)/31.

    a0, b0  AS 100 and 101, in VRF red, which takes the routes of the default VRF and gives it its own
    c0      AS 102, in VRF blue, with a network that a0 has too
    d0      AS 300, in the default VRF
    """
    shared = "10.70.0.1/24"
    spokes = [
        device("a0", 100, [loopback(51), _port(0), interface("vips", shared)], [neighbor("10.7.0.0", 200)]),
        device("b0", 101, [loopback(52), _port(1)], [neighbor("10.7.0.2", 200)]),
        device("c0", 102, [loopback(53), _port(2), interface("vips", shared)], [neighbor("10.7.0.4", 200)]),
        device("d0", 300, [loopback(54), _port(3)], [neighbor("10.7.0.6", 200)]),
    ]
    return fabric([_hub(), *spokes], *(f"h0:eth{n} {spoke.name}:eth0" for n, spoke in enumerate(spokes)))


def _port(n: int) -> Interface:
    return interface("eth0", f"10.7.0.{2 * n + 1}/31")


def _hub() -> DeviceConfig:
    vrf = ("red", "red", "blue", None)
    ports = [interface(f"eth{n}", f"10.7.0.{2 * n}/31", vrf=name) for n, name in enumerate(vrf)]
    base = device(
        "h0", 200, [loopback(50), *ports], [neighbor("10.7.0.7", 300)], family={"import_vrfs": ("red",)},
        static_routes=(replace(static("10.71.0.0/24", "10.7.0.1"), vrf="red"),),
    )  # fmt: skip
    own = Own(redistribute=("connected", "static"))
    red = BgpInstance(
        200, "50.0.0.1", (neighbor("10.7.0.1", 100), neighbor("10.7.0.3", 101)),
        (replace(own.family("ipv4"), import_vrfs=("default",)), BgpFamily("ipv6")), vrf="red",
    )  # fmt: skip
    families = (own.family("ipv4"), BgpFamily("ipv6"))
    blue = BgpInstance(200, "50.0.0.2", (neighbor("10.7.0.5", 102),), families, vrf="blue")
    (default,) = base.bgp
    only_ipv4 = tuple(f if f.family == "ipv4" else replace(f, import_vrfs=()) for f in default.families)
    return replace(base, bgp=(replace(default, families=only_ipv4), red, blue))
