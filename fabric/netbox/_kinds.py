"""The kinds of objects that a fabric has in NetBox, and what makes two of them the same one.

Paths and fields are those of NetBox 4's REST interface (`netbox/dcim/api/serializers_/`, `netbox/ipam/api/…`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from fabric._values import dataclass

Search = Literal["slug", "asn", "site", "inside"]
"""By which of their values objects are asked for: their slug or ASN, their site, or the prefix they lie in."""
Reference = tuple[str, tuple[str, ...]]
"""The kind that is referred to, and the columns that hold its label."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object."""

    name: str
    endpoint: str
    key: tuple[str, ...]
    """The fields by which an object of the plan is found again."""
    label: tuple[str, ...]
    """The columns by which other objects of the plan refer to it."""
    search: Search
    refs: Mapping[str, Reference] = field(default_factory=dict)
    initial: frozenset[str] = frozenset()
    """Fields that a new object gets and an old one keeps: what people say about it in NetBox is theirs to say."""
    unused: frozenset[str] = frozenset()
    """Columns that only the import form needs."""
    only_changes: bool = False
    """True where another kind has made the object already."""


_SITE: Reference = ("sites", ("site",))
_KINDS = (
    Kind("regions", "dcim/regions", ("slug",), ("name",), "slug", initial=frozenset({"name"})),
    Kind(
        name="sites",
        endpoint="dcim/sites",
        key=("slug",),
        label=("name",),
        search="slug",
        refs={"region": ("regions", ("region",))},
        initial=frozenset({"name", "status", "region"}),
    ),
    Kind(
        name="locations",
        endpoint="dcim/locations",
        key=("site", "slug"),
        label=("site", "name"),
        search="site",
        refs={"site": _SITE},
        initial=frozenset({"name", "status"}),
    ),
    Kind(
        name="racks",
        endpoint="dcim/racks",
        key=("site", "name"),
        label=("site", "name"),
        search="site",
        refs={"site": _SITE, "location": ("locations", ("site", "location"))},
        initial=frozenset({"status", "width", "u_height"}),
    ),
    Kind("manufacturers", "dcim/manufacturers", ("slug",), ("name",), "slug", initial=frozenset({"name"})),
    Kind(
        name="device-types",
        endpoint="dcim/device-types",
        key=("manufacturer", "slug"),
        label=("manufacturer", "model"),
        search="slug",
        refs={"manufacturer": ("manufacturers", ("manufacturer",))},
        initial=frozenset({"model", "u_height", "is_full_depth"}),
    ),
    Kind(
        name="device-roles",
        endpoint="dcim/device-roles",
        key=("slug",),
        label=("name",),
        search="slug",
        initial=frozenset({"name", "color", "vm_role"}),
    ),
    Kind(
        name="devices",
        endpoint="dcim/devices",
        key=("name",),
        label=("name",),
        search="site",
        refs={
            "role": ("device-roles", ("role",)),
            "device_type": ("device-types", ("manufacturer", "device_type")),
            "site": _SITE,
            "location": ("locations", ("site", "location")),
            "rack": ("racks", ("site", "rack")),
        },
        initial=frozenset({"status", "device_type"}),
        unused=frozenset({"manufacturer"}),
    ),
    Kind(
        name="interfaces",
        endpoint="dcim/interfaces",
        key=("device", "name"),
        label=("device", "name"),
        search="site",
        refs={"device": ("devices", ("device",))},
        initial=frozenset({"type", "enabled"}),
    ),
    Kind("cables", "dcim/cables", ("ends",), (), "site", initial=frozenset({"status"})),
    Kind("rirs", "ipam/rirs", ("slug",), ("name",), "slug", initial=frozenset({"name", "is_private"})),
    Kind(
        name="asns",
        endpoint="ipam/asns",
        key=("asn",),
        label=("asn",),
        search="asn",
        refs={"rir": ("rirs", ("rir",))},
        initial=frozenset({"rir"}),
    ),
    Kind("prefixes", "ipam/prefixes", ("prefix",), ("prefix",), "inside", initial=frozenset({"status"})),
    Kind("addresses", "ipam/ip-addresses", ("address",), (), "inside", initial=frozenset({"status"})),
    Kind(
        name="shared-addresses",
        endpoint="ipam/ip-addresses",
        key=("address", "assigned_object"),
        label=(),
        search="inside",
        initial=frozenset({"status"}),
    ),
    Kind("primary-addresses", "dcim/devices", ("name",), (), "site", only_changes=True),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""By name, each after those that it refers to."""
