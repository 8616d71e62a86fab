"""Which lines of the rendered files a change touches."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.render._frr import Confidential, frr_tree

HIDDEN = "(lines of a file with a password are not shown)"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A rendered file that differs."""

    path: str
    removed: int
    added: int
    lines: tuple[str, ...]
    """Unified diff without its header; one line that says so in place of a file with a password."""


def changed_files(old: FabricConfig, new: FabricConfig) -> Iterator[FileChange]:
    """Every rendered file that differs between two fabrics, by path."""
    before, after = frr_tree(old), frr_tree(new)
    for path in sorted(before.keys() | after.keys()):
        was, becomes = before.get(path, ""), after.get(path, "")
        if was != becomes:
            diff = list(difflib.unified_diff(was.splitlines(), becomes.splitlines(), lineterm="", n=1))[2:]
            secret = isinstance(was, Confidential) or isinstance(becomes, Confidential)
            yield FileChange(
                path,
                removed=sum(line.startswith("-") for line in diff),
                added=sum(line.startswith("+") for line in diff),
                lines=(HIDDEN,) if secret else tuple(diff),
            )
