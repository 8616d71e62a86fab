"""Words and orders that rendered files share."""

from __future__ import annotations

import re
from functools import lru_cache

from fabric.errors import InputError

_NUMBER = re.compile(r"(\d+)")


@lru_cache(maxsize=65536)
def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A sort key that counts: `swp2` stands before `swp10`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(name) if part)


def one_line(text: str, where: str) -> str:
    """`text` as it is; raises InputError where it would break out of its line of a configuration file."""
    if text.isprintable():
        return text
    raise InputError(
        f"{where}: found {text!r}; allowed: printable characters on one line. "
        "Remove the line breaks and control characters."
    )


def one_word(secret: str, where: str) -> str:
    """`secret` as it is; raises InputError, which does not show it, where FRR would not read it as one word."""
    if secret and secret.isprintable() and " " not in secret:
        return secret
    raise InputError(
        f"{where}: found an empty text, a blank or a control character; allowed: 1 or more printable characters "
        "without blanks. Choose another password."
    )
