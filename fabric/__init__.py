"""Design BGP spine-leaf fabrics across failure zones: plan, render, simulate and prove them.

`fabric.load(path)` begins the pipeline; see `fabric.api`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.api import load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> object:
    """The door to the pipeline, opened when somebody goes through it: commands don't wait for what they don't use."""
    if name == "load":
        from fabric import api

        return api.load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
