"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from fabric import __version__
from fabric.cli import _design, _kubernetes, _lab, _netbox, _simulate, _ways_in

app = typer.Typer(
    help="Design BGP spine-leaf fabrics across failure zones, write their configuration, and prove it on real FRR.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fabric {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command()(_ways_in.init)
app.command("import")(_ways_in.import_)
app.command()(_design.schema)
app.command()(_design.plan)
app.command()(_design.diff)
app.command()(_design.render)
app.command()(_design.graph)
app.command()(_simulate.simulate)
app.command()(_simulate.trace)
app.command()(_simulate.explain)
app.add_typer(_lab.app, name="lab")
app.add_typer(_netbox.app, name="netbox")
app.add_typer(_kubernetes.frr_k8s, name="frr-k8s")
app.add_typer(_kubernetes.metallb, name="metallb")
app.add_typer(_kubernetes.rhoso, name="rhoso")
