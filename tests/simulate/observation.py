"""One plain form for what FRR showed and what the simulator says, so that the two can be compared and kept in a file.

device -> family -> "fib" -> prefix -> route of the kernel
                 -> "bgp" -> prefix -> sorted usable paths of bgpd
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from fabric.config import Family
from fabric.simulate import Candidate, FibEntry, Reason, Simulation
from fabric.simulate._attributes import as_path_text

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
Observation = dict[str, dict[str, dict[str, dict[str, Any]]]]


def predict(simulation: Simulation) -> Observation:
    """What the simulator says that the daemons and the kernel hold."""
    return {
        device.name: {
            family: {
                "fib": {
                    str(prefix): _entry_text(entry)
                    for prefix, entry in simulation.fib(device.name, family).items()
                    if entry.protocol != "connected"
                },
                "bgp": {
                    str(prefix): sorted(_candidate_text(c) for c in entry.candidates if _usable(c))
                    for prefix, entry in simulation.rib(device.name, family).items()
                    if any(map(_usable, entry.candidates))
                },
            }
            for family in FAMILIES
        }
        for device in simulation.fabric
    }


def unsure_prefixes(simulation: Simulation) -> frozenset[str]:
    """Prefixes whose paths somewhere depend on what arrived first, so that their BGP tables are not predicted."""
    return frozenset(
        str(prefix)
        for device in simulation.fabric
        for family in FAMILIES
        for prefix, entry in simulation.rib(device.name, family).items()
        if entry.order_dependent
    )


def differences(said: Observation, seen: Observation, unsure: Iterable[str] = ()) -> list[str]:
    """One line for every route or path that only one side has, or both have differently."""
    skipped = frozenset(unsure)
    return [
        f"{device} {family} {kind} {prefix}: simulated {one.get(prefix)}, FRR {two.get(prefix)}"
        for device, families in said.items()
        for family, kinds in families.items()
        for kind, one in kinds.items()
        for two in (seen[device][family][kind],)
        for prefix in sorted({*one, *two})
        if one.get(prefix) != two.get(prefix) and not (kind == "bgp" and prefix in skipped)
    ]


def kernel_routes(routes: Iterable[dict[str, Any]], family: str) -> dict[str, str]:
    """The routes of `ip -j route`, but for those that the kernel makes itself."""
    found: dict[str, set[str]] = {}
    ends: dict[str, tuple[str, str]] = {}
    for route in routes:
        if route.get("protocol") in ("kernel", "ra", "boot"):
            continue
        prefix = _prefix(route["dst"], family)
        ends[prefix] = route["protocol"], f" src {route['prefsrc']}" if "prefsrc" in route else ""
        legs = ["blackhole"] if route.get("type") == "blackhole" else map(_leg_text, route.get("nexthops", [route]))
        found.setdefault(prefix, set()).update(legs)
    return {prefix: f"{ends[prefix][0]} {', '.join(sorted(legs))}{ends[prefix][1]}" for prefix, legs in found.items()}


def bgp_paths(table: dict[str, Any]) -> dict[str, list[str]]:
    """The valid paths of `show bgp … json detail`."""
    found = {}
    for prefix, route in table.get("routes", {}).items():
        paths = route["paths"] if isinstance(route, dict) else route  # FRR 10 and FRR 8
        usable = sorted(_path_text(path) for path in paths if path.get("valid"))
        if usable:
            found[prefix] = usable
    return found


def _usable(candidate: Candidate) -> bool:
    return candidate.rejected not in _REFUSED


_REFUSED = frozenset(list(Reason)[: list(Reason).index(Reason.WEIGHT)])


def _entry_text(entry: FibEntry) -> str:
    legs = ["blackhole"] if entry.blackhole else sorted(str(hop) for hop in entry.next_hops)
    return f"{entry.protocol} {', '.join(legs)}" + (f" src {entry.source}" if entry.source else "")


def _candidate_text(candidate: Candidate) -> str:
    held = candidate.attributes
    hop = candidate.next_hop
    via = "link-local" if hop.uses_link_local or hop.address is None else str(hop.address)
    originator = "" if held.originator_id is None else str(ipaddress.IPv4Address(held.originator_id))
    return _text(
        peer="self" if candidate.learned_from is None else f"{candidate.learned_from.peer} via {via}",
        as_path=as_path_text(held.as_path) or "Local",
        origin=held.origin.name.lower(),
        ranks=(held.med, held.local_preference, held.weight),
        communities=(sorted(held.communities), sorted(held.large_communities)),
        reflected=(originator, len(held.cluster_list)),
        installed=candidate.multipath,
    )


def _path_text(path: dict[str, Any]) -> str:
    peer = path["peer"]
    local = peer["peerId"] in ("0.0.0.0", "::")
    hop = next(item["ip"] for item in path["nexthops"] if item.get("used"))
    via = "link-local" if ipaddress.ip_address(hop).is_link_local else hop
    return _text(
        peer="self" if local else f"{peer.get('interface', peer['peerId'])} via {via}",
        as_path=path["aspath"]["string"] or "Local",
        origin=path["origin"].lower(),
        ranks=(path.get("metric"), path.get("locPrf", 100), path.get("weight", 0)),
        communities=(sorted(map(_figures, _listed(path, "community"))), sorted(_listed(path, "largeCommunity"))),
        reflected=(path.get("originatorId", ""), len(path.get("clusterList", {}).get("list", []))),
        installed=bool(path.get("multipath") or path.get("bestpath", {}).get("overall")),
    )


def _text(
    *,
    peer: str,
    as_path: str,
    origin: str,
    ranks: tuple[int | None, int, int],
    communities: tuple[list[str], list[str]],
    reflected: tuple[str, int],
    installed: bool,
) -> str:
    med, local_preference, weight = ranks
    parts = [f"from {peer}", f"path {as_path}", origin, f"med {med} pref {local_preference} weight {weight}"]
    parts += [" ".join(values) for values in communities if values]
    if reflected[0]:
        parts.append(f"originator {reflected[0]} clusters {reflected[1]}")
    return "; ".join([*parts, "used" if installed else "unused"])


def _listed(path: dict[str, Any], key: str) -> list[str]:
    found: list[str] = path.get(key, {}).get("list", [])
    return found


def _figures(name: str) -> str:
    names = {"noExport": "65535:65281", "noAdvertise": "65535:65282", "localAs": "65535:65283",
             "gracefulShutdown": "65535:0", "blackhole": "65535:666"}  # fmt: skip
    return names.get(name, name)


def _prefix(text: str, family: str) -> str:
    if text == "default":
        return "0.0.0.0/0" if family == "ipv4" else "::/0"
    return str(ipaddress.ip_network(text))


def _leg_text(leg: dict[str, Any]) -> str:
    gateway = leg.get("gateway") or leg.get("via", {}).get("host")
    if gateway is None:
        return str(leg["dev"])
    shown = "link-local" if ipaddress.ip_address(gateway).is_link_local else gateway
    return f"{shown} dev {leg['dev']}"
