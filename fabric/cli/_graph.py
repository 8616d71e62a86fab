"""`fabric graph`: a drawing of the fabric, in many formats and views, with failures and paths marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._asking import Asked, ask, asker
from fabric.cli._console import say
from fabric.cli._options import FileArgument
from fabric.cli._planning import LedgerOption, PinsOption
from fabric.cli._simulate import FailOption

if TYPE_CHECKING:
    from fabric.render.drawing import Drawing, DrawnEdge, Mark


class View(StrEnum):
    """What a drawing shows."""

    physical = "physical"
    bgp = "bgp"
    rack = "rack"
    zone = "zone"


def graph(
    file: FileArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .svg, .png, .dot, .mmd, .d2 or .drawio.")
    ],
    view: Annotated[
        View, typer.Option("--view", help="Cables, BGP sessions, or one box for each rack or zone.")
    ] = View.physical,
    fail: FailOption = None,
    path: Annotated[
        tuple[str, str] | None, typer.Option("--path", metavar="A B", help="Mark every path from A to B.")
    ] = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
) -> None:
    """Draw the fabric by tier, zone and rack, in the format that the file's ending says.

    Example: fabric graph FILE -o broken.svg --fail link:a1-leaf-1--spine-1 --path a1-server-1 b1-server-1
    """
    from fabric.render import write_tree

    write = _writer(output)
    asked = ask(file, fail, ledger, pins)
    drawn = write(_viewed(asked, view, path))
    if isinstance(drawn, bytes):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(drawn)
    else:
        write_tree({output.name: drawn}, output.parent)
    say(f"drawn to {output}")


def _writer(output: Path) -> Callable[[Drawing], str | bytes]:
    from fabric.errors import InputError
    from fabric.render import drawing

    writers: Mapping[str, Callable[[Drawing], str | bytes]] = {
        ".svg": drawing.graph_svg,
        ".png": drawing.graph_png,
        ".dot": drawing.graph_dot,
        ".gv": drawing.graph_dot,
        ".mmd": drawing.graph_mermaid,
        ".d2": drawing.graph_d2,
        ".drawio": drawing.graph_drawio,
    }
    if output.suffix not in writers:
        allowed = ", ".join(writers)
        raise InputError(f"-o {output}: found the ending {output.suffix!r}; allowed: {allowed}. Choose one of them.")
    return writers[output.suffix]


def _viewed(asked: Asked, view: View, path: tuple[str, str] | None) -> Drawing:
    """The drawing in a view, with marks on what has failed and on what packets pass."""
    from fabric.render.drawing import collapsed, drawing_of, marked, with_edges

    drawing = drawing_of(asked.what_if.fabric)
    if view is View.bgp:
        return with_edges(marked(drawing, _down(asked), {}), _sessions(asked), "BGP adjacency")
    drawing = marked(drawing, *_marks(asked, path))
    if view is View.physical:
        return drawing
    return collapsed(drawing, "rack" if view is View.rack else "zone")


def _down(asked: Asked) -> dict[str, Mark]:
    return dict.fromkeys(sorted(asked.what_if.failures.devices), "down")


def _marks(asked: Asked, path: tuple[str, str] | None) -> tuple[Mapping[str, Mark], Mapping[str, Mark]]:
    """Marks of devices, and of cables by their labels; what has failed is no path, nor are its cables."""
    devices: dict[str, Mark] = {}
    cables: dict[str, Mark] = {}
    for device, cable in _hops(asked, path) if path else ():
        devices[device] = "path"
        if cable:
            cables[cable] = "path"
    failed = asked.what_if.failures
    for wire in asked.what_if.fabric.cables:
        if wire in failed.cables or {wire.a.device, wire.b.device} & failed.devices:
            cables[f"{wire.a} - {wire.b}"] = "down"
    return devices | _down(asked), cables


def _hops(asked: Asked, path: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Each device on a path, with the label of the cable out of it, on every ECMP path of every family."""
    from fabric.cli._simulate import traces

    labels = {port: f"{c.a} - {c.b}" for c in asked.what_if.fabric.cables for port in (str(c.a), str(c.b))}
    simulation = asked.simulation()
    with asker("--path"):
        found = list(traces(simulation, *path))
    for trace in found:
        for way in trace.forward:
            for hop in way.hops:
                port = "" if hop.leg is None else f"{hop.device}:{hop.leg.interface}"
                yield hop.device, labels.get(port, "")


def _sessions(asked: Asked) -> Iterator[DrawnEdge]:
    """A line for each pair of devices with sessions; down where one of them is down."""
    from fabric.render.drawing import DrawnEdge

    pairs: dict[tuple[str, str], list[bool]] = {}
    kinds: dict[tuple[str, str], str] = {}
    for session in asked.simulation().sessions:
        one, two = session.ends
        pairs.setdefault((one.device, two.device), []).append(session.up)
        kinds[one.device, two.device] = str(session.type)
    for (one_name, two_name), ups in pairs.items():
        label = f"{kinds[one_name, two_name]}: {sum(ups)} of {len(ups)} sessions up"
        yield DrawnEdge(one_name, two_name, label, "" if all(ups) else "down")
