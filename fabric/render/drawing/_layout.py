"""Where everything of a drawing goes: tiers from top to bottom, zones and their racks side by side.

    title
    edge, super-spine        what belongs to no zone stands across the whole width
    +- zone ---------------+
    |  spine   spine       |
    | +- rack --+ +- rack -|     a rack's nodes fill a grid below its leaves
    | | leaf    | | leaf   |
    | | node    | | node   |

Where that would be much wider than high, the racks of every zone stand on several shelves, one below the other, and
cables to the lower ones run down the risers between the racks.

All lengths are SVG user units, which are pixels at a scale of 1.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fabric._values import dataclass
from fabric.render._text import natural
from fabric.render.drawing._drawing import TIERS, Drawing, DrawnNode, Tier

ADVANCE = 0.61
"""Width of a character of a monospaced font, in font sizes; DejaVu Sans Mono has 0.602."""
FONT: Mapping[Tier, float] = {"edge": 12, "super-spine": 12, "spine": 12, "leaf": 12, "node": 11}
LABEL_FONT = 9.5
LINE = 14.0
"""Height of a line of a name."""
LABEL_LINE = 12.0
TITLE_HEIGHT = 74.0
MARGIN = 28.0
TIER_NAMES = 88.0
"""Room at the left for the names of the tiers."""
LANE = 5.0
"""Distance between the lines of two leaves that run side by side."""

_PAD = 14.0
_GAP = 14.0
_ZONE_GAP = 26.0
_MOST_ROWS = 8
_WIDEST = 3200.0
"""Twice a large screen: names of a wider drawing that is fitted to it cannot be read."""
_FLATTEST = 2.4
"""Width by height of a drawing that is worth more shelves."""
_SHELF_GAP = 64.0
"""Room above a lower shelf, in which cables turn from their risers to the leaves."""
_RISER = 34.0
_LONG_NAME = 11
_RACK_LABEL = 22.0
_ZONE_LABEL = 34.0
_UPPER: tuple[Tier, ...] = ("edge", "super-spine", "spine")


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The x of the vertical axis."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Frame:
    """The outline of a zone or rack, with its label at the bottom, where no cable runs."""

    label: str
    zone: str | None
    box: Box


@dataclass(frozen=True, slots=True)
class Riser:
    """Where cables from above run down to a device on a lower shelf, behind no other rack."""

    x: float
    width: float
    top: float
    bottom: float
    drop: float
    """How far the device's shelf is below the first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing with a place for everything."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    """Of devices, by name."""
    zones: tuple[Frame, ...]
    racks: tuple[Frame, ...]
    tops: Mapping[Tier, float]
    """The y of each tier that has devices; that of its first shelf."""
    risers: Mapping[str, Riser]
    """Of the devices on lower shelves, by name."""


@dataclass(frozen=True, slots=True)
class _Measures:
    """Sizes that hold for a whole drawing, so that what is alike looks alike."""

    width: Mapping[Tier, float]
    height: Mapping[Tier, float]
    top: Mapping[Tier, float]
    """Of the tiers that have devices."""
    gutter: float
    """Room left of every column of nodes, for the lines of the rack's leaves."""
    step: float = 0.0
    """From one shelf of racks to the next."""

    @property
    def frame_top(self) -> float:
        """The y of the frames of the first shelf's racks."""
        return min((self.top[tier] for tier in ("leaf", "node") if tier in self.top), default=0.0) - _PAD


@dataclass(frozen=True, slots=True)
class _Rack:
    """The leaves and nodes of a rack; `name` is `None` for those of a zone that stand in no rack."""

    name: str | None
    leaves: tuple[DrawnNode, ...]
    nodes: tuple[DrawnNode, ...]
    columns: int
    width: float


@dataclass(frozen=True, slots=True)
class _Zone:
    """Everything of a zone, or of none, with the width that it needs."""

    name: str | None
    upper: Mapping[Tier, tuple[DrawnNode, ...]]
    racks: tuple[_Rack, ...]
    """From left to right, shelf after shelf."""
    columns: tuple[float, ...]
    """The width of each column of racks: that of its widest."""
    riser: float
    """Room left of each column for cables to lower shelves."""
    width: float

    @property
    def inner(self) -> float:
        """The width of its racks side by side, with their risers."""
        return _total(self.columns, _GAP) + self.riser * len(self.columns)


