"""Public names of a package, each loaded when somebody first asks for it (PEP 562).

A command uses a few names of every room; loading all that a room offers took as long as the command's work.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def lazily(package: str) -> Callable[[str], Any]:
    """The `__getattr__` of a package that imports its names under `if TYPE_CHECKING:`, as type checkers read them.

    if TYPE_CHECKING:
        from fabric.report._table import Table
    else:
        __getattr__ = lazily(__name__)
    """
    module = sys.modules[package]
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    homes = dict(_imported(ast.parse(source)))

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(module, name, value)
        return value

    return load


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that a module imports for type checkers, each with its home."""
    for node in tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            imports = (statement for statement in node.body if isinstance(statement, ast.ImportFrom))
            yield from ((alias.name, str(statement.module)) for statement in imports for alias in statement.names)
