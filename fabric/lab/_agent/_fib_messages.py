"""What is asked about kernel FIBs, and what is answered: pure values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fabric._values import dataclass
from fabric.lab._fib_model import Forwarding, RouteDifference


@dataclass(frozen=True, slots=True)
class FibRequest:
    """Read the kernel FIB of every device; the answer is a `KernelFib` by device."""

    namespaces: Mapping[str, Path]
    """The namespace file of each device."""


@dataclass(frozen=True, slots=True)
class AwaitFibRequest:
    """Wait until the kernel of every device named in `expected` forwards exactly so."""

    namespaces: Mapping[str, Path]
    expected: Mapping[str, Forwarding]
    timeout_ms: int
    protocols: frozenset[str] | None = None
    """Compare the routes of these protocols; `None` compares all that the kernel did not make itself."""


@dataclass(frozen=True, slots=True)
class FibDifferences:
    """How many prefixes of one device differ, and the first of them."""

    count: int
    first: tuple[RouteDifference, ...]


@dataclass(frozen=True, slots=True)
class AwaitFibResult:
    """Whether and after how long all kernels forwarded as expected, and what differed at the deadline."""

    converged: bool
    waited_ms: float
    reads: int
    """How many times some device was read."""
    differences: Mapping[str, FibDifferences]
    """Only the devices that differ; empty when converged."""
