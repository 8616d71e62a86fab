"""Commands that need nothing but a topology file: `schema`, `plan`, `render`, `graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.cli._console import answer_json, note, say, show
from fabric.cli._options import FileArgument, JsonOption

OutputDirectory = Annotated[Path, typer.Option("-o", "--output", help="Directory to write to.")]


def schema() -> None:
    """Print the JSON Schema of topology files, for editors."""
    from fabric.topology import json_schema

    answer_json(json_schema())


def plan(
    file: FileArgument,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Directory to write the plan to.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the plan of a topology: ASNs, addresses, ports; with -o write it as YAML, JSON, CSV and Markdown."""
    from fabric import plan as planning
    from fabric.report import plan_document, plan_files, plan_tables
    from fabric.topology import load

    value = planning.build(load(file))
    if output is not None:
        from fabric.render import write_tree

        written = write_tree(plan_files(value), output)
        note(f"{len(written)} files written to {output}")
    if as_json:
        answer_json(plan_document(value))
    elif output is None:
        show(plan_tables(value).values())


def render(file: FileArgument, output: OutputDirectory, as_json: JsonOption = False) -> None:
    """Write the FRR configuration of every switch and node to frr/DEVICE/{frr.conf,daemons}."""
    from fabric import config, plan
    from fabric.render import frr_tree, write_tree
    from fabric.topology import load

    fabric = config.build(plan.build(load(file)))
    written = write_tree(frr_tree(fabric), output)
    if as_json:
        answer_json({"directory": str(output), "files": [str(path) for path in written]})
    else:
        say(f"{len(written)} files for {len(fabric.devices)} devices written to {output}")


def graph(
    file: FileArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .svg, .dot or .mmd.")],
) -> None:
    """Draw the fabric by tier and zone as SVG, Graphviz or Mermaid, by the file's ending."""
    from fabric import config, plan
    from fabric.errors import InputError
    from fabric.render import write_tree
    from fabric.render.drawing import drawing_of, graph_dot, graph_mermaid, graph_svg
    from fabric.topology import load

    writers = {".svg": graph_svg, ".dot": graph_dot, ".gv": graph_dot, ".mmd": graph_mermaid}
    writer = writers.get(output.suffix)
    if writer is None:
        allowed = ", ".join(writers)
        raise InputError(f"-o {output}: found the ending {output.suffix!r}; allowed: {allowed}. Choose one of them.")
    drawing = drawing_of(config.build(plan.build(load(file))))
    write_tree({output.name: writer(drawing)}, output.parent)
    say(f"drawn to {output}")