def layout(drawing: Drawing) -> Layout:
    """The place of every device, zone and rack of `drawing`; depends on nothing but its content."""
    above = _tiers_above_zones(drawing.nodes)
    shared = [row for tier in above if (row := _in_order(node for node in drawing.nodes if node.tier == tier))]
    measures = _measures(drawing, [row[0].tier for row in shared])
    zones, measures = _shelved([node for node in drawing.nodes if node.tier not in above], measures)
    columns = _total((zone.width for zone in zones), _ZONE_GAP)
    content = max([columns, *(_row_width(row, measures) for row in shared), _title_width(drawing)])
    left = MARGIN + TIER_NAMES
    lefts = _offsets([zone.width for zone in zones], _ZONE_GAP, left + (content - columns) / 2)
    boxes: dict[str, Box] = {}
    for row in shared:
        boxes |= _row_boxes(row, left, content, measures)
    for zone, at in zip(zones, lefts, strict=True):
        boxes |= _zone_boxes(zone, at, measures)
    within = [tier for tier in TIERS if tier not in above]
    return _framed(boxes, list(zip(zones, lefts, strict=True)), within, measures, left + content + MARGIN)


def _shelved(nodes: Sequence[DrawnNode], measures: _Measures) -> tuple[list[_Zone], _Measures]:
    """Zones with their racks on as few shelves as give a drawing that is not too wide for its height."""
    zones = _zones(nodes, measures, 1)
    racks = max((len(zone.racks) for zone in zones), default=0)
    step = _shelf_height(zones, measures) + _SHELF_GAP
    for shelves in range(1, racks + 1):
        zones = _zones(nodes, measures, shelves)
        width = _total((zone.width for zone in zones), _ZONE_GAP)
        if width <= max(_WIDEST, _FLATTEST * (measures.frame_top + step * shelves)):
            break
    return zones, replace(measures, step=step)


def _shelf_height(zones: Sequence[_Zone], measures: _Measures) -> float:
    """From the frame of a rack to what stands below the highest of all racks."""
    rows = max((math.ceil(len(rack.nodes) / rack.columns) for zone in zones for rack in zone.racks), default=0)
    nodes = measures.top.get("node", 0.0) + rows * (measures.height.get("node", 0.0) + _GAP / 2)
    leaves = measures.top.get("leaf", 0.0) + measures.height.get("leaf", 0.0)
    return max(nodes if rows else 0.0, leaves) + _RACK_LABEL - measures.frame_top


def _title_width(drawing: Drawing) -> float:
    return max(len(drawing.title) * 20 * ADVANCE - TIER_NAMES, 300)


def _measures(drawing: Drawing, shared: Sequence[Tier]) -> _Measures:
    """Sizes for `drawing`; between two of the `shared` tiers cables run steeply and need less room."""
    by_tier: defaultdict[Tier, list[DrawnNode]] = defaultdict(list)
    for node in drawing.nodes:
        by_tier[node.tier].append(node)
    leaves = Counter((node.zone, node.rack) for node in drawing.nodes if node.tier == "leaf")
    height = {tier: _box_height(nodes) for tier, nodes in by_tier.items()}
    gutter = _GAP + LANE * (max(leaves.values(), default=0) + 1)
    rise = min(220.0, 84 + 1.1 * len(drawing.nodes))
    gaps: dict[Tier, float] = {"leaf": gutter + _GAP, **dict.fromkeys(shared[:-1], 84.0)}
    return _Measures(
        width={tier: _box_width(nodes, FONT[tier]) for tier, nodes in by_tier.items()},
        height=height,
        top=_tops(height, TITLE_HEIGHT + (_PAD if shared else 2 * _PAD), gaps, rise),
        gutter=gutter,
    )


def _tops(height: Mapping[Tier, float], first: float, gaps: Mapping[Tier, float], rise: float) -> dict[Tier, float]:
    """The y of each tier that has devices; `gaps` says below which of them less than `rise` is free."""
    tops: dict[Tier, float] = {}
    for tier in TIERS:
        if tier in height:
            tops[tier] = first
            first += height[tier] + gaps.get(tier, rise)
    return tops


def name_lines(name: str) -> tuple[str, ...]:
    """`name` as it stands in a box: a long one is broken where that makes it narrowest, after a hyphen or the like."""
    breaks = [place for place in range(1, len(name)) if name[place - 1] in "-._" and name[place] not in "-._"]
    if len(name) <= _LONG_NAME or not breaks:
        return (name,)
    middle = min(breaks, key=lambda place: max(place, len(name) - place))
    return name[:middle], name[middle:]


