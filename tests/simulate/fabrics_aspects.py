"""A hub and a spoke for each way to say `local-as`, for `allowas-in origin`, and for static routes beside BGP's."""

from __future__ import annotations

from typing import Any

from fabric.config import DeviceConfig, FabricConfig, MatchPrefixList, SetAsPathPrepend
from tests.simulate.build import device, fabric, interface, neighbor, permit, policies, prefix_list, route_map, static
from tests.simulate.fabrics import loopback

_SPOKES = {"n0": 100, "r0": 101, "m0": 102, "o0": 100, "s0": 103}
_PORT = {name: n for n, name in enumerate(_SPOKES)}


def aspects() -> FabricConfig:
    """Spokes of the hub `h0`, AS 200; spoke n is on 10.6.0.(2n+1)/31.

    n0  AS 100; h0 is AS 250 to it, and AS 200 behind that (`local-as 250 no-prepend`), which one of its paths has
    r0  AS 101; h0 is AS 251 to it and nothing else (`local-as 251 no-prepend replace-as`)
    m0  AS 102, puts AS 100 at the end of one path and into the middle of another
    o0  AS 100 again, lets itself in where it is the origin of a path (`allowas-in origin`)
    s0  AS 103, static routes of better, worse and no competition beside BGP's
    """
    asns: dict[str, dict[str, Any]] = {"n0": {"local_as": 250, "local_as_mode": "no-prepend"}, "r0": {"local_as": 251}}
    peers = [neighbor(f"10.6.0.{2 * n + 1}", _SPOKES[name], None, asns.get(name, {})) for name, n in _PORT.items()]
    ports = [interface(f"eth{n}", f"10.6.0.{2 * n}/31") for n in range(len(_SPOKES))]
    hub = device("h0", 200, [loopback(30), *ports], peers)
    spokes = [_spoke("n0", 250, (250,)), _spoke("r0", 251), _spoke("m0", 200, (102, 100), (100, 102))]
    origin = _spoke("o0", 200, peer={"allowas_in": "origin"})
    return fabric([hub, *spokes, origin, _static()], *(f"h0:eth{n} {name}:eth0" for name, n in _PORT.items()))


def _spoke(
    name: str, remote: int, vips: tuple[int, ...] = (), others: tuple[int, ...] = (), **extra: Any
) -> DeviceConfig:
    """A spoke that puts ASNs in front of the path of its own network, and in front of its others."""
    n = _PORT[name]
    settings: dict[str, Any] = extra.pop("peer", {})
    if vips:
        own = prefix_list("own", f"permit 10.60.{n}.0/24")
        first = permit(MatchPrefixList("own", "ipv4"), SetAsPathPrepend(vips))
        out = route_map("out", first, permit(SetAsPathPrepend(others)) if others else permit())
        extra["policies"] = policies(own, out)
        settings["route_map_out"] = "out"
    ports = [loopback(31 + n), interface("eth0", f"10.6.0.{2 * n + 1}/31"), interface("vips", f"10.60.{n}.1/24")]
    return device(name, _SPOKES[name], ports, [neighbor(f"10.6.0.{2 * n}", remote, None, {}, **settings)], **extra)


def _static() -> DeviceConfig:
    """Of two routes for a prefix the lower distance is installed: eBGP has 20."""
    hub = f"10.6.0.{2 * _PORT['s0']}"
    routes = (
        static("10.60.0.0/24", None, distance=250),
        static("10.60.1.0/24", None, distance=15),
        static("10.60.1.0/24", hub, distance=16),
        static("10.61.0.0/24", hub, distance=250),
        static("10.60.2.0/24", "10.99.0.1", distance=5),
    )
    return _spoke("s0", 200, static_routes=routes)
