"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

FileArgument = Annotated[Path, typer.Argument(help="Topology file, such as topologies/quickstart.yaml, or -.")]


class Format(StrEnum):
    """How a command answers that judges something: for people, scripts, or a CI system."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    github = "github"


def form_of(form: Format, as_json: bool) -> Format:
    """The form that `--format` and `--json` ask for together; `InputError` where they contradict each other."""
    if as_json and form not in (Format.text, Format.json):
        from fabric.errors import InputError

        raise InputError(f"Found --json and --format {form}; allowed: one of them. Leave one out.")
    return Format.json if as_json else form


FormatOption = Annotated[
    Format, typer.Option("--format", help="How to answer: JUnit XML, SARIF 2.1.0 and GitHub commands are for CI.")
]
_json = False


def _asked_for_json(asked: bool) -> bool:
    global _json  # noqa: PLW0603 - a process runs one command
    _json = _json or asked
    return asked


def json_asked() -> bool:
    """True when the command was given `--json`, for whoever has to say why there is no other answer."""
    return _json


JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.", callback=_asked_for_json)]
LabOption = Annotated[str | None, typer.Option("--lab", help="Name of the lab; needed where several run.")]
ReleaseOption = Annotated[
    str,
    typer.Option("--release", help="What the cluster runs: OpenShift 4.16, 4.18 to 4.22, v0.0.25 or main of frr-k8s."),
]
DEFAULT_RELEASE = "4.20"
