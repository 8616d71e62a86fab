"""The passwords of a design, from the files and the environment that hold them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import note

if TYPE_CHECKING:
    from fabric.config import Secret
    from fabric.topology import Design

SecretsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--secrets",
        help="File or directory with Secrets of BGP passwords, in place of passwords.file; may repeat.",
    ),
]


def passwords_for(design: Design, files: list[Path] | None) -> Mapping[str, Secret]:
    """The passwords of a design by the name of their Secret; what stands in for one goes to standard error."""
    named = design.topology.passwords
    if not named.names and not files:
        return {}
    from fabric.config import Secret
    from fabric.kubernetes import passwords_of, read_texts, variable

    if named.file is not None and not files:
        files = [Path(design.source.file).parent / named.file]
    found = passwords_of(named.names, read_texts(files) if files else None, os.environ)
    for name in named.names:
        if name not in found:
            stand_in = Secret.placeholder(name).value
            note(f"Secret {name} has no value, {stand_in} stands in: give --secrets FILE, or set ${variable(name)}.")
    return found
