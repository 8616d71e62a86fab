"""The cables of a fabric: for those who pull them (CSV, Markdown) and for the daemon that checks them (PTM)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fabric import __version__
from fabric.config import Cable, FabricConfig, Place, Port
from fabric.render._text import one_line
from fabric.render.exports._cells import csv_text, markdown_table

_END = ("device", "port", "role", "zone", "rack")
_COLUMNS = (*(f"a_{name}" for name in _END), *(f"b_{name}" for name in _END), "mtu", "gbps")
_MARKDOWN_COLUMNS = ("device", "port", "to rack", "to device", "to port", "MTU", "Gbit/s")
_ELSEWHERE = "Outside the racks"


def cabling_tree(fabric: FabricConfig) -> Mapping[str, str]:
    """`cabling.csv`, `cabling.md` and `topology.dot`, each with every cable of `fabric` once."""
    return {
        "cabling.csv": csv_text(_COLUMNS, (_row(fabric, cable) for cable in fabric.cables)),
        "cabling.md": _markdown(fabric),
        "topology.dot": _ptm(fabric),
    }


def link_mtu(fabric: FabricConfig, cable: Cable) -> int:
    """The largest IP packet in bytes that both ends of `cable` take."""
    return min(fabric.by_name[port.device].interface(port.interface).mtu for port in (cable.a, cable.b))


def _row(fabric: FabricConfig, cable: Cable) -> Sequence[object]:
    return (*_end(fabric, cable.a), *_end(fabric, cable.b), link_mtu(fabric, cable), _speed(cable))


def _speed(cable: Cable) -> str | None:
    """In Gbit/s, where a model says it."""
    return None if cable.speed_gbps is None else f"{cable.speed_gbps:g}"


def _end(fabric: FabricConfig, port: Port) -> Sequence[object]:
    place = fabric.by_name[port.device].place
    return port.device, port.interface, place.role, place.zone, place.rack


def _markdown(fabric: FabricConfig) -> str:
    """A section a rack, with the cables that end in it; a cable stands under its lower end."""
    sections: dict[str, list[Cable]] = {}
    for cable in fabric.cables:
        sections.setdefault(_section(fabric.by_name[cable.b.device].place), []).append(cable)
    total = f"{len(fabric.cables)} cables, each under the rack of its lower end."
    return "\n".join([f"# Cabling of {fabric.name}\n", f"{total}\n", *_sections(fabric, sections)])


def _section(place: Place) -> str:
    if place.rack is None:
        return _ELSEWHERE
    return f"Rack {place.rack}" + (f", {place.zone}" if place.zone else "")


def _sections(fabric: FabricConfig, sections: Mapping[str, Iterable[Cable]]) -> Iterator[str]:
    for title, cables in sections.items():
        rows = (_markdown_row(fabric, cable) for cable in cables)
        yield f"## {title}\n\n{markdown_table(_MARKDOWN_COLUMNS, rows)}"


def _markdown_row(fabric: FabricConfig, cable: Cable) -> Sequence[object]:
    upper, lower = cable.a, cable.b
    rack = fabric.by_name[upper.device].place.rack
    ends = (lower.device, lower.interface, rack or "-", upper.device, upper.interface)
    return *ends, link_mtu(fabric, cable), _speed(cable) or "-"


def _ptm(fabric: FabricConfig) -> str:
    """The plan that `ptmd` compares with what LLDP says (Cumulus Linux, "Prescriptive Topology Manager")."""
    edges = (f"  {_ptm_end(cable.a)} -- {_ptm_end(cable.b)};\n" for cable in fabric.cables)
    return f"# Written by fabric {__version__}. Change the topology, not this file.\ngraph G {{\n{''.join(edges)}}}\n"


def _ptm_end(port: Port) -> str:
    return f"{_quoted(port.device)}:{_quoted(port.interface)}"


def _quoted(name: str) -> str:
    escaped = one_line(name, f"device or port {name!r}").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
