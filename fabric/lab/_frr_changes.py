"""The lines that lead FRR from one rendered `frr.conf` to another. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from fabric._values import dataclass

Context = tuple[str, ...]
"""The headers of the blocks around a line, the outermost first."""
_Blocks = dict[Context, list[str]]
_IDENTITY = re.compile(r"neighbor (\S+) (remote-as|peer-group|interface)\b")
_MEMBER = re.compile(r"neighbor (\S+) (?:interface )?peer-group (\S+)")
_OF_A_START = re.compile(r"(frr (defaults|version)|vrf |ip nht|ipv6 nht|zebra )")


@dataclass(frozen=True, slots=True)
class FrrChanges:
    """Two texts for `vtysh -f`, in this order. FRR may refuse lines of the first: a block took them along already."""

    undo: str
    do: str
    restart: bool = False
    """Some line counts only when the daemons start."""

    def __bool__(self) -> bool:
        return bool(self.undo or self.do or self.restart)


def frr_changes(old: str, new: str) -> FrrChanges:
    """What is to be undone and done, block by block; nothing where the files say the same.

    A neighbor of another ASN or group is born anew, with all of its lines: FRR forgets them with `no neighbor`.
    """
    before, after = _blocks(old), _blocks(new)
    reborn = {context: _reborn(before.get(context, ()), lines) for context, lines in after.items() if _is_bgp(context)}
    gone = [c for c in before if c not in after and not _is_family(c) and c[:-1] in after]
    undo = [*_removed_blocks(gone), *_lines_gone(before, after)]
    done = [*_lines_new(before, after, reborn)]
    changed = (line for _, lines in (*undo, *done) for line in lines)
    restart = any(_OF_A_START.match(line.removeprefix("no ")) for line in changed)
    return FrrChanges(_text(undo), _text(done), restart)


def _blocks(text: str) -> _Blocks:
    """The lines of every block; indentation says where a block ends, as it does in all that we render."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("!")]
    found: _Blocks = {(): []}
    around: list[tuple[int, str]] = []
    for line, following in pairwise([*lines, ""]):
        depth, words = _depth(line), line.strip()
        around = [header for header in around if header[0] < depth]
        context = tuple(header for _, header in around)
        if words.split("-")[0] in {"exit", "end"}:
            continue
        if _depth(following) > depth or (following.strip().startswith("exit") and _depth(following) == depth):
            around.append((depth, words))
            found.setdefault((*context, words), [])
        else:
            found.setdefault(context, []).append(words)
    return found


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_bgp(context: Context) -> bool:
    return len(context) == 1 and context[0].startswith("router bgp")


def _is_family(context: Context) -> bool:
    return context[-1].startswith(("address-family", "interface")) if context else False


def _reborn(before: Sequence[str], after: Sequence[str]) -> frozenset[str]:
    """The neighbors and groups some line of whose identity is gone, and all members of such groups."""
    gone = [line for line in before if line not in after]
    found = {match[1] for line in gone if (match := _IDENTITY.match(line))}
    members = {match[1]: match[2] for line in (*before, *after) if (match := _MEMBER.match(line))}
    return frozenset(found | {peer for peer, group in members.items() if group in found})


def _removed_blocks(gone: Sequence[Context]) -> Iterator[tuple[Context, list[str]]]:
    for context in gone:
        yield context[:-1], [f"no {context[-1]}"]


def _lines_gone(before: _Blocks, after: _Blocks) -> Iterator[tuple[Context, list[str]]]:
    """The inner blocks first: what they use is defined further out."""
    for context in sorted(before, key=len, reverse=True):
        if context in after or (_is_family(context) and context[:-1] in after):
            kept = after.get(context, [])
            if lines := [_no(line) for line in reversed(before[context]) if line not in kept]:
                yield context, lines


def _lines_new(
    before: _Blocks, after: _Blocks, reborn: Mapping[Context, frozenset[str]]
) -> Iterator[tuple[Context, list[str]]]:
    for context, lines in after.items():
        known = before.get(context)
        again = reborn.get(context[:1], frozenset())
        wanted = [line for line in lines if known is None or line not in known or _speaks_of(line, again)]
        if wanted or known is None:
            yield context, wanted


def _speaks_of(line: str, peers: frozenset[str]) -> bool:
    words = line.removeprefix("no ").split()
    return len(words) > 1 and words[0] == "neighbor" and words[1] in peers


def _no(line: str) -> str:
    return line.removeprefix("no ") if line.startswith("no ") else f"no {line}"


def _text(changes: Sequence[tuple[Context, Sequence[str]]]) -> str:
    lines: list[str] = []
    for context, inner in changes:
        lines += [*context, *inner]
        lines += ["exit-address-family" if header.startswith("address-family") else "exit" for header in context[::-1]]
    return "".join(f"{line}\n" for line in lines)
