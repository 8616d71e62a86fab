"""The values of a design's passwords, from Secret documents and from the environment."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fabric.config import Secret
from fabric.errors import Problem
from fabric.kubernetes._documents import Document, ResourceError, parse_documents

DATA_PLANE_KEY = "edpm_frr_bgp_neighbor_password"
"""The key of a data plane's Secret: the variable that the `edpm_frr` role reads."""
_KEYS = ("password", DATA_PLANE_KEY)
_LONGEST = 80
"""TCP_MD5SIG_MAXKEYLEN of Linux."""


def variable(name: str) -> str:
    """The environment variable that holds the password of a Secret."""
    return f"FABRIC_PASSWORD_{name.upper().replace('-', '_')}"


def passwords_of(
    names: Iterable[str], texts: Mapping[str, str] | None, environ: Mapping[str, str]
) -> Mapping[str, Secret]:
    """The passwords called `names` that are known: those of the Secrets in `texts`, else those of the environment.

    `texts` are files by name; `None` says that there are none, and then a password may be missing. A Secret that
    still has the placeholder counts as missing. Raises `ResourceError` with every Secret that cannot be used or is
    missing; no message shows a value.
    """
    wanted = tuple(names)
    found, problems = _in_files(texts or {})
    for name in wanted:
        if name not in found and (value := environ.get(variable(name))):
            found[name] = Secret(value, name)
            problems += _unusable(f"${variable(name)}", "", value)
    if texts is not None:
        problems += [_missing(", ".join(texts), name) for name in wanted if name not in found]
    if problems:
        raise ResourceError(problems)
    return {name: found[name] for name in wanted if name in found}


def passwords_among(texts: Mapping[str, str], names: Iterable[str]) -> Mapping[str, Secret]:
    """The passwords called `names` that the Secrets among any resources hold, placeholders too; never an error."""
    wanted, found = frozenset(names), dict[str, Secret]()
    for document in _secrets(texts, []):
        name, (_, value) = document.value["metadata"]["name"], _password(document.value)
        if name in wanted and value is not None:
            found.setdefault(name, Secret(value, name))
    return found


def _missing(files: str, name: str) -> Problem:
    allowed = f"Secret {name}, or ${variable(name)}"
    return Problem(files, "", f"no value for Secret {name}", allowed, "Add the Secret, or set the variable.")


def _in_files(texts: Mapping[str, str]) -> tuple[dict[str, Secret], list[Problem]]:
    found: dict[str, Secret] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for document in _secrets(texts, problems):
        name, (key, value) = document.value["metadata"]["name"], _password(document.value)
        if value is None:
            action = "Give it one of them, in stringData or as base64 in data."
            problems.append(
                Problem(document.where(), "", f"Secret {name} without password", " or ".join(_KEYS), action)
            )
            continue
        if Secret(value).is_placeholder:
            continue
        problems += _unusable(document.where(key), name, value, ", as base64 in data" if key[0] == "data" else "")
        if name in found and found[name].value != value:
            what = f"another password for Secret {name} than at {places[name]}"
            problems.append(Problem(document.where(key), "", what, "one password a name", "Make the two equal."))
        found.setdefault(name, Secret(value, name))
        places.setdefault(name, document.where(key))
    return found, problems


def _secrets(texts: Mapping[str, str], problems: list[Problem]) -> Iterator[Document]:
    for file, text in texts.items():
        try:
            documents = list(parse_documents(text, file))
        except ResourceError as error:
            problems.extend(error.problems)
            continue
        for document in documents:
            value = document.value
            if isinstance(value, Mapping) and value.get("kind") == "Secret":
                metadata = value.get("metadata")
                if isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str):
                    yield document
                else:
                    problems.append(Problem(document.where(), "", "a Secret without name", "a name", "Name it."))


def _password(secret: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """The password and where in the Secret it stands, by the API server's rule: stringData wins over data."""
    for part in ("stringData", "data"):
        values = secret.get(part)
        if not isinstance(values, Mapping):
            continue
        for key in _KEYS:
            if isinstance(text := values.get(key), str):
                return (part, key), _decoded(text) if part == "data" else text
    return (), None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _unusable(where: str, name: str, value: str, how: str = "") -> Iterator[Problem]:
    """What FRR would not read as one word, or Linux not take as a key."""
    if not (value.isascii() and value.isprintable() and " " not in value and 1 <= len(value) <= _LONGEST):
        subject = f"a password of Secret {name}" if name else "a password"
        found = f"{subject} that no session can have"
        allowed = f"1 to {_LONGEST} printable ASCII characters without blanks{how}"
        yield Problem(where, "", found, allowed, "Choose another password.")
