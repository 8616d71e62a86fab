"""The line of every cable of a drawing, as an SVG path."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from fabric._values import dataclass
from fabric.render.drawing._drawing import Drawing, DrawnEdge, DrawnNode
from fabric.render.drawing._layout import LANE, Box, Layout, Riser

_CORNER = 4.0
_STUB = 9.0
"""How far a node's line runs beside its box before it enters."""


@dataclass(frozen=True, slots=True)
class Route:
    """A cable's line; `upper` is the end that is drawn first."""

    edge: DrawnEdge
    upper: DrawnNode
    lower: DrawnNode
    path: str


@dataclass(frozen=True, slots=True)
class _Ends:
    edge: DrawnEdge
    upper: DrawnNode
    lower: DrawnNode
    turn: int
    """Which of several cables between the two devices this is, from 0."""

    @property
    def in_rack(self) -> bool:
        """True from a leaf down to a node of its own rack: such lines run in the rack's gutters."""
        same = (self.upper.zone, self.upper.rack) == (self.lower.zone, self.lower.rack)
        return same and (self.upper.tier, self.lower.tier) == ("leaf", "node")


def routes(drawing: Drawing, placed: Layout) -> tuple[Route, ...]:
    """One line for each edge of `drawing`, in its order."""
    ends = _ends(drawing, placed)
    ways = _Ways(_ports(ends, placed), _lanes(ends, placed), _shafts(ends, placed))
    return tuple(
        Route(end.edge, end.upper, end.lower, _path(end, number, placed, ways)) for number, end in enumerate(ends)
    )


def _ends(drawing: Drawing, placed: Layout) -> list[_Ends]:
    nodes = {node.name: node for node in drawing.nodes}
    seen: Counter[frozenset[str]] = Counter()
    ends: list[_Ends] = []
    for edge in drawing.edges:
        upper, lower = sorted((edge.a, edge.b), key=lambda name: (placed.boxes[name].y, placed.boxes[name].x))
        ends.append(_Ends(edge, nodes[upper], nodes[lower], seen[frozenset((edge.a, edge.b))]))
        seen[frozenset((edge.a, edge.b))] += 1
    return ends


Ports = Mapping[tuple[int, str], float]
"""The x at which the line of an edge, by its number, meets a device."""


def _ports(ends: Sequence[_Ends], placed: Layout) -> Ports:
    """Lines of one side of a device, fanned out over its width in the order of where they lead."""
    sides: defaultdict[tuple[str, bool], list[tuple[float, int]]] = defaultdict(list)
    for number, end in enumerate(ends):
        if not end.in_rack and placed.boxes[end.upper.name].y < placed.boxes[end.lower.name].y:
            riser = placed.risers.get(end.lower.name)
            sides[end.upper.name, True].append((riser.x if riser else placed.boxes[end.lower.name].middle, number))
            sides[end.lower.name, False].append((placed.boxes[end.upper.name].middle, number))
    ports: dict[tuple[int, str], float] = {}
    for (name, _), lines in sides.items():
        box = placed.boxes[name]
        for place, (_, number) in enumerate(sorted(lines), 1):
            ports[number, name] = box.x + box.width * place / (len(lines) + 1)
    return ports


Lanes = Mapping[tuple[str, int], tuple[int, int]]
"""For a leaf and one of its parallel cables: the number of its lane, and of all lanes of its rack."""


def _lanes(ends: Sequence[_Ends], placed: Layout) -> Lanes:
    racks: defaultdict[tuple[str | None, str | None], set[tuple[float, str, int]]] = defaultdict(set)
    for end in ends:
        if end.in_rack:
            upper = end.upper
            racks[upper.zone, upper.rack].add((placed.boxes[upper.name].x, upper.name, end.turn))
    return {
        (leaf, turn): (lane, len(used)) for used in racks.values() for lane, (_, leaf, turn) in enumerate(sorted(used))
    }


Shafts = Mapping[int, tuple[float, Riser]]
"""For an edge, by its number, that leads to a lower shelf: the x of its line in the riser."""


def _shafts(ends: Sequence[_Ends], placed: Layout) -> Shafts:
    """Lines of one riser side by side, those to the lowest shelf at its left, where none has to cross them."""
    risers: defaultdict[float, list[tuple[float, float, int]]] = defaultdict(list)
    for number, end in enumerate(ends):
        riser = placed.risers.get(end.lower.name)
        if riser is not None and not end.in_rack:
            risers[riser.x].append((-riser.bottom, placed.boxes[end.upper.name].x, number))
    found: dict[int, tuple[float, Riser]] = {}
    for lines in risers.values():
        for place, (_, _, number) in enumerate(sorted(lines), 1):
            riser = placed.risers[ends[number].lower.name]
            found[number] = (riser.x + riser.width * place / (len(lines) + 1), riser)
    return found


