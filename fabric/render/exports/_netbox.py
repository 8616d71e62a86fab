"""A fabric as the CSV files that NetBox's bulk import takes, numbered in the order in which they refer to each other.

Columns are those of NetBox 4's import forms (`netbox/dcim/forms/bulk_import.py`, `netbox/ipam/forms/bulk_import.py`);
those that name an object name it by what the form looks it up by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.plan import Plan
from fabric.render.exports._cells import Row, csv_text, markdown_table
from fabric.render.exports._netbox_devices import cables, device_types, devices, interfaces, manufacturers, roles
from fabric.render.exports._netbox_ipam import addresses, asns, loopbacks, prefixes, rirs
from fabric.render.exports._netbox_places import locations, racks, regions, sites

_PLANNED_HELP = (
    "Import the files in the order of their numbers, each under the menu named here, as CSV. Everything physical has\n"
    "the status `planned`. Device types are placeholders, called after the topology's models where it names some.\n"
)


@dataclass(frozen=True, slots=True)
class NetboxTable:
    """Objects of one kind, a row each; a cell that refers to an object of an earlier table holds that one's name."""

    name: str
    menu: str
    """Where NetBox's import form is."""
    columns: tuple[str, ...]
    rows: Iterable[Row]


def netbox_tree(plan: Plan, fabric: FabricConfig, domain: str | None = None) -> Mapping[str, str]:
    """`netbox/NN-OBJECTS.csv`, a file a kind of object that the fabric has, and `netbox/README.md` with their order.

    Raises InputError for a domain that is none.
    """
    imports = {
        f"{number:02}-{entry.name}.csv": (entry, tuple(entry.rows))
        for number, entry in enumerate(netbox_tables(plan, fabric, domain), start=1)
    }
    filled = {file: (entry, rows) for file, (entry, rows) in imports.items() if rows}
    files = {f"netbox/{file}": csv_text(entry.columns, rows) for file, (entry, rows) in filled.items()}
    table = markdown_table(
        ("file", "menu", "rows"), ((file, entry.menu, len(rows)) for file, (entry, rows) in filled.items())
    )
    title = f"# NetBox import of {plan.design.topology.name}\n"
    return {**files, "netbox/README.md": "\n".join([title, _PLANNED_HELP, table])}


def netbox_tables(plan: Plan, fabric: FabricConfig, domain: str | None = None) -> Iterator[NetboxTable]:
    """All that NetBox holds of a fabric, each table after those that it refers to; an empty one is among them.

    Raises InputError for a domain that is none.
    """
    yield NetboxTable("regions", "Organization / Regions", ("name", "slug"), regions(plan))
    yield NetboxTable("sites", "Organization / Sites", ("name", "slug", "status", "region"), sites(plan))
    columns: tuple[str, ...] = ("site", "name", "slug", "status")
    yield NetboxTable("locations", "Organization / Locations", columns, locations(plan))
    columns = ("site", "location", "name", "status", "width", "u_height")
    yield NetboxTable("racks", "Racks / Racks", columns, racks(plan))
    yield NetboxTable("manufacturers", "Devices / Manufacturers", ("name", "slug"), manufacturers())
    columns = ("manufacturer", "model", "slug", "u_height", "is_full_depth")
    yield NetboxTable("device-types", "Devices / Device Types", columns, device_types(plan))
    yield NetboxTable("device-roles", "Devices / Device Roles", ("name", "slug", "color", "vm_role"), roles(plan))
    columns = ("name", "role", "manufacturer", "device_type", "status", "site", "location", "rack")
    yield NetboxTable("devices", "Devices / Devices", columns, devices(plan))
    columns = ("device", "name", "type", "enabled", "mtu", "description")
    yield NetboxTable("interfaces", "Devices / Interfaces", columns, interfaces(fabric))
    columns = ("side_a_device", "side_a_type", "side_a_name", "side_b_device", "side_b_type", "side_b_name", "status")
    yield NetboxTable("cables", "Connections / Cables", columns, cables(fabric))
    yield NetboxTable("rirs", "IPAM / RIRs", ("name", "slug", "is_private"), rirs(plan))
    yield NetboxTable("asns", "IPAM / ASNs", ("asn", "rir", "description"), asns(plan))
    yield NetboxTable("prefixes", "IPAM / Prefixes", ("prefix", "status", "description"), prefixes(plan))
    columns = ("address", "status", "role", "device", "interface", "dns_name")
    yield NetboxTable("primary-addresses", "IPAM / IP Addresses", (*columns, "is_primary"), loopbacks(plan, domain))
    # Without the column `is_primary`: NetBox reads "not primary" there as "has no primary address".
    yield NetboxTable("ip-addresses", "IPAM / IP Addresses", columns, addresses(plan, fabric, domain))
