"""The package is a line of rooms, and a module imports only from the rooms to its left: its imports are read."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

ROOMS = (
    "fabric",  # what stands in `fabric/__init__.py`
    "_lazy",
    "_values",
    "_bulk",
    "errors",
    "_reading",
    "resources",
    "topology",
    "plan",
    "config",
    "kubernetes",
    "draft",
    "render",
    "netbox",
    "simulate",
    "intents",
    "check",
    "lab",
    "verify",
    "api",
    "report",
    "cli",
    "__main__",  # `python -m fabric`: the command's second door
)
DOORS = {("fabric", "api")}
"""Who opens a room to the right of theirs: `fabric.load` is where users of the library come in."""
FORBIDDEN = {("simulate", "render"), ("lab", "simulate")}
"""Prediction and observation stay apart until `verify` compares them."""
HEAVY = frozenset({"distributed", "jinja2", "networkx", "pydantic", "pynetbox", "pyroute2", "scapy"})
"""Libraries that take longer to import than `fabric --help` may take."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `importer` and `target` are dotted, the target with the imported name as its last part."""

    importer: str
    package: str
    """The package that the importing module belongs to."""
    target: str
    line: int
    top_level: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def violations(root: Path) -> list[str]:
    """A sentence for every import below `root/fabric` that breaks a rule."""
    rules = (wrong_direction, private_elsewhere, heavy_command)
    found = (rule(item) for item in imports(root) for rule in rules)
    return sorted(sentence for sentence in found if sentence)


def imports(root: Path) -> Iterator[Import]:
    """Every import statement of every module of the package, one item for each name."""
    for path in sorted((root / "fabric").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        yield from _imports(ast.parse(path.read_text(), path), module, package, top_level=True)


def _imports(tree: ast.AST, module: str, package: str, *, top_level: bool) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for target in _targets(node, package):
                yield Import(module, package, target, node.lineno, top_level)
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _imports(node, module, package, top_level=top_level and not inside)


def _targets(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    base = ".".join((*parents, *filter(None, [node.module])))
    yield from (f"{base}.{alias.name}" for alias in node.names)


def room(dotted: str) -> str:
    """The room that a module or a name below `fabric` belongs to; `fabric` for what stands in `fabric/__init__.py`."""
    parts = dotted.split(".")
    if len(parts) == 1 or (parts[1].startswith("__") and parts[1] not in ROOMS):
        return "fabric"
    return parts[1]


def wrong_direction(item: Import) -> str | None:
    """The complaint about an import from the right, of a room that is kept apart, or of one without a place."""
    if item.target.split(".")[0] != "fabric":
        return None
    importer, target = room(item.importer), room(item.target)
    for name in (importer, target):
        if name not in ROOMS:
            return f"{item}: `{name}` has no place in the order of rooms; give it one in tests/test_layering.py"
    if (importer, target) in DOORS:
        return None
    if ROOMS.index(target) <= ROOMS.index(importer) and (importer, target) not in FORBIDDEN:
        return None
    return f"{item}: `{importer}` may not import `{target}`"


def private_elsewhere(item: Import) -> str | None:
    """The complaint about a private module or name that is imported from outside the package that it belongs to."""
    parts = item.target.split(".")
    if parts[0] != "fabric":
        return None
    private = next((part for part in parts if part.startswith("_") and not part.startswith("__")), None)
    if private is None:
        return None
    owner = ".".join(parts[: parts.index(private)])
    if f"{item.package}.".startswith(f"{owner}."):
        return None
    return f"{item}: `{private}` is private to `{owner}`"


def heavy_command(item: Import) -> str | None:
    """The complaint about a slow library that the command imports before it knows what it is asked for."""
    library = item.target.split(".")[0]
    if item.top_level and library in HEAVY and room(item.importer) in {"cli", "__main__"}:
        return f"{item}: import {library} inside the function that needs it, so that `fabric --help` starts at once"
    return None


def test_the_package_keeps_its_direction() -> None:
    assert violations(CHECKOUT) == []


def test_the_command_loads_no_heavy_library_at_start() -> None:
    script = "import sys, fabric.cli; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert HEAVY & set(answer.stdout.split()) == set()


def tree(root: Path, files: dict[str, str]) -> Path:
    """`root`, holding a package `fabric` of these files."""
    for name, text in files.items():
        path = root / "fabric" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("render/__init__.py", "from fabric.config import DeviceConfig"),
        ("render/_frr.py", "from fabric.render._names import name\nfrom . import _names\nfrom ._names import _hidden"),
        ("plan/_asn.py", "import fabric\nfrom fabric import __version__, errors\nfrom ..errors import PlanError"),
        ("cli/_plan.py", "def run() -> None:\n    import networkx\n    from fabric.plan import plan"),
        ("__main__.py", "from fabric.cli import main"),
        ("__init__.py", "def __getattr__(name: str) -> object:\n    from fabric import api"),
        ("lab/_engine.py", "import pyroute2\nfrom ipaddress import _BaseAddress"),
    ],
)
def test_accepts(tmp_path: Path, name: str, text: str) -> None:
    assert violations(tree(tmp_path, {name: text})) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("plan/__init__.py", "from fabric.render import render", "`plan` may not import `render`"),
        ("plan/__init__.py", "import fabric.lab.engine", "`plan` may not import `lab`"),
        ("plan/__init__.py", "from fabric import report", "`plan` may not import `report`"),
        ("plan/_deep/_er.py", "from ...verify import verify", "`plan` may not import `verify`"),
        ("plan/_lazy.py", "def f() -> None:\n    from fabric.config import X", "`plan` may not import `config`"),
        ("plan/_typed.py", "if TYPE_CHECKING:\n    from ..config import X", "`plan` may not import `config`"),
        ("simulate/_bgp.py", "from fabric.render import render", "`simulate` may not import `render`"),
        ("simulate/_bgp.py", "from fabric.lab import up", "`simulate` may not import `lab`"),
        ("lab/_up.py", "from fabric.simulate import fib", "`lab` may not import `simulate`"),
        ("report/_html.py", "from fabric.cli import main", "`report` may not import `cli`"),
        ("errors.py", "from fabric.resources import directory", "`errors` may not import `resources`"),
        ("__init__.py", "from fabric.plan import plan", "`fabric` may not import `plan`"),
        ("attic/__init__.py", "from fabric.plan import plan", "`attic` has no place in the order of rooms"),
        ("render/_frr.py", "from fabric.config._bgp import X", "`_bgp` is private to `fabric.config`"),
        ("render/_frr.py", "from fabric.config import _bgp", "`_bgp` is private to `fabric.config`"),
        ("render/_frr.py", "import fabric.config._bgp as b", "`_bgp` is private to `fabric.config`"),
        ("render/_frr.py", "from fabric.render.ansible._x import X", "`_x` is private to `fabric.render.ansible`"),
        ("cli/_plan.py", "from networkx import Graph", "import networkx inside the function"),
        ("cli/__init__.py", "try:\n    import scapy.all\nfinally:\n    pass", "import scapy inside the function"),
    ],
)
def test_complains(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (sentence,) = violations(tree(tmp_path, {name: text}))
    assert complaint in sentence
    assert sentence.startswith(f"fabric.{name}"[:-3].replace("/", ".").removesuffix(".__init__"))
