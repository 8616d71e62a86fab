"""Labs in containers that the `containerlab` command starts and ends."""

from fabric.lab._containers._engine import ContainerlabEngine

__all__ = ["ContainerlabEngine"]