def _box_width(nodes: Iterable[DrawnNode], font: float) -> float:
    longest = max(max(len(n.label) * LABEL_FONT, *(len(line) * font for line in name_lines(n.name))) for n in nodes)
    return max(60.0, math.ceil(longest * ADVANCE) + 14.0)


def _box_height(nodes: Iterable[DrawnNode]) -> float:
    return max(14.0 + LINE * len(name_lines(node.name)) + (LABEL_LINE if node.label else 0.0) for node in nodes)


def _tiers_above_zones(nodes: Sequence[DrawnNode]) -> list[Tier]:
    """The upper tiers, from the top, down to the first that has a device of a zone."""
    above: list[Tier] = []
    for tier in _UPPER:
        if any(node.tier == tier and node.zone is not None for node in nodes):
            break
        above.append(tier)
    return above


def _in_order(nodes: Iterable[DrawnNode]) -> tuple[DrawnNode, ...]:
    return tuple(sorted(nodes, key=lambda node: natural(node.name)))


def _row_width(row: Sequence[DrawnNode], measures: _Measures) -> float:
    return sum(measures.width[node.tier] + _GAP for node in row) - _GAP if row else 0.0


def _zones(nodes: Sequence[DrawnNode], measures: _Measures, shelves: int) -> list[_Zone]:
    """Zones by name, with their racks on so many shelves; what stands in none comes last."""
    by_zone: defaultdict[str | None, list[DrawnNode]] = defaultdict(list)
    for node in nodes:
        by_zone[node.zone].append(node)
    order = sorted(by_zone, key=lambda name: (name is None, natural(name or "")))
    return [_zone(name, by_zone[name], measures, shelves) for name in order]


def _zone(name: str | None, nodes: Sequence[DrawnNode], measures: _Measures, shelves: int) -> _Zone:
    upper = {tier: _in_order(n for n in nodes if n.tier == tier) for tier in _UPPER}
    by_rack: defaultdict[str | None, list[DrawnNode]] = defaultdict(list)
    for node in nodes:
        if node.tier not in _UPPER:
            by_rack[node.rack].append(node)
    order = sorted(by_rack, key=lambda rack: (rack is None, natural(rack or "")))
    racks = tuple(_rack(rack, by_rack[rack], measures) for rack in order)
    across = math.ceil(len(racks) / shelves)
    columns = tuple(max(rack.width for rack in racks[column::across]) for column in range(across))
    zone = _Zone(name, upper, racks, columns, _RISER if len(racks) > across else 0.0, 0.0)
    rows = [_row_width(row, measures) for row in upper.values()]
    label = len(name or "") * 15 * ADVANCE
    return replace(zone, width=max([zone.inner, *rows, label]) + 2 * _PAD)


