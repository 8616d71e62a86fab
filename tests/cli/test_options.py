"""Whatever command reads a topology plans alike: with a ledger's values, and with those pinned outside the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup

from fabric.cli._app import app
from tests.cli.command import TOPOLOGIES, fabric

PINNED = "device,network,address\nrack-0-worker-0,storage,172.18.0.200\n"


def _commands(command: object, path: str = "fabric") -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from _commands(command.get_command(context, name), f"{path} {name}")
    elif isinstance(command, TyperCommand):
        yield path, command


def _reads_a_topology(command: TyperCommand) -> bool:
    arguments = (parameter for parameter in command.params if isinstance(parameter, TyperArgument))
    return any("opology file" in (argument.help or "") for argument in arguments)


READERS = {path: command for path, command in _commands(typer.main.get_command(app)) if _reads_a_topology(command)}


def test_the_commands_that_read_a_topology_are_found() -> None:
    assert {"fabric plan", "fabric diff", "fabric simulate", "fabric lab up"} <= set(READERS)


@pytest.mark.parametrize("path", READERS)
def test_every_command_that_reads_a_topology_takes_ledger_and_pins(path: str) -> None:
    options = {option for parameter in READERS[path].params for option in parameter.opts}
    assert {"--ledger", "--pins"} <= options


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "pins.csv"
    path.write_text(PINNED)
    return path


def test_pins_reach_prediction_and_diff(pins: Path) -> None:
    file = TOPOLOGIES / "rhoso-dz.yaml"
    assert "172.18.0.200/32" in fabric("simulate", file, "--pins", pins, "--fib", "rack-0-leaf-0").stdout
    assert "172.18.0.200" in fabric("diff", file, file, "--pins", pins, "--format", "markdown").stdout
    assert "172.18.0.200" not in fabric("diff", file, file, "--pins", pins, "--old-pins", pins).stdout
