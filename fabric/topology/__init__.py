"""What a person writes: a topology file, checked whole and expanded to devices and links."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.topology._expand import Device, Fabric, Link, Routing, Tier, port_names
    from fabric.topology._intents import (
        Between,
        ControlPlaneSurvivesZone,
        EcmpWidth,
        FailuresAsked,
        Intent,
        NoThirdZone,
        Outage,
        Relation,
        Selector,
        StaysInZone,
        StorageConfined,
        Survives,
        Through,
        Where,
    )
    from fabric.topology._model import (
        AsnRange,
        Growth,
        Hardware,
        Network,
        NodeGroup,
        Pool,
        PortGroup,
        Profile,
        Range,
        Topology,
    )
    from fabric.topology._pins import with_pins
    from fabric.topology._read import Design, load, parse, read_text, schema_problem, sound_part
    from fabric.topology._redundancy import Cut, Redundancy, redundancy
    from fabric.topology._schema import json_schema
    from fabric.topology._settings import AsnSettings, LinkSettings, RackAsnSettings, Settings
    from fabric.topology._source import MAX_BYTES, Source, read_yaml
    from fabric.topology._suppression import Suppression
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "MAX_BYTES",
    "AsnRange",
    "AsnSettings",
    "Between",
    "ControlPlaneSurvivesZone",
    "Cut",
    "Design",
    "Device",
    "EcmpWidth",
    "Fabric",
    "FailuresAsked",
    "Growth",
    "Hardware",
    "Intent",
    "Link",
    "LinkSettings",
    "Network",
    "NoThirdZone",
    "NodeGroup",
    "Outage",
    "Pool",
    "PortGroup",
    "Profile",
    "RackAsnSettings",
    "Range",
    "Redundancy",
    "Relation",
    "Routing",
    "Selector",
    "Settings",
    "Source",
    "StaysInZone",
    "StorageConfined",
    "Suppression",
    "Survives",
    "Through",
    "Tier",
    "Topology",
    "Where",
    "json_schema",
    "load",
    "parse",
    "port_names",
    "read_text",
    "read_yaml",
    "redundancy",
    "schema_problem",
    "sound_part",
    "with_pins",
]
