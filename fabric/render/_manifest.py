"""A directory that follows its fabric: what a rendering no longer has is removed, and nothing else.

`.fabric-files` in the directory lists what was written there, by whom, and the SHA-256 of it. A file goes only where it
is listed, the export that wrote it is rendered again without it, and it still is what was written. What stands there
from elsewhere, or was changed since, stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from fabric._values import dataclass
from fabric.errors import InputError
from fabric.render._frr import Confidential
from fabric.render._tree import inside, write_tree

MANIFEST = ".fabric-files"
_VERSION = 1
_dumps = json.JSONEncoder().encode


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a directory."""

    files: tuple[Path, ...]
    """What was written, in order of name."""
    removed: tuple[Path, ...] = ()
    """What an earlier rendering wrote and this one no longer has."""
    kept: tuple[Path, ...] = ()
    """What would have been removed, had nobody changed it since."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of the manifest: the export that wrote it, and what it may hold."""

    export: str
    hashes: tuple[str, ...]
    """One; and one more while a rendering writes, which may end before or after the file."""


def write_exports(trees: Mapping[str, Mapping[str, str]], directory: Path) -> Written:
    """Writes the trees of exports, by name, below `directory`, and removes what they wrote there and have no more.

    Exports that are not in `trees` keep their files. A run that ends anywhere leaves a manifest that the next one can
    rely on. Raises as `write_tree` does.
    """
    files: dict[str, str] = {}
    new: dict[str, _Entry] = {}
    for export, tree in trees.items():
        for name, text in tree.items():
            files[name] = text
            new.setdefault(name, _Entry(export, (sha256(text.encode()).hexdigest(),)))
    private = any(isinstance(text, Confidential) for text in files.values()) or _is_private(directory)
    old = _read(directory) if os.path.lexists(directory) else None
    if old is None:
        paths = write_tree({**files, MANIFEST: _text(new, private=private)} if files else files, directory)
        return Written(tuple(path for path in paths if path.name != MANIFEST))
    if any(old.get(name) != entry for name, entry in new.items()):
        write_tree({MANIFEST: _text(_either(old, new), private=private)}, directory)
    paths = write_tree(files, directory)
    stale = {name: entry for name, entry in old.items() if entry.export in trees and name not in new}
    removed = {name: path for name, path in _unchanged(stale, directory) if _removed(path, directory)}
    left = {
        name: entry for name, entry in old.items() if name not in removed and os.path.lexists(f"{directory}/{name}")
    }
    if left | new != old:
        write_tree({MANIFEST: _text(left | new, private=private)}, directory)
    kept = (directory.joinpath(name) for name in sorted(stale) if name in left)
    return Written(tuple(paths), tuple(removed.values()), tuple(kept))


def _either(old: Mapping[str, _Entry], new: Mapping[str, _Entry]) -> Mapping[str, _Entry]:
    """Both, while it is not known which of them stands there."""
    both = {name: _Entry(entry.export, old[name].hashes + entry.hashes) for name, entry in new.items() if name in old}
    return {**old, **new, **both}


def _text(entries: Mapping[str, _Entry], *, private: bool) -> str:
    """The manifest; for its owner alone where it tells the hash of a text that is."""
    lines = [
        f'{_dumps(name)}: {{"export": {_dumps(entry.export)}, "sha256": {_dumps(entry.hashes)}}}'
        for name, entry in sorted(entries.items())
    ]
    body = ",\n".join(lines)  # a line a file, which json writes five times as slowly
    text = f'{{"version": {_VERSION}, "files": {{\n{body}\n}}}}\n'
    return Confidential(text) if private else text


def _read(directory: Path) -> Mapping[str, _Entry]:
    """The entries of the manifest; none where there is none, or it is not ours: then nothing is ever removed."""
    try:
        document = json.loads(directory.joinpath(MANIFEST).read_bytes())
        if document["version"] != _VERSION:
            return {}
        return {str(name): _entry(value) for name, value in document["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _is_private(directory: Path) -> bool:
    """True where the manifest is its owner's alone: entries that stay may be of texts that are."""
    try:
        return not directory.joinpath(MANIFEST).stat().st_mode & 0o077
    except OSError:
        return False


def _entry(value: Mapping[str, Any]) -> _Entry:
    return _Entry(str(value["export"]), tuple(map(str, value["sha256"])))


def _unchanged(entries: Mapping[str, _Entry], directory: Path) -> Iterator[tuple[str, Path]]:
    """The files that are what was written, each a file of its own below `directory`."""
    for name, entry in sorted(entries.items()):
        with suppress(InputError, OSError, ValueError):
            path = inside(name, directory)
            if not path.is_symlink() and path.is_file() and sha256(path.read_bytes()).hexdigest() in entry.hashes:
                yield name, path


def _removed(path: Path, directory: Path) -> bool:
    """Whether the system lets go of a file, and of the directories that it leaves empty."""
    try:
        path.unlink()
    except OSError:
        return False
    with suppress(OSError):
        for above in path.parents:
            if above == directory:
                break
            above.rmdir()
    return True
