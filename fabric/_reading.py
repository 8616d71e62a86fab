"""Reading files that somebody else may have written: never more of one than is allowed, whatever it is."""

from __future__ import annotations

from pathlib import Path

from fabric.errors import InputError


def read_at_most(path: Path, most_bytes: int, way_out: str, encoding: str = "utf-8") -> str:
    """The text of a file, a pipe or a device; raises `InputError` as soon as it proves larger than `most_bytes`.

    The size that the system tells is not believed: `/dev/zero` has 0 bytes. Raises `OSError` and `UnicodeDecodeError`
    as `Path.read_text` does.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        content = b"" if size > most_bytes else file.read(most_bytes + 1)
    if size > most_bytes or len(content) > most_bytes:
        found = f"{size} bytes" if size > most_bytes else f"more than {most_bytes} bytes"
        raise InputError(f"{path}: found {found}; allowed: at most {most_bytes}. {way_out}")
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")  # as text files are read
