"""The ledger's file: sorted, one value a line, every line complete in itself.

    a1/loopback.ipv4/a1-leaf-1: 10.240.0.1
    a1/loopback.ipv4/a1-leaf-9: 10.240.0.9 released

All lines of a rack stand together, and racks stand by a hash of their name between lines that never change: two
branches that add different racks change different parts of the file, which is what a merge needs. A merge that keeps
the lines of both sides is right in any order; the next writing sorts them.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from fabric._bulk import without_collection
from fabric._reading import read_at_most
from fabric.errors import InputError, PlanError, Problem
from fabric.plan._ledger import CORE, Ledger, Section, Values, value_of, value_texts

_BUCKETS = 64
_HEADER = """\
# Every value that `fabric plan` gave out. Keep this file in version control, beside its topology.
# One value a line, PLACE/KIND/OWNER: VALUE. A value marked "released" has no owner any more and waits to be reclaimed.
# Merging: keep the lines of both sides, in any order; the next plan names what both gave out. The numbered lines keep
# racks apart, so that branches that add different racks rarely meet.
ledger: 1
"""
_END = "# end"
_VERSION = "ledger: 1"
_RELEASED = " released"
_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")

MAX_LEDGER_BYTES = 256_000_000
"""Some five times the ledger of 100,000 nodes."""

_NO_LEDGER = "found no ledger; allowed: one that `fabric plan` wrote, or a new file's name. Name one of these."

_Read = dict[Section, dict[str, int]]


def read_ledger(path: Path | str) -> Ledger:
    """The ledger in the file at `path`, empty where there is no file; raises `PlanError` with every bad line."""
    path = Path(path)
    try:
        text = read_at_most(path, MAX_LEDGER_BYTES, "Name a ledger that `fabric plan` wrote.")
    except FileNotFoundError:
        return Ledger(file=str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_NO_LEDGER}") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}). Name a ledger that `fabric plan` wrote.") from error
    return parse_ledger(text, str(path))


@without_collection()
def parse_ledger(text: str, file: str = "ledger") -> Ledger:
    """The ledger in `text`; raises `PlanError` with every bad line."""
    reader = _Reader(file)
    reader.read(text)
    if not reader.given and not reader.released and _VERSION not in text:
        raise InputError(f"{file}: {_NO_LEDGER}")
    if reader.problems:
        raise PlanError(reader.problems)
    return Ledger(reader.given, _resting(reader), file, text)


class _Reader:
    """Reads line by line, so that a bad line costs no good one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.given: _Read = {}
        self.released: _Read = {}
        self.problems: list[Problem] = []

    def read(self, text: str) -> None:
        lines = text.splitlines()
        count = 0
        for number, line in enumerate(lines, start=1):
            key, colon, value = line.partition(": ")
            parts = key.split("/", 2)
            if colon and len(parts) == 3 and line[0] != "#":
                count += 1
                self._value(number, (parts[0], parts[1]), parts[2], value)
            else:
                self._other(number, line)
        if count != sum(map(len, (*self.given.values(), *self.released.values()))):
            self._repeated_keys(lines)
        if _END not in lines:
            action = "Take the file from version control."
            self._report(len(lines), "no last line", f"a file that ends with '{_END}'", action)

    def _value(self, number: int, section: Section, owner: str, text: str) -> None:
        target = self.given
        if text.endswith(_RELEASED):
            target, text = self.released, text[: -len(_RELEASED)]
        try:
            value = value_of(section[1], text)
        except (ValueError, OSError):
            found, allowed = f"'{text}'", f"a value for {section[1]}"
            self._report(number, found, allowed, "Restore the value, or remove the line.")
            return
        owners = target.get(section)
        if owners is None:
            target[section] = {owner: value}
        else:
            owners[owner] = value

    def _other(self, number: int, line: str) -> None:
        if line.startswith(_MARKERS):
            action = "Keep the lines of both sides, remove this one, and plan again."
            self._report(number, f"the mark of a merge ('{line[:7]}')", "values and comments", action)
        elif line.strip() and not line.startswith("#") and line != _VERSION:
            self._report(number, repr(line[:60]), "PLACE/KIND/OWNER: VALUE", "Correct the line, or remove it.")

    def _repeated_keys(self, lines: list[str]) -> None:
        """Keys that stand twice, as a merge may leave them; the same value twice is no mistake."""
        first: dict[str, tuple[int, str]] = {}
        for number, line in enumerate(lines, start=1):
            key, _, text = line.partition(": ")
            if line.startswith("#"):
                continue
            other, value = first.setdefault(key, (number, text.removesuffix(_RELEASED)))
            if text.removesuffix(_RELEASED) != value:
                found = f"{key} a second time with another value (first on line {other})"
                self._report(number, found, "each key once", "Keep the line whose value is in service.")

    def _report(self, number: int, *rest: str) -> None:
        found, allowed, action = rest
        self.problems.append(Problem(f"{self.file}:{number}", "", found, allowed, action))


def _resting(read: _Reader) -> _Read:
    """The quarantine without what is in service too: one branch released it, another one did not."""
    found = {}
    for section, owners in read.released.items():
        given = read.given.get(section, {})
        resting = {owner: value for owner, value in owners.items() if owner not in given}
        if resting:
            found[section] = resting
    return found


@without_collection()
def ledger_text(ledger: Ledger) -> str:
    """The text of a ledger's file."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for place, lines in chain(_lines(ledger.given, ""), _lines(ledger.released, _RELEASED)):
        blocks[place] += lines
    buckets: dict[int, list[str]] = defaultdict(list)
    for place in sorted(blocks.keys() - {CORE}):
        buckets[zlib.crc32(place.encode()) % _BUCKETS] += sorted(blocks[place])
    parts = [_HEADER.rstrip(), *sorted(blocks.get(CORE, ()))]
    for bucket in range(_BUCKETS):
        parts.append(f"# {bucket:02}")
        parts += buckets.get(bucket, ())
    return "\n".join([*parts, _END, ""])


def _lines(values: Values, suffix: str) -> Iterator[tuple[str, list[str]]]:
    for (place, kind), owners in values.items():
        head = f"{place}/{kind}/"
        texts = value_texts(kind, owners.values())
        yield place, [f"{head}{owner}: {text}{suffix}" for owner, text in zip(owners, texts, strict=True)]


def write_ledger(path: Path | str, ledger: Ledger) -> None:
    """Writes the file whole or not at all: a crash leaves the old one or the new one, and never a part of either."""
    path = Path(path)
    try:
        _replace(path.resolve(), ledger_text(ledger))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be written ({reason}). Name a file that you may write.") from error


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777 if path.exists() else 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the new name last, as fsync(2) asks for: the file's own fsync does not cover its directory entry."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
