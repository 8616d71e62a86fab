"""What every device is told: typed, frozen values that render, simulate and lab all read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.config._bgp import (
    Aggregate,
    BfdProfile,
    BgpFamily,
    BgpInstance,
    Neighbor,
    NeighborFamily,
    Redistribute,
    RemoteAs,
    Secret,
    Timers,
)
from fabric.config._device import (
    LOOPBACK,
    Cable,
    DeviceConfig,
    FabricConfig,
    FibFilter,
    Interface,
    InterfaceAddress,
    Place,
    Port,
    StaticNextHop,
    StaticRoute,
)
from fabric.config._diff import Change, Changes, diff
from fabric.config._policy import (
    Action,
    Address,
    AsPathList,
    AsPathRule,
    CommunityList,
    CommunityRule,
    Family,
    Match,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    MatchSourceProtocol,
    Policies,
    Prefix,
    PrefixList,
    PrefixRule,
    Protocol,
    RouteMap,
    RouteMapEntry,
    Set,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetSource,
    SetWeight,
)

if TYPE_CHECKING:
    from fabric.plan import Plan

__all__ = [
    "LOOPBACK",
    "Action",
    "Address",
    "Aggregate",
    "AsPathList",
    "AsPathRule",
    "BfdProfile",
    "BgpFamily",
    "BgpInstance",
    "Cable",
    "Change",
    "Changes",
    "CommunityList",
    "CommunityRule",
    "DeviceConfig",
    "FabricConfig",
    "Family",
    "FibFilter",
    "Interface",
    "InterfaceAddress",
    "Match",
    "MatchAsPath",
    "MatchCommunity",
    "MatchInterface",
    "MatchPrefixList",
    "MatchSourceProtocol",
    "Neighbor",
    "NeighborFamily",
    "Place",
    "Policies",
    "Port",
    "Prefix",
    "PrefixList",
    "PrefixRule",
    "Protocol",
    "Redistribute",
    "RemoteAs",
    "RouteMap",
    "RouteMapEntry",
    "Secret",
    "Set",
    "SetAsPathPrepend",
    "SetCommunities",
    "SetLocalPreference",
    "SetMetric",
    "SetNextHop",
    "SetSource",
    "SetWeight",
    "StaticNextHop",
    "StaticRoute",
    "Timers",
    "build",
    "diff",
]


def build(plan: Plan) -> FabricConfig:
    """The configuration of all devices of a plan, and the cables between them."""
    # Imported here: what only reads configurations, as the lab's agent does, starts without the planning rooms.
    from fabric.config._build import build as build_all  # noqa: PLC0415

    return build_all(plan)
