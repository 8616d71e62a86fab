"""Nothing that the package runs goes through a shell: names and texts of strangers are arguments, never commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "fabric"
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "/bin/sh", "/bin/bash"})
COMPILES_ITSELF = "_values.py"
"""Writes the methods of a class from the names of the class's own fields, which no input has a part in."""
CALLS = frozenset({"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "eval", "exec"})


def doors(tree: ast.AST) -> Iterator[int]:
    """The lines that would hand a text to a shell or to Python itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "shell":
            yield node.value.lineno
        if isinstance(node, (ast.Tuple, ast.List)) and _runs_text(node.elts):
            yield node.lineno
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
            if name in CALLS and owner in {"", "os", "subprocess", "asyncio", "commands"}:
                yield node.lineno


def _runs_text(parts: list[ast.expr]) -> bool:
    texts = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    return any(shell in SHELLS and option == "-c" for shell, option in pairwise(texts))


@pytest.mark.parametrize(
    "line",
    ["run(x, shell=True)", "os.system(x)", "('sh', '-c', x)", "['nsenter', 'bash', '-c', x]", "getoutput(x)"],
)
def test_a_door_is_found(line: str) -> None:
    assert list(doors(ast.parse(line))) == [1]


def test_the_package_has_no_door() -> None:
    found = {path: tuple(doors(ast.parse(path.read_text()))) for path in PACKAGE.rglob("*.py")}
    assert [str(path.relative_to(PACKAGE)) for path, lines in found.items() for _ in lines] == [COMPILES_ITSELF]
