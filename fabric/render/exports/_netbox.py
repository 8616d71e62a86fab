"""A fabric as the CSV files that NetBox's bulk import takes, numbered in the order in which they refer to each other.

Columns are those of NetBox 4's import forms (`netbox/dcim/forms/bulk_import.py`, `netbox/ipam/forms/bulk_import.py`);
those that name an object name it by what the form looks it up by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fabric.config import FabricConfig
from fabric.plan import Plan
from fabric.render.exports._cells import Row, csv_text, markdown_table
from fabric.render.exports._netbox_devices import cables, device_types, devices, interfaces, manufacturers, roles
from fabric.render.exports._netbox_ipam import addresses, asns, loopbacks, prefixes, rirs
from fabric.render.exports._netbox_places import locations, racks, regions, sites

_PLANNED_HELP = (
    "Import the files in the order of their numbers, each under the menu named here, as CSV. Everything physical has\n"
    "the status `planned`. Device types are placeholders: a plan knows no hardware models.\n"
)


@dataclass(frozen=True, slots=True)
class _Import:
    name: str
    menu: str
    columns: tuple[str, ...]
    rows: Iterable[Row]


def netbox_tree(plan: Plan, fabric: FabricConfig, domain: str | None = None) -> Mapping[str, str]:
    """`netbox/NN-OBJECTS.csv`, a file a kind of object that the fabric has, and `netbox/README.md` with their order.

    Raises InputError for a domain that is none.
    """
    imports = {
        f"{number:02}-{entry.name}.csv": (entry, tuple(entry.rows))
        for number, entry in enumerate(_imports(plan, fabric, domain), start=1)
    }
    filled = {file: (entry, rows) for file, (entry, rows) in imports.items() if rows}
    files = {f"netbox/{file}": csv_text(entry.columns, rows) for file, (entry, rows) in filled.items()}
    table = markdown_table(
        ("file", "menu", "rows"), ((file, entry.menu, len(rows)) for file, (entry, rows) in filled.items())
    )
    title = f"# NetBox import of {plan.design.topology.name}\n"
    return {**files, "netbox/README.md": "\n".join([title, _PLANNED_HELP, table])}


def _imports(plan: Plan, fabric: FabricConfig, domain: str | None) -> Iterator[_Import]:
    yield _Import("regions", "Organization / Regions", ("name", "slug"), regions(plan))
    yield _Import("sites", "Organization / Sites", ("name", "slug", "status", "region"), sites(plan))
    columns: tuple[str, ...] = ("site", "name", "slug", "status")
    yield _Import("locations", "Organization / Locations", columns, locations(plan))
    columns = ("site", "location", "name", "status", "width", "u_height")
    yield _Import("racks", "Racks / Racks", columns, racks(plan))
    yield _Import("manufacturers", "Devices / Manufacturers", ("name", "slug"), manufacturers())
    columns = ("manufacturer", "model", "slug", "u_height", "is_full_depth")
    yield _Import("device-types", "Devices / Device Types", columns, device_types(plan))
    yield _Import("device-roles", "Devices / Device Roles", ("name", "slug", "color", "vm_role"), roles(plan))
    columns = ("name", "role", "manufacturer", "device_type", "status", "site", "location", "rack")
    yield _Import("devices", "Devices / Devices", columns, devices(plan))
    columns = ("device", "name", "type", "enabled", "mtu", "description")
    yield _Import("interfaces", "Devices / Interfaces", columns, interfaces(fabric))
    columns = ("side_a_device", "side_a_type", "side_a_name", "side_b_device", "side_b_type", "side_b_name", "status")
    yield _Import("cables", "Connections / Cables", columns, cables(fabric))
    yield _Import("rirs", "IPAM / RIRs", ("name", "slug", "is_private"), rirs(plan))
    yield _Import("asns", "IPAM / ASNs", ("asn", "rir", "description"), asns(plan))
    yield _Import("prefixes", "IPAM / Prefixes", ("prefix", "status", "description"), prefixes(plan))
    columns = ("address", "status", "role", "device", "interface", "dns_name")
    yield _Import("primary-addresses", "IPAM / IP Addresses", (*columns, "is_primary"), loopbacks(plan, domain))
    # Without the column `is_primary`: NetBox reads "not primary" there as "has no primary address".
    yield _Import("ip-addresses", "IPAM / IP Addresses", columns, addresses(plan, domain))
