"""The ledger's file: sorted, one value a line, every line complete in itself.

    a1/loopback.ipv4/a1-leaf-1: 10.240.0.1
    a1/loopback.ipv4/a1-leaf-9: 10.240.0.9 released

All lines of a rack stand together, and racks stand by a hash of their name between lines that never change: two
branches that add different racks change different parts of the file, which is what a merge needs. A merge that keeps
the lines of both sides is right in any order; the next writing sorts them.
"""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from fabric.errors import InputError, PlanError, Problem
from fabric.plan._ledger import CORE, Key, Ledger, Section, Values, value_of, value_text

_BUCKETS = 64
_HEADER = """\
# Every value that `fabric plan` gave out. Keep this file in version control, beside its topology.
# One value a line, PLACE/KIND/OWNER: VALUE. A value marked "released" has no owner any more and waits to be reclaimed.
# Merging: keep the lines of both sides, in any order; the next plan names what both gave out.
ledger: 1
"""
_END = "# end"
_LINE = re.compile(r"([^/\s]+)/([a-z0-9.-]+)/([^\s:]+): (\S+)( released)?")
_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")

_Read = dict[Section, dict[str, int]]


def read_ledger(path: Path | str) -> Ledger:
    """The ledger in the file at `path`, empty where there is no file; raises `PlanError` with every bad line."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Ledger(file=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Name a ledger that `fabric plan` wrote.") from error
    return parse_ledger(text, str(path))


def parse_ledger(text: str, file: str = "ledger") -> Ledger:
    """The ledger in `text`; raises `PlanError` with every bad line."""
    reader = _Reader(file)
    reader.read(text)
    if reader.problems:
        raise PlanError(reader.problems)
    return Ledger(reader.given, reader.released, file, reader.lines)


class _Reader:
    """Reads line by line, so that a bad line costs no good one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.given: _Read = {}
        self.released: _Read = {}
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def read(self, text: str) -> None:
        lines = text.splitlines()
        for number, line in enumerate(lines, start=1):
            match = _LINE.fullmatch(line)
            if match:
                self._value(number, line, match)
            elif line.startswith(_MARKERS):
                action = "Keep the lines of both sides, remove this one, and plan again."
                self._report(number, f"the mark of a merge ('{line[:7]}')", "values and comments", action)
            elif line.strip() and not line.startswith("#") and line != "ledger: 1":
                self._report(number, repr(line[:60]), "PLACE/KIND/OWNER: VALUE", "Correct the line, or remove it.")
        if _END not in lines:
            action = "Take the file from version control."
            self._report(len(lines), "no last line", f"a file that ends with '{_END}'", action)

    def _value(self, number: int, line: str, match: re.Match[str]) -> None:
        place, kind, owner, text, released = match.groups()
        try:
            value = value_of(kind, text)
        except (ValueError, OSError):
            self._report(number, f"'{text}'", f"a value for {kind}", "Restore the value, or remove the line.")
            return
        key = line.partition(": ")[0]
        target = self.released if released else self.given
        if key in self.lines:
            self._repeated(number, Key(place, kind, owner), value)
        self.lines[key] = number
        try:
            target[place, kind][owner] = value
        except KeyError:
            target[place, kind] = {owner: value}

    def _repeated(self, number: int, key: Key, value: int) -> None:
        """A key that stands twice, as a merge may leave it; the same value twice is no mistake."""
        section = (key.place, key.kind)
        values = {part[section].get(key.owner, value) for part in (self.given, self.released) if section in part}
        self.released.get(section, {}).pop(key.owner, None)
        if values - {value}:
            found = f"{key} a second time with another value (first on line {self.lines[str(key)]})"
            action = "Keep the line whose value is in service."
            self._report(number, found, "each key once", action)

    def _report(self, number: int, *rest: str) -> None:
        found, allowed, action = rest
        self.problems.append(Problem(f"{self.file}:{number}", "", found, allowed, action))


def ledger_text(ledger: Ledger) -> str:
    """The text of a ledger's file."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for place, line in (*_lines(ledger.given, ""), *_lines(ledger.released, " released")):
        blocks[place].append(line)
    buckets: dict[int, list[str]] = defaultdict(list)
    for place in sorted(blocks.keys() - {CORE}):
        buckets[zlib.crc32(place.encode()) % _BUCKETS] += sorted(blocks[place])
    parts = [_HEADER.rstrip(), *sorted(blocks.get(CORE, ()))]
    for bucket in range(_BUCKETS):
        parts.append(f"# {bucket:02}")
        parts += buckets.get(bucket, ())
    return "\n".join([*parts, _END, ""])


def _lines(values: Values, suffix: str) -> Iterator[tuple[str, str]]:
    for (place, kind), owners in values.items():
        for owner, value in owners.items():
            yield place, f"{place}/{kind}/{owner}: {value_text(kind, value)}{suffix}"


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
