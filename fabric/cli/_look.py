"""`fabric lab trace|mtu|shell|logs`: what packets do in a running lab, and what its devices say."""

from __future__ import annotations

from typing import Annotated

import typer

from fabric.cli._asking import asker
from fabric.cli._console import answer_json, say, show
from fabric.cli._options import JsonOption, LabOption
from fabric.cli._running import predicted_now, running_lab
from fabric.cli._simulate import ends_of

SourceArgument = Annotated[str, typer.Argument(metavar="A", help="Device or address that sends.")]
DestinationArgument = Annotated[str, typer.Argument(metavar="B", help="Device or address that is sent to.")]


def trace(
    source: SourceArgument,
    destination: DestinationArgument,
    flows: Annotated[int, typer.Option("--flows", min=1, max=1024, help="UDP flows a round.")] = 64,
    size: Annotated[int, typer.Option("--size", min=64, max=65535, help="Bytes of an IP packet.")] = 64,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow real packets from A to B over every ECMP path, beside the predicted ones. Exit code 1 where they differ.

    As Paris traceroute does it: a flow keeps its ports, so that all its packets take one path. Flows are added until
    a path that none of them took has a chance of 0.1 %.

    Example: fabric lab trace a1-server-1 b1-server-2
    """
    from fabric.lab import TraceSettings
    from fabric.report import lab_trace_document, lab_trace_table
    from fabric.verify import trace_lab

    running = running_lab(lab)
    prediction = predicted_now(running)
    settings = TraceSettings(flows, packet_bytes=size)
    with asker("lab trace"):
        pairs = list(ends_of(prediction.simulation, source, destination))
    found = [trace_lab(running, prediction, ends, settings) for ends in pairs]
    if as_json:
        answer_json(lab_trace_document(found))
    else:
        show(map(lab_trace_table, found))
    raise typer.Exit(0 if all(entry.agrees for entry in found) else 1)


def mtu(
    source: SourceArgument, destination: DestinationArgument, lab: LabOption = None, as_json: JsonOption = False
) -> None:
    """Find the longest packet that every path from A to B carries, and where that ends. Exit code 1 if unpredicted.

    Example: fabric lab mtu a1-server-1 b1-server-2
    """
    from fabric.report import lab_mtu_document, lab_mtu_text
    from fabric.verify import mtu_of_lab

    running = running_lab(lab)
    prediction = predicted_now(running)
    with asker("lab mtu"):
        pairs = list(ends_of(prediction.simulation, source, destination))
    found = [mtu_of_lab(running, prediction, ends) for ends in pairs]
    if as_json:
        answer_json(lab_mtu_document(found))
    else:
        say("\n".join(map(lab_mtu_text, found)))
    raise typer.Exit(0 if all(entry.agrees for entry in found) else 1)


def shell(
    node: Annotated[str, typer.Argument(help="Device of the lab, such as spine-1.")], lab: LabOption = None
) -> None:
    """Open a shell on a device ($SHELL, where a container has it); its exit code is passed on.

    Example: fabric lab shell spine-1
    """
    running = running_lab(lab)
    raise typer.Exit(running.engine.attach(running.name, node, (running.engine.shell(running.name, node),)))


def logs(
    node: Annotated[str | None, typer.Argument(help="Device of the lab; default: all.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each daemon's log.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are added, until ^C.")] = False,
    lab: LabOption = None,
) -> None:
    """Show what the daemons of a device, or of all, have logged.

    Example: fabric lab logs spine-1 --follow
    """
    running = running_lab(lab)
    files = map(str, running.engine.log_files(running.name, node))
    argv = ("tail", "-n", str(lines), *(("-F",) if follow else ()), "--", *files)
    raise typer.Exit(running.engine.attach(running.name, None, argv))
