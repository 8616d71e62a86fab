"""The tree of commands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fabric import __version__
from fabric.cli._console import Volume, speak

_HOMES = {
    "init": "_ways_in.init",
    "import": "_ways_in.import_",
    "schema": "_design.schema",
    "plan": "_design.plan",
    "diff": "_design.diff",
    "check": "_check.check",
    "render": "_design.render",
    "graph": "_graph.graph",
    "simulate": "_simulate.simulate",
    "trace": "_simulate.trace",
    "explain": "_simulate.explain",
    "report": "_report.report",
    "lab": "_lab.app",
    "netbox": "_netbox.app",
    "frr-k8s": "_kubernetes.frr_k8s",
    "metallb": "_kubernetes.metallb",
    "rhoso": "_kubernetes.rhoso",
}
"""Where each command is, or the group of commands, in the order in which help shows them."""


class _Commands(TyperGroup):
    """Imports and builds a command when it is called for; all of them for help, and to say what a typo meant."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Click says what is handed over
        return list(_HOMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        for name in [cmd_name] if cmd_name in _HOMES else _HOMES:
            if name not in self.commands:
                self.commands[name] = _built(name)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's word for who validates
            raise


def _built(name: str) -> Any:
    """The command called `name`, as Typer builds it from a function, or from the `Typer` of a group."""
    module, _, attribute = _HOMES[name].partition(".")
    found = getattr(import_module(f"fabric.cli.{module}"), attribute)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
        alone.callback()(lambda: None)
    command: Any = typer.main.get_command(alone)
    return command.commands[name]


app = typer.Typer(
    cls=_Commands,
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
    version: Annotated[  # noqa: ARG001 - its callback answers it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but answers and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say each step of the work, with times.")] = False,
) -> None:
    if quiet and verbose:
        raise typer.BadParameter("found --quiet and --verbose; allowed: one of them. Leave one out.")
    speak(Volume.quiet if quiet else Volume.verbose if verbose else Volume.normal)
