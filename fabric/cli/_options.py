"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FileArgument = Annotated[Path, typer.Argument(help="Topology file, such as topologies/quickstart.yaml.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
LabOption = Annotated[str | None, typer.Option("--lab", help="Name of the lab; needed where several run.")]
ReleaseOption = Annotated[
    str, typer.Option("--release", help="What the cluster runs: OpenShift 4.16 to 4.22, v0.0.25 or main of frr-k8s.")
]
DEFAULT_RELEASE = "4.20"
