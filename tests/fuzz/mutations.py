"""Good files made bad: bytes and YAML values changed, moved, repeated, blown up and cut off."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import strategies as st

Place = tuple[Any, ...]
_ODD_TEXTS = (
    "", "../../etc/passwd", "10.0.0.0/8", "::/0", "0.0.0.0/0", "fe80::1%eth0", "a" * 300, "\u202e", "é", "-", "null",
    "4294967296", "{{ x }}", "$(id)", "`id`", "a\nb", "64512:1:1", "1.2.3.4.5", "0x10", "1e9", "2001:db8::/129",
)  # fmt: skip
_ODD_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.integers(-1, 70_000), st.floats(),
    st.sampled_from(_ODD_TEXTS), st.text(max_size=12), st.just([]), st.just({}),
    st.lists(st.integers(0, 3), max_size=3), st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
)  # fmt: skip


def mutated(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Any of the seeds after one to three changes, of its bytes or of its values."""
    return st.sampled_from(seeds).flatmap(lambda seed: _values(seed) | _bytes(seed))


@st.composite
def _bytes(draw: st.DrawFn, seed: bytes) -> bytes:
    content = seed
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        part = draw(
            st.binary(max_size=6) | st.sampled_from([b"", content[start:end] * 2, b"&a [*a]", b"\t", b"---\n", b"\0"])
        )
        content = content[:start] + part + content[end:]
    return content


@st.composite
def _values(draw: st.DrawFn, seed: bytes) -> bytes:
    try:
        documents = list(yaml.load_all(seed, yaml.CSafeLoader))
    except yaml.YAMLError:
        return seed
    for _ in range(draw(st.integers(1, 3))):
        places = _places(documents)
        place = draw(st.sampled_from(places))
        draw(st.sampled_from(_CHANGES))(draw, documents, place)
        if not any(documents):
            break
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False).encode()


def _places(value: Any, path: Place = ()) -> list[Place]:
    """The path of every value inside a value, the outermost left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = [path] if path else []
    return here + [place for key, child in inner for place in _places(child, (*path, key))]


def _around(documents: Any, place: Place) -> Any:
    for part in place[:-1]:
        documents = documents[part]
    return documents


def _replace(draw: st.DrawFn, documents: Any, place: Place) -> None:
    _around(documents, place)[place[-1]] = draw(_ODD_VALUES)


def _remove(_draw: st.DrawFn, documents: Any, place: Place) -> None:
    del _around(documents, place)[place[-1]]


def _rename(draw: st.DrawFn, documents: Any, place: Place) -> None:
    around = _around(documents, place)
    if isinstance(around, dict):
        around[draw(st.sampled_from(_ODD_TEXTS) | st.text(max_size=6))] = around.pop(place[-1])


def _move(draw: st.DrawFn, documents: Any, place: Place) -> None:
    """Put the value of another place here, which is of the wrong kind more often than not."""
    other = draw(st.sampled_from(_places(documents)))
    if other[: len(place)] != place and place[: len(other)] != other:
        _around(documents, place)[place[-1]] = deepcopy(_around(documents, other)[other[-1]])


def _repeat(_draw: st.DrawFn, documents: Any, place: Place) -> None:
    around = _around(documents, place)
    if isinstance(around, list):
        around.append(deepcopy(around[place[-1]]))


_CHANGES: tuple[Callable[[st.DrawFn, Any, Place], None], ...] = (_replace, _replace, _remove, _rename, _move, _repeat)
