"""What the engine for all classes passes around: paths and announcements, each with the classes that share it."""

from __future__ import annotations

from typing import NamedTuple

from fabric.simulate._attributes import Attributes
from fabric.simulate._classsets import ClassSet
from fabric.simulate._decision import Decision, rank
from fabric.simulate._export import Export, Exported
from fabric.simulate._path import Path, Source


class Intern:
    """The one object for equal attributes. It stays, so that its `id` stands for it."""

    def __init__(self) -> None:
        self._known: dict[Attributes, Attributes] = {}

    def __call__(self, attributes: Attributes) -> Attributes:
        """The object that was first given here of all that equal these attributes."""
        return self._known.setdefault(attributes, attributes)


class Line:
    """A path that some classes share at one speaker. Compared by identity: a path at a speaker has one line."""

    __slots__ = ("_alone", "path", "rank")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rank = rank(path)
        self._alone: Decision | None = None

    @property
    def alone(self) -> Decision:
        """What a speaker decides where nothing ties with the path."""
        if self._alone is None:
            self._alone = Decision(self.path, (self.path,), order_dependent=False)
        return self._alone


class Message:
    """An announcement that some classes share. Compared by identity: an announcement of an export has one."""

    __slots__ = ("exported", "learned")

    def __init__(self, exported: Exported, learned: Source | None) -> None:
        self.exported = exported
        """Its attributes are interned."""
        self.learned = learned
        """The session that the path came over, where the next hop depends on it."""


Held = dict[Line, ClassSet]
"""Paths with the classes that have them; never changed once made."""
Offer = tuple[Line, ClassSet]
Sent = dict[Message, ClassSet]
"""Announcements with the classes that they are made for."""

NOTHING: Held = {}


def differing(before: Held, after: Held) -> ClassSet:
    """The classes of which the two have other paths."""
    found = 0
    for line in before.keys() | after.keys():
        found |= before.get(line, 0) ^ after.get(line, 0)
    return found


class Group(NamedTuple):
    """The peers of a speaker that are told the same."""

    export: Export
    crowded: bool
    """They share a subnet, whose next hops the speaker passes on."""
