"""Rendered files, written below one directory and nowhere else."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from shutil import rmtree

from fabric.errors import InputError, MachineError
from fabric.render._frr import Confidential


def write_tree(files: Mapping[str, str], directory: Path) -> list[Path]:
    """The paths written, in order of name: each file of `files` below `directory`, which is made if need be.

    A file appears whole or not at all, and takes the place of one of its name; nothing else is touched or removed. A
    new directory appears with all its files. `Confidential` text goes to a file that only its owner reads (0600).
    Before anything is written all names are looked at: InputError for one that would leave the directory, by `..` or
    through a symbolic link, or that is a file here and a directory there. MachineError where the system refuses to
    write.
    """
    targets = {name: directory.joinpath(_relative(name)) for name in sorted(files)}
    _refuse_clashes(targets)
    if os.path.lexists(directory) or not _appeared(files, targets, directory):
        _refuse_escapes(targets, directory)
        _write_all(files, targets, targets, _replace)
    return list(targets.values())


def _appeared(files: Mapping[str, str], targets: Mapping[str, Path], directory: Path) -> bool:
    """Whether `directory` appeared with all `files`; else nothing is left, as another took its name or nothing is new.

    One name is given instead of one a file, and none of those that are there need be looked at: half of the time.
    """
    passing = _passing(directory)
    try:
        _write_all(files, targets, {name: passing.joinpath(name) for name in targets}, _create)
        with suppress(OSError):
            passing.rename(directory)
            return True
    finally:
        rmtree(passing, ignore_errors=True)
    return False


def _write_all(
    files: Mapping[str, str],
    targets: Mapping[str, Path],
    places: Mapping[str, Path],
    write: Callable[[Path, str], None],
) -> None:
    """Writes each file at its place; MachineError names the place where it should stand in the end."""
    made: set[Path] = set()
    for name, place in places.items():
        try:
            if place.parent not in made:
                place.parent.mkdir(parents=True, exist_ok=True)
                made.add(place.parent)
            write(place, files[name])
        except OSError as error:
            reason = f"{targets[name]}: cannot be written: {error.strerror}."
            raise MachineError(f"{reason} Free the place or choose another directory.") from error


def _relative(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InputError(
            f"{name!r}: found a name that is not below the directory to write to; allowed: a relative path without "
            "'..'. Rename the device or file that it comes from."
        )
    return path


def inside(name: str, directory: Path) -> Path:
    """The path of a name below `directory`; InputError where it would leave it, by `..` or through a symbolic link."""
    path = directory.joinpath(_relative(name))
    if not path.parent.resolve().is_relative_to(directory.resolve()):
        raise InputError(f"{name!r}: found a symbolic link out of {directory}; allowed: directories inside it.")
    return path


def _refuse_clashes(targets: Mapping[str, Path]) -> None:
    """Two names for one file, or a file that is another one's directory."""
    taken: dict[Path, str] = {}
    for name, target in targets.items():
        if target in taken:
            raise InputError(f"{name!r}: found the same file as {taken[target]!r}; allowed: one name a file. Drop one.")
        taken[target] = name
    for parent, name in _by_directory(targets).items():
        if blocker := next((taken[above] for above in (parent, *parent.parents) if above in taken), None):
            raise InputError(f"{name!r}: found {blocker!r} as a file, not as a directory. Rename one of the two.")


def _by_directory(targets: Mapping[str, Path]) -> Mapping[Path, str]:
    """The directories to write to, each with the first name in it: checking them once is enough."""
    return {target.parent: name for name, target in reversed(list(targets.items()))}


def _refuse_escapes(targets: Mapping[str, Path], directory: Path) -> None:
    """What already stands at the targets and above them must lead to a place inside `directory`."""
    root = directory.resolve()
    for parent, name in _by_directory(targets).items():
        if not parent.resolve().is_relative_to(root):
            link = next(above for above in _between(parent, directory) if above.is_symlink())
            raise InputError(
                f"{name!r}: found {link}, a symbolic link out of {directory}; allowed: directories inside it. "
                "Remove the link or choose another directory."
            )
    for name, target in targets.items():
        if target.is_dir() and not target.is_symlink():
            raise InputError(
                f"{name!r}: found a directory at {target}; allowed: a file. Remove it, or write elsewhere."
            )


def _between(parent: Path, directory: Path) -> Iterable[Path]:
    """The directories from `directory`, left out, down to `parent`."""
    inner = parent.relative_to(directory).parts
    return (directory.joinpath(*inner[:depth]) for depth in range(1, len(inner) + 1))


def _replace(target: Path, text: str) -> None:
    """Under a passing name first, so that no reader meets half a file and no link at `target` is followed."""
    passing = _passing(target)
    try:
        _create(passing, text)
        passing.replace(target)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise


def _create(path: Path, text: str) -> None:
    mode = 0o600 if isinstance(text, Confidential) else 0o666
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text.encode())


def _passing(path: Path) -> Path:
    """A name beside that of `path`, which nobody else thinks of."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")
