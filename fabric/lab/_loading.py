"""Loads an integrated `frr.conf` into daemons without vtysh, whose start takes longer than all the rest of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fabric.lab._vty import NO_MATCH, SUCCESS, WARNING, Answer, Vty

_PATIENCE_S = 30.0
_OPENING = ("enable", "configure terminal", "XFRR_start_configuration")
_CLOSING = ("XFRR_end_configuration", "end")
_FOR_VTYSH = ("end", "service integrated-vtysh-config")
"""Lines that vtysh keeps to itself."""

Line = tuple[int, str]
"""The number of a line, 1 for the first of the file, and its text."""
Block = Sequence[Line]


def blocks(frr_conf: str) -> list[Block]:
    """The lines for daemons: each that is not indented, together with the indented ones and `exit` after it."""
    found: list[list[Line]] = []
    for number, line in enumerate(frr_conf.splitlines(), start=1):
        words = line.strip()
        if not words or words.startswith(("!", "#")) or words in _FOR_VTYSH:
            continue
        if found and (line[0].isspace() or words.startswith("exit")):
            found[-1].append((number, line))
        else:
            found.append([(number, line)])
    return [*found]


@dataclass(slots=True)
class Loading:
    """A file on its way into daemons. Each is given every line and takes those that it knows.

    vtysh has the commands of all daemons in it and gives each its own lines only, which comes to the same.
    """

    frr_conf: str
    said: list[str] = field(default_factory=list)
    """What daemons said to lines that they took."""
    _taken: set[int] = field(default_factory=set)
    _refused: bool = False

    def tell(self, daemon: Path) -> None:
        """Nothing; the daemon at this socket has been given the file."""
        try:
            with Vty(daemon, _PATIENCE_S) as vty:
                began = vty.ask(_OPENING)
                for number, answer in _given(vty, blocks(self.frr_conf)):
                    self._hear(number, answer)
                ended = vty.ask(_CLOSING)
        except (OSError, EOFError):
            self._refused = True
        else:
            self._refused |= any(answer.result != SUCCESS for answer in (*began, *ended))

    def _hear(self, number: int, answer: Answer) -> None:
        if answer.result in (SUCCESS, WARNING):
            self._taken.add(number)
            self.said.append(answer.words)
        elif answer.result != NO_MATCH:
            self._refused = True

    def is_complete(self) -> bool:
        """True when every line was taken by some daemon and refused by none. Else only vtysh can say what is wrong."""
        return not self._refused and self._taken.issuperset(n for block in blocks(self.frr_conf) for n, _ in block)


def _given(vty: Vty, parts: Iterable[Block]) -> Iterator[tuple[int, Answer]]:
    """The number of each line that the daemon was given, and its answer.

    A block whose head it does not know is kept from it: `exit` would take it out of the configuration.
    """
    waiting: list[Line] = []
    for head, *inner in parts:
        waiting.append(head)
        if inner:
            answers = _answers(vty, waiting)
            yield from answers
            waiting = inner if answers[-1][1].result != NO_MATCH else []
    yield from _answers(vty, waiting)


def _answers(vty: Vty, lines: Block) -> list[tuple[int, Answer]]:
    answers = vty.ask([line for _, line in lines])
    return [(number, answer) for (number, _), answer in zip(lines, answers, strict=True)]