@dataclass(frozen=True, slots=True)
class _Ways:
    """The places of lines that run side by side."""

    ports: Ports
    lanes: Lanes
    shafts: Shafts


def _path(end: _Ends, number: int, placed: Layout, ways: _Ways) -> str:
    upper, lower = placed.boxes[end.upper.name], placed.boxes[end.lower.name]
    if end.in_rack:
        return _bus(upper, lower, *ways.lanes[end.upper.name, end.turn])
    if upper.y == lower.y:
        return _beside(upper, lower, end.turn)
    start, before = (ways.ports[number, end.upper.name], upper.bottom), ""
    if number in ways.shafts and upper.bottom < ways.shafts[number][1].bottom:
        start, before = _through(start, *ways.shafts[number])
    if end.lower.tier == "node":
        return before + _into_grid(start, lower, _grid_top(end, placed), joined=bool(before))
    return before + _down(start, (ways.ports[number, end.lower.name], lower.y), joined=bool(before))


def _through(start: tuple[float, float], x: float, riser: Riser) -> tuple[tuple[float, float], str]:
    """Down a riser: where the line leaves it, and the line until there."""
    top = max(riser.top, min(start[1] + _STUB, riser.bottom))
    return (x, riser.bottom), f"{_down(start, (x, top))}V{length(riser.bottom)}"


def _grid_top(end: _Ends, placed: Layout) -> float:
    """Just above the first row of the nodes of the lower end's rack."""
    riser = placed.risers.get(end.lower.name)
    return placed.tops["node"] - LANE + (riser.drop if riser else 0.0)


def _down(start: tuple[float, float], to: tuple[float, float], *, joined: bool = False) -> str:
    """From a tier to a lower one: leaves and arrives upright. `joined` goes on where a line has ended."""
    (x, y), (to_x, to_y) = start, to
    bend = (to_y - y) * 0.5
    controls = f"{length(x)} {length(y + bend)} {length(to_x)} {length(to_y - bend)}"
    begin = "" if joined else f"M{length(x)} {length(y)}"
    return f"{begin}C{controls} {length(to_x)} {length(to_y)}"


def _into_grid(start: tuple[float, float], node: Box, top: float, *, joined: bool) -> str:
    """From outside the rack to a node: down the gutter at its left, so that no other node is crossed."""
    x, y = node.x - _STUB / 2, node.y + node.height * 0.8
    above = _down(start, (x, top), joined=joined)
    return f"{above}V{length(y - _CORNER)}Q{length(x)} {length(y)} {length(node.x)} {length(y)}"


def _beside(left: Box, right: Box, turn: int) -> str:
    """Between devices of one tier: straight to a near neighbour, else in a bow below what lies between."""
    y = left.y + left.height * (0.5 + 0.16 * turn)
    if right.x - left.right <= left.width:
        return f"M{length(left.right)} {length(y)}H{length(right.x)}"
    dip = left.bottom + 18 + 6 * turn
    return (
        f"M{length(left.middle)} {length(left.bottom)}C{length(left.middle)} {length(dip)} "
        f"{length(right.middle)} {length(dip)} {length(right.middle)} {length(right.bottom)}"
    )


def _bus(leaf: Box, node: Box, lane: int, lanes: int) -> str:
    """From a leaf down its lane of the gutter left of the node's column, and in at the node's side."""
    x = node.x - _STUB - LANE * (lanes - 1 - lane)
    y = node.y + node.height * (lane + 1) / (lanes + 1)
    into = f"V{length(y - _CORNER)}Q{length(x)} {length(y)} {length(x + _CORNER)} {length(y)}H{length(node.x)}"
    if leaf.x + _CORNER < x < leaf.right - _CORNER:
        return f"M{length(x)} {length(leaf.bottom)}{into}"
    start = leaf.middle + LANE * (lane - (lanes - 1) / 2)
    turn_y = leaf.bottom + LANE * (lane + 1.6)
    side = _CORNER if x > start else -_CORNER
    out = f"M{length(start)} {length(leaf.bottom)}V{length(turn_y - _CORNER)}"
    turn = f"Q{length(start)} {length(turn_y)} {length(start + side)} {length(turn_y)}H{length(x - side)}"
    return f"{out}{turn}Q{length(x)} {length(turn_y)} {length(x)} {length(turn_y + _CORNER)}{into}"


def length(value: float) -> str:
    """A length with one decimal at most, which is finer than a screen shows."""
    return f"{value:.1f}".removesuffix(".0")
