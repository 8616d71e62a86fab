"""What a controller refuses, and the parts of resources that cause it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fabric.kubernetes._documents import Path
from fabric.kubernetes._resources import Resource


class RefusedError(ValueError):
    """A controller's reason for refusing one part of a resource."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a configuration comes from."""

    resource: Resource
    path: Path

    @property
    def where(self) -> str:
        """`file:line`."""
        return self.resource.where(self.path)

    def __str__(self) -> str:
        return f"{self.resource} ({self.where})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which the controller applies nothing: its text, and the parts of resources that cause it."""

    reason: str
    origins: tuple[Origin, ...] = ()

    def __str__(self) -> str:
        if len(self.origins) < 2:
            return "".join(f"{origin}: " for origin in self.origins) + self.reason
        first, *between, last = self.origins
        more = f", {len(between)} more" if between else ""
        return f"{first}{more} and {last}: {self.reason}"


@dataclass(slots=True)
class Refusals:
    """Collects refusals in the order in which the controller would meet them."""

    found: list[Refusal] = field(default_factory=list)

    def add(self, reason: str, origins: Iterable[Origin | None] = ()) -> None:
        """Notes a reason; an origin that is given twice is named once."""
        known: dict[tuple[int, object], Origin] = {}
        for origin in origins:
            if origin is not None:
                known.setdefault((id(origin.resource), origin.path), origin)
        self.found.append(Refusal(reason, tuple(known.values())))
