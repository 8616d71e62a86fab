"""What a change does to what devices are told: devices, links and sessions that come and go, and lines that change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fabric.config import FabricConfig
from fabric.render._frr import Confidential, frr_tree

HIDDEN = "(lines with a password are not shown)"


@dataclass(frozen=True, slots=True)
class SetChange:
    """What is only in the old fabric, and what is only in the new one; sorted."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A rendered file that differs."""

    path: str
    removed: int
    added: int
    lines: tuple[str, ...]
    """Unified diff without its header; one line that says so in place of a file with a password."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between two fabrics."""

    devices: SetChange
    links: SetChange
    sessions: SetChange
    files: tuple[FileChange, ...]


def compare(old: FabricConfig, new: FabricConfig) -> Comparison:
    """What the step from one fabric to the other touches."""
    return Comparison(
        devices=_change({d.name for d in old}, {d.name for d in new}),
        links=_change({c.name for c in old.cables}, {c.name for c in new.cables}),
        sessions=_change(set(_sessions(old)), set(_sessions(new))),
        files=tuple(_file_changes(frr_tree(old), frr_tree(new))),
    )


def _change(old: set[str], new: set[str]) -> SetChange:
    return SetChange(tuple(sorted(old - new)), tuple(sorted(new - old)))


def _sessions(fabric: FabricConfig) -> Iterator[str]:
    for device in fabric:
        for instance in device.bgp:
            yield from (f"{device.name} to {n.description or n.peer} ({n.peer})" for n in instance.neighbors)


def _file_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FileChange]:
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path, ""), new.get(path, "")
        if before != after:
            diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))[2:]
            secret = isinstance(before, Confidential) or isinstance(after, Confidential)
            yield FileChange(
                path,
                removed=sum(line.startswith("-") for line in diff),
                added=sum(line.startswith("+") for line in diff),
                lines=(HIDDEN,) if secret else tuple(diff),
            )
