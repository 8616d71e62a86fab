"""The controller's internal form, as its test data writes it in JSON, read into ours."""

from __future__ import annotations

from typing import Any

from fabric.kubernetes._golang import Family, prefix_family
from fabric.kubernetes.frr_k8s import MergedConfig, RouterConfig, Session
from fabric.kubernetes.frr_k8s._api import BfdProfile, Evpn, Vni
from fabric.kubernetes.frr_k8s._internal import Incoming, IncomingFilter, Modifier, ModifierKind, Outgoing

Json = dict[str, Any]


def merged_config(value: Json) -> MergedConfig:
    return MergedConfig(
        tuple(router(entry) for entry in value["Routers"] or ()),
        tuple(bfd_profile(entry) for entry in value["BFDProfiles"] or ()),
        value["ExtraConfig"],
    )


def router(value: Json) -> RouterConfig:
    return RouterConfig(
        value["MyASN"],
        value["RouterID"],
        value["VRF"],
        tuple(session(entry) for entry in value["Neighbors"] or ()),
        tuple(value["IPV4Prefixes"] or ()),
        tuple(value["IPV6Prefixes"] or ()),
        tuple(value["ImportVRFs"] or ()),
        evpn(value.get("EVPN")),
    )


def session(value: Json) -> Session:
    return Session(
        value["IPFamily"],
        value["ASN"],
        value["Addr"],
        value.get("Iface", ""),
        value["VRFName"],
        value["SrcAddr"],
        value["Port"],
        value["HoldTime"],
        value["KeepaliveTime"],
        value["ConnectTime"],
        value["Password"],
        value["BFDProfile"],
        value["GracefulRestart"],
        value["EBGPMultiHop"],
        value.get("LocalASN", 0),
        value.get("DisableMP", False),
        _incoming(value["Incoming"]),
        _outgoing(value["Outgoing"]),
        _filters(value["AlwaysBlock"]),
        tuple(value.get("AddressFamilies") or ()),
    )


def _incoming(value: Json) -> Incoming:
    return Incoming(value["All"], _filters(value["PrefixesV4"]), _filters(value["PrefixesV6"]))


def _filters(value: list[Json] | None) -> tuple[IncomingFilter, ...]:
    return tuple(IncomingFilter(entry["Prefix"], entry["LE"], entry["GE"]) for entry in value or ())


def _outgoing(value: Json) -> Outgoing:
    v4, v6 = value["PrefixesV4"] or [], value["PrefixesV6"] or []
    if "LocalPrefPrefixesModifiers" not in value:
        return _per_prefix_outgoing(v4, v6)
    local_prefs = [_listed(entry, "local-preference", entry["LocalPref"]) for entry in _modifiers(value, "LocalPref")]
    communities = [_listed(entry, *_community(entry["Community"])) for entry in _modifiers(value, "Community")]
    modifiers = tuple(sorted((*local_prefs, *communities), key=lambda modifier: modifier.key))
    return Outgoing(tuple(v4), tuple(v6), modifiers, value.get("NextHopV4", ""), value.get("NextHopV6", ""))


def _modifiers(value: Json, name: str) -> list[Json]:
    return value[f"{name}PrefixesModifiers"] or []


def _listed(entry: Json, kind: ModifierKind, value: object) -> Modifier:
    family: Family = "ipv4" if entry["IPFamily"] == "ip" else "ipv6"
    return Modifier(kind, str(value), family, frozenset(entry["Prefixes"]))


def _community(text: str) -> tuple[ModifierKind, str]:
    return ("large-community" if text.startswith("large:") else "community"), text


def _per_prefix_outgoing(v4: list[Json], v6: list[Json]) -> Outgoing:
    """Dialect A keeps the modifiers with each prefix."""
    found: dict[tuple[ModifierKind, str, Family], set[str]] = {}
    for entry in (*v4, *v6):
        family = prefix_family(entry["Prefix"]) or "ipv4"
        values: list[tuple[ModifierKind, str]] = [_community(text) for text in entry["Communities"] or ()]
        values += [
            ("large-community", f"large:{text.removeprefix('large:')}") for text in entry["LargeCommunities"] or ()
        ]
        if entry["LocalPref"]:
            values.append(("local-preference", str(entry["LocalPref"])))
        for kind, value in values:
            found.setdefault((kind, value, family), set()).add(entry["Prefix"])
    modifiers = tuple(Modifier(*key, frozenset(found[key])) for key in sorted(found))
    return Outgoing(tuple(e["Prefix"] for e in v4), tuple(e["Prefix"] for e in v6), modifiers)


def bfd_profile(value: Json) -> BfdProfile:
    return BfdProfile(
        value["Name"],
        value["ReceiveInterval"],
        value["TransmitInterval"],
        value["DetectMultiplier"],
        value["EchoInterval"],
        value["EchoMode"],
        value["PassiveMode"],
        value["MinimumTTL"],
    )


def evpn(value: Json | None) -> Evpn | None:
    if value is None:
        return None
    return Evpn(
        value["AdvertiseVNIs"],
        value["AdvertiseSVI"],
        tuple(_vni(entry) for entry in value["L2VNIs"] or ()),
        _vni(value["L3VNI"]) if value["L3VNI"] else None,
    )


def _vni(value: Json) -> Vni:
    return Vni(
        value["VNI"],
        value["RD"],
        tuple(value["ImportRTs"] or ()),
        tuple(value["ExportRTs"] or ()),
        tuple(value.get("AdvertisePrefixes") or ()),
    )
