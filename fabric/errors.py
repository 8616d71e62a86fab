"""The exceptions that `fabric` raises. A library call raises; only the command prints and exits.

FabricError
  + InputError           the user's files are wrong                       exit code 2
  |   - TopologyError   every problem of one topology file, at once
  |   - PlanError       the file reads well but cannot be planned
  + MachineError   the machine lacks something or refuses it        exit code 3
      - LabError         a lab could not be started, reached or ended
      - NetboxError      NetBox could not be reached, or refused what it was asked
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fabric._values import dataclass


class FabricError(Exception):
    """The base of all errors raised on purpose; its text is a finished sentence for the user."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a user's file: where it is, what was found, what is allowed and what to do."""

    where: str
    """File and line (`topo.yaml:12`), or the file alone where no line can be named."""
    path: str
    """Dotted path of the value inside the file, such as `zones[0].racks[1].leaves`."""
    found: str
    allowed: str
    action: str

    def __str__(self) -> str:
        subject = f"{self.path}: " if self.path else ""
        return f"{self.where}: {subject}found {self.found}; allowed: {self.allowed}. {self.action}"


class InputError(FabricError):
    """Something that the user wrote cannot be used."""


class ProblemsError(InputError):
    """Several problems of one stage, all reported together."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class TopologyError(ProblemsError):
    """Every mistake of one topology file."""


class PlanError(ProblemsError):
    """Everything that keeps a valid topology from being planned, such as an exhausted pool."""


class MachineError(FabricError):
    """The machine lacks a program, a permission or a kernel feature; the text says which and how to get it."""

    exit_code = 3


class LabError(MachineError):
    """A lab could not be started, reached or ended."""


class NetboxError(MachineError):
    """NetBox could not be reached, or refused what it was asked; the text quotes it."""


def listed(names: Sequence[str], most: int = 12) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"


def nearest(found: str, known: Iterable[str]) -> str:
    """The question that names what was probably meant, three names at most; empty where nothing comes near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes pays for it

    near = get_close_matches(found, list(known), n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def unknown(what: str, found: str, known: Iterable[str], action: str = "Name one of these.") -> str:
    """That there is no such device, zone, …, what there is, and what was probably meant; `action` where nothing was."""
    names = list(known)
    return f"found the {what} {found!r}; allowed: {listed(names)}. {nearest(found, names) or action}"
