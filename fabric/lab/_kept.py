"""Lists that a lab keeps in a file of its own: what is broken, what is impaired."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from fabric._values import dataclass
from fabric.errors import LabError

_VERSION = 1

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class KeptList(Generic[Entry]):
    """A kind of entry, and the file that keeps a lab's."""

    file: str
    key: str
    """What the entries are called in the file."""
    value_of: Callable[[Entry], Any]
    entry_of: Callable[[Any], Entry]
    """What `value_of` gave as an entry again; raises `ValueError`, `KeyError`, `TypeError` or `AttributeError`."""
    way_out: str
    """What to do about a file that cannot be read."""

    def text(self, entries: Iterable[Entry]) -> str:
        """The entries as the file's text."""
        return json.dumps({"version": _VERSION, self.key: [self.value_of(entry) for entry in entries]})

    def entries(self, text: str, lab: str) -> tuple[Entry, ...]:
        """The entries in the file's text; none for no text. Raises `LabError` for what this release does not write."""
        if not text:
            return ()
        try:
            value = json.loads(text)
            if value["version"] != _VERSION:
                raise ValueError(f"version {value['version']!r}")
            return tuple(self.entry_of(entry) for entry in value[self.key])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabError(
                f"Lab {lab}: its {self.file} is not one that this release writes ({error}). {self.way_out}"
            ) from error
