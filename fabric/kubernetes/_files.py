"""Files, directories and standard input to resources; everything that is wrong with any of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from fabric._reading import read_at_most
from fabric.errors import InputError, Problem
from fabric.kubernetes._admission import admit
from fabric.kubernetes._documents import MAX_CHARACTERS, Document, ResourceError, parse_documents
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Resources

STANDARD_INPUT = Path("-")
_SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATION = "kustomization"
"""A file of this name lists other files of its directory and is no object of a cluster."""


def read_texts(
    paths: Iterable[Path], standard_input: Callable[[int], str] | None = None, more_suffixes: tuple[str, ...] = ()
) -> Mapping[str, str]:
    """The texts of YAML or JSON files by name; of a directory, those of all its `.yaml`, `.yml` and `.json` files.

    `more_suffixes` are taken from directories too. The path `-` means `standard_input`, called
    with the most characters that are wanted. Raises `InputError` with every
    file that cannot be read.
    """
    texts: dict[str, str] = {}
    faults: list[str] = []
    for path in paths:
        if path == STANDARD_INPUT and standard_input is not None:
            texts["-"] = standard_input(MAX_CHARACTERS + 1)  # one more is refused where documents are read
            continue
        for file in _files(path, (*_SUFFIXES, *more_suffixes)):
            try:
                texts[str(file)] = _text(file)
            except InputError as error:
                faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    return texts


def _files(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = [file for file in sorted(path.rglob("*")) if file.suffix in suffixes and file.is_file()]
    patches = {patch for file in found if file.stem == _KUSTOMIZATION for patch in _patches(file)}
    yield from (file for file in found if file.stem != _KUSTOMIZATION and file.resolve() not in patches)


def _patches(kustomization: Path) -> Iterator[Path]:
    """The files that a kustomization merges into objects: they are parts, and no objects of a cluster."""
    import yaml  # noqa: PLC0415 - only directories with a kustomization need it

    try:
        value = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return  # kustomize's business
    for key in ("patches", "patchesStrategicMerge", "patchesJson6902") if isinstance(value, dict) else ():
        for entry in value.get(key) or () if isinstance(value.get(key), list) else ():
            name = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(name, str) and "\n" not in name:
                yield (kustomization.parent / name).resolve()


def _text(file: Path) -> str:
    try:
        return read_at_most(file, MAX_CHARACTERS, "Split the file.")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}. Name a YAML file or a directory.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from error


def resources_of(texts: Mapping[str, str], release: Release, generated: Iterable[Document] = ()) -> Resources:
    """The objects in `texts`, and the `generated` ones, as a cluster of `release` stores them.

    Raises `ResourceError` with every syntax error and everything that `admit` refuses.
    """
    documents: list[Document] = list(generated)
    problems: list[Problem] = []
    for name, text in texts.items():
        try:
            documents.extend(parse_documents(text, name))  # what came before a syntax error stays
        except ResourceError as error:
            problems.extend(error.problems)
    try:
        resources = admit(documents, release)
    except ResourceError as error:
        problems.extend(error.problems)
    if problems:
        raise ResourceError(problems)
    return resources
