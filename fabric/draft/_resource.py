"""Looking into Kubernetes objects that nobody has checked: what is not there, or is something else, is empty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from fabric.kubernetes import Document

_NUMBERS = re.compile(r"(\d+)")


class Object(NamedTuple):
    """An object of a cluster, by its parts."""

    document: Document
    name: str
    namespace: str
    labels: Mapping[str, Any]
    spec: Mapping[str, Any]


def objects(documents: Iterable[Document], kind: str) -> Iterator[Object]:
    """The objects of a kind, in the order of the files."""
    for document in documents:
        value = mapping(document.value)
        if value.get("kind") == kind:
            meta = mapping(value.get("metadata"))
            names = str(meta.get("name", "")), str(meta.get("namespace", ""))
            yield Object(document, *names, mapping(meta.get("labels")), mapping(value.get("spec")))


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def number(value: object) -> int | None:
    """The value if it is a natural number, as such or as text."""
    return int(str(value)) if str(value).isdecimal() else None


def is_address(value: object) -> bool:
    """True for the text of an IP address."""
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts `node-10` behind `node-9`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(text))
