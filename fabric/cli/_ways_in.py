"""Commands that write a first topology file: `init` from a few answers, `import` from what somebody already has."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import note, say
from fabric.errors import InputError

if TYPE_CHECKING:
    from fabric.draft import Draft, Sketch

_STANDARD_OUTPUT = Path("-")


class ProfileChoice(StrEnum):
    """Profiles that a first design may have."""

    rfc7938 = "rfc7938"
    rhoso = "rhoso"


class Kind(StrEnum):
    """What `fabric import` reads."""

    containerlab = "containerlab"
    netlab = "netlab"
    rhoso = "rhoso"


ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def init(
    file: Annotated[Path, typer.Argument(help="File to write, or - for standard output.")] = Path("fabric.yaml"),
    profile: Annotated[
        ProfileChoice | None, typer.Option("--profile", help="What it is for; without it, questions are asked.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the fabric.")] = "my-fabric",
    zones: Annotated[int, typer.Option("--zones", min=1, max=26, help="Failure zones.")] = 3,
    racks: Annotated[int, typer.Option("--racks", min=1, max=64, help="Racks a zone.")] = 1,
    spines: Annotated[int, typer.Option("--spines", min=1, max=64, help="Spines.")] = 2,
    nodes: Annotated[int, typer.Option("--nodes", min=0, max=64, help="Servers (rhoso: computes) a rack.")] = 2,
    rtt_ms: Annotated[float, typer.Option("--rtt-ms", min=0, max=10_000, help="RTT between zones in ms.")] = 1.0,
    ipv6: Annotated[bool, typer.Option("--ipv6/--no-ipv6", help="Dual stack, or IPv4 alone.")] = True,
    force: ForceOption = False,
) -> None:
    """Write a first topology file, with a comment on every choice.

    Example: fabric init my-cloud.yaml --profile rhoso --zones 3
    """
    from fabric.draft import Sketch, sketch

    answers = Sketch(
        name, "rhoso" if profile is ProfileChoice.rhoso else "rfc7938", zones, racks, spines, nodes, rtt_ms, ipv6
    )
    if profile is None and sys.stdin.isatty():
        answers = _asked(answers)
    _write(sketch(answers), file, force=force)


def import_(
    source: Annotated[Path, typer.Argument(help="A containerlab or netlab file, or a folder of RHOSO resources.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = _STANDARD_OUTPUT,
    kind: Annotated[Kind | None, typer.Option("--from", help="What it is; default: found out.")] = None,
    force: ForceOption = False,
) -> None:
    """Build a topology file from a containerlab or netlab file, or a folder of RHOSO resources.

    What the design cannot say stands in its first comment and on standard error. Exit code 1 if links differ.

    Example: fabric import lab.clab.yml -o my-fabric.yaml
    """
    from fabric.draft import read_draft

    draft = read_draft(source, None if kind is None else kind.value)
    for line in (*draft.notes, *draft.differences):
        note(line)
    _write(draft, output, force=force)
    raise typer.Exit(1 if draft.differences else 0)


def _asked(answers: Sketch) -> Sketch:
    """The answers of a person at a terminal; what is proposed is what the options say."""
    from fabric.draft import Sketch

    kinds = "rfc7938 (any Clos) or rhoso (OpenStack on OpenShift)"
    return Sketch(
        profile=typer.prompt(f"What is it for: {kinds}?", answers.profile, value_proc=_profile),
        name=typer.prompt("Name", answers.name),
        zones=typer.prompt("Failure zones", answers.zones, type=int),
        racks=typer.prompt("Racks in each zone", answers.racks, type=int),
        spines=typer.prompt("Spines", answers.spines, type=int),
        nodes=typer.prompt("Servers (rhoso: computes) in each rack", answers.nodes, type=int),
        rtt_ms=typer.prompt("Round-trip time between zones in ms", answers.rtt_ms, type=float),
        ipv6=typer.confirm("IPv6 beside IPv4?", answers.ipv6),
    )


def _profile(text: str) -> str:
    if text not in list(ProfileChoice):
        raise typer.BadParameter(f"found {text!r}; allowed: {', '.join(ProfileChoice)}")
    return text


def _write(draft: Draft, file: Path, *, force: bool) -> None:
    """Write the draft where nothing is yet or where `--force` says so, and then say what does not fit in it."""
    from fabric.draft import draft_text
    from fabric.topology import parse

    text = draft_text(draft)
    if file == _STANDARD_OUTPUT:
        sys.stdout.write(text)
        parse(text, "standard output")
        return
    _new_file(file, text, force=force)
    try:
        parse(text, str(file))
    except InputError:
        note(f"{file} written; it does not fit yet:")
        raise
    say(f"{file} written. Next: fabric plan {file}")


def _new_file(file: Path, text: str, *, force: bool) -> None:
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise InputError(f"{file}: found a file; allowed: a new name. Choose one, or add --force.") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror}). Choose another place.") from error