def _rack(name: str | None, members: Sequence[DrawnNode], measures: _Measures) -> _Rack:
    leaves = _in_order(node for node in members if node.tier == "leaf")
    nodes = _in_order(node for node in members if node.tier == "node")
    row = _row_width(leaves, measures)
    column = measures.width.get("node", 0.0) + measures.gutter
    fitting = int((row + measures.gutter) // column)
    columns = max(1, min(len(nodes), max(fitting, math.ceil(len(nodes) / _MOST_ROWS))))
    grid = columns * column if nodes else 0.0
    label = len(name or "") * 12 * ADVANCE
    return _Rack(name, leaves, nodes, columns, max(row, grid, label) + 2 * _PAD)


def _total(widths: Iterable[float], gap: float) -> float:
    """The width of things side by side."""
    each = list(widths)
    return sum(each) + gap * max(0, len(each) - 1)


def _offsets(widths: Sequence[float], gap: float, left: float) -> list[float]:
    """The x of each of things side by side, the first at `left`."""
    return [left + sum(widths[:number]) + gap * number for number in range(len(widths))]


def _row_boxes(
    row: Sequence[DrawnNode], left: float, room: float, measures: _Measures, drop: float = 0.0
) -> dict[str, Box]:
    """Devices of one tier spread over `room`, no further apart than looks like one row; `drop` below its first."""
    if not row:
        return {}
    tier = row[0].tier
    width = measures.width[tier]
    step = min(room / len(row), 2.2 * width)
    start = left + (room - step * len(row) + step - width) / 2
    return {
        node.name: Box(start + number * step, measures.top[tier] + drop, width, measures.height[tier])
        for number, node in enumerate(row)
    }


def _zone_boxes(zone: _Zone, left: float, measures: _Measures) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for row in zone.upper.values():
        boxes |= _row_boxes(row, left + _PAD, zone.width - 2 * _PAD, measures)
    for rack, at, drop in _placed_racks(zone, left, measures):
        row_room = _row_width(rack.leaves, measures) + _GAP
        boxes |= _row_boxes(rack.leaves, at + (rack.width - row_room) / 2, row_room, measures, drop)
        boxes |= _grid_boxes(rack, at, measures, drop)
    return boxes


def _placed_racks(zone: _Zone, left: float, measures: _Measures) -> Iterator[tuple[_Rack, float, float]]:
    """Every rack of the zone with its x, and how far below the first shelf it stands."""
    start = left + (zone.width - zone.inner) / 2 + zone.riser
    lefts = _offsets(zone.columns, _GAP + zone.riser, start)
    for number, rack in enumerate(zone.racks):
        shelf, column = divmod(number, len(zone.columns))
        yield rack, lefts[column] + (zone.columns[column] - rack.width) / 2, shelf * measures.step


def _risers(zones: Sequence[tuple[_Zone, float]], measures: _Measures) -> dict[str, Riser]:
    found: dict[str, Riser] = {}
    for zone, left in zones:
        for number, (rack, at, drop) in enumerate(_placed_racks(zone, left, measures)):
            column = zone.columns[number % len(zone.columns)]
            x = at - (column - rack.width) / 2 - zone.riser
            bottom = measures.frame_top + drop - _SHELF_GAP * 0.75
            riser = Riser(x, zone.riser, measures.frame_top, bottom, drop)
            found |= {node.name: riser for node in (*rack.leaves, *rack.nodes) if drop}
    return found


def _grid_boxes(rack: _Rack, left: float, measures: _Measures, drop: float) -> dict[str, Box]:
    """A rack's nodes, line by line, each column with a gutter at its left."""
    if not rack.nodes:
        return {}
    width, height = measures.width["node"], measures.height["node"]
    column = width + measures.gutter
    start = left + (rack.width - rack.columns * column) / 2 + measures.gutter
    top = measures.top["node"] + drop
    places = (divmod(number, rack.columns) for number in range(len(rack.nodes)))
    return {
        node.name: Box(start + across * column, top + down * (height + _GAP / 2), width, height)
        for node, (down, across) in zip(rack.nodes, places, strict=True)
    }


def _framed(
    boxes: Mapping[str, Box],
    zones: Sequence[tuple[_Zone, float]],
    within: Sequence[Tier],
    measures: _Measures,
    width: float,
) -> Layout:
    """The layout around `boxes`: frames of one shelf start and end at the same height."""
    shelves = _shelves([zone for zone, _ in zones])
    lowest = max((box.bottom for box in boxes.values()), default=TITLE_HEIGHT)
    end = lowest + (_RACK_LABEL if any(rack.name for zone, _ in zones for rack in zone.racks) else _PAD)
    height = end - measures.frame_top - measures.step * (shelves - 1)
    zones_end = end + (_ZONE_LABEL if any(zone.name for zone, _ in zones) else 0)
    zones_top = min((measures.top[tier] for tier in within if tier in measures.top), default=TITLE_HEIGHT) - 2 * _PAD
    return Layout(
        width=width,
        height=zones_end + MARGIN,
        boxes=boxes,
        zones=tuple(
            Frame(zone.name, zone.name, Box(left, zones_top, zone.width, zones_end - zones_top))
            for zone, left in zones
            if zone.name is not None
        ),
        racks=tuple(
            Frame(rack.name, zone.name, Box(x, measures.frame_top + drop, rack.width, height))
            for zone, left in zones
            for rack, x, drop in _placed_racks(zone, left, measures)
            if rack.name is not None
        ),
        tops=measures.top,
        risers=_risers(zones, measures),
    )


def _shelves(zones: Sequence[_Zone]) -> int:
    """On how many shelves the racks of the fullest zone stand."""
    return max((math.ceil(len(zone.racks) / len(zone.columns)) for zone in zones if zone.racks), default=1)
