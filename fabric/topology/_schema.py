"""The JSON Schema of topology files, for editors."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from fabric.topology import _cluster, _intents, _model, _suppression
from fabric.topology._model import Topology


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a topology file."""
    schema = Topology.model_json_schema()
    models = {Topology.__name__: schema, **schema["$defs"]}
    for name, texts in _descriptions().items():
        for key, text in texts.items():
            if name in models:
                models[name]["properties"][key.rstrip("_")]["description"] = text
    for key, field in Topology.model_fields.items():
        if field.default_factory:
            schema["properties"][key]["default"] = field.get_default(call_default_factory=True).model_dump(mode="json")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fabric topology, version 1", **schema}


def _descriptions() -> Mapping[str, Mapping[str, str]]:
    """The docstrings below the attributes of the model's classes, by class and attribute.

    pydantic reads them too (`use_attribute_docstrings`), but whenever the classes are made, which is in every command.
    """
    modules = (ast.parse(inspect.getsource(module)) for module in (_cluster, _intents, _model, _suppression))
    classes = {node.name: node for module in modules for node in module.body if isinstance(node, ast.ClassDef)}
    return {name: dict(_inherited(node, classes)) for name, node in classes.items()}


def _inherited(model: ast.ClassDef, known: Mapping[str, ast.ClassDef]) -> Iterator[tuple[str, str]]:
    for base in model.bases:
        if isinstance(base, ast.Name) and base.id in known:
            yield from _inherited(known[base.id], known)
    yield from _documented(model)


def _documented(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for attribute, text in pairwise(model.body):
        match attribute, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                yield name, inspect.cleandoc(doc)
