"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FileArgument = Annotated[Path, typer.Argument(help="Topology file, such as topologies/quickstart.yaml.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
LabOption = Annotated[str | None, typer.Option("--lab", help="Name of the lab; needed where several run.")]
