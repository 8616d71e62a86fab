"""What somebody already has to a draft, whichever tool it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fabric.draft._containerlab import from_containerlab
from fabric.draft._draft import Draft
from fabric.draft._found import Found
from fabric.draft._netlab import from_netlab
from fabric.draft._rhoso import from_rhoso
from fabric.draft._shape import draft_of
from fabric.errors import InputError
from fabric.kubernetes import read_texts
from fabric.topology import read_text, read_yaml

MAX_CONFIGURATION_BYTES = 4_000_000
"""Of a configuration file that the imported file names; a larger one is not read."""


_SOURCES = "Name a containerlab or netlab file, or a folder of RHOSO resources."


def _containerlab(path: Path) -> Found:
    return from_containerlab(read_text(path, _SOURCES), str(path), lambda name: _beside(path, name))


def _netlab(path: Path) -> Found:
    return from_netlab(read_text(path, _SOURCES), str(path))


def _rhoso(path: Path) -> Found:
    texts = read_texts([path])
    if not texts:
        raise InputError(f"{path}: found no .yaml, .yml or .json file there; allowed: RHOSO resources. {_SOURCES}")
    return from_rhoso(texts)


KINDS: Mapping[str, Callable[[Path], Found]] = {"containerlab": _containerlab, "netlab": _netlab, "rhoso": _rhoso}
"""What can be read, by the name of the tool."""


def read_draft(path: Path, kind: str | None = None) -> Draft:
    """The draft of the design in a file or folder; the kind is found out where it is not said.

    Raises `InputError` (`TopologyError` where places in the file can be named) for what is none of the kinds.
    """
    if path.is_dir():
        return draft_of(KINDS[kind or "rhoso"](path))
    data = read_yaml(read_text(path, _SOURCES), str(path)).data if kind != "rhoso" else None
    if isinstance(data, Mapping) and {"version", "spines", "zones"} <= data.keys():
        raise InputError(f"{path}: found a topology file of fabric already. Plan it: `fabric plan {path}`.")
    return draft_of(KINDS[kind or _kind_of(path, data)](path))


def _kind_of(path: Path, data: object) -> str:
    if isinstance(data, Mapping) and isinstance(data.get("topology"), Mapping):
        return "containerlab"
    if isinstance(data, Mapping) and {"nodes", "links", "fabric"} & data.keys():
        return "netlab"
    raise InputError(
        f"{path}: found neither `topology` (containerlab) nor `nodes` and `links` (netlab), and no folder (rhoso). Say "
        f"with --from what it is: {', '.join(KINDS)}."
    )


def _beside(path: Path, name: str) -> str | None:
    """The text of a configuration below the file's directory; what lies elsewhere is nobody's business here."""
    root = path.resolve().parent
    file = (root / name).resolve()
    if not file.is_relative_to(root) or not file.is_file() or file.stat().st_size > MAX_CONFIGURATION_BYTES:
        return None
    return file.read_text(encoding="utf-8", errors="replace")
