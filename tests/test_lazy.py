"""Packages whose names are loaded when asked for offer what they say, and nothing else."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fabric

ROOT = Path(fabric.__file__).parent
QUICKSTART = ROOT.parent / "topologies" / "quickstart.yaml"
LAZY = [
    ".".join(("fabric", *path.parent.relative_to(ROOT).parts))
    for path in sorted(ROOT.rglob("__init__.py"))
    if "lazily(__name__)" in path.read_text()
]


@pytest.mark.parametrize("package", LAZY)
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert missing == []
    assert sorted(module.__all__) == sorted(set(module.__all__))


@pytest.mark.parametrize("package", LAZY)
def test_a_name_that_is_not_offered_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        importlib.import_module(package).nonsense  # noqa: B018
    with pytest.raises(ImportError, match="nonsense"):
        exec(f"from {package} import nonsense")


def test_a_package_loads_nothing_before_it_is_asked() -> None:
    script = "import sys, fabric.report; print(*(name for name in sys.modules if name.startswith('fabric')))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == {"fabric", "fabric._lazy", "fabric.report"}


UNUSED = {"email", "html", "importlib.metadata", "netaddr", "networkx", "pyroute2", "rich", "scapy"}
"""Modules that short commands have no use for, and that some library or another command loads."""


@pytest.mark.parametrize(("command", "used"), [("--help", {"html", "rich"}), ("render", set()), ("check", set())])
def test_a_short_command_loads_only_what_it_uses(command: str, used: set[str], tmp_path: Path) -> None:
    assert UNUSED & _loaded(command, tmp_path, "__all__") == used


def test_plugins_of_pydantic_are_looked_for_where_somebody_asks(tmp_path: Path) -> None:
    assert "importlib.metadata" in _loaded("render", tmp_path, "only-this-one")


def _loaded(command: str, directory: Path, disabled_plugins: str) -> set[str]:
    """The modules that are loaded when a command ends."""
    arguments = {
        "--help": ["--help"],
        "render": ["render", str(QUICKSTART), "-o", str(directory / "out")],
        "check": ["check", str(QUICKSTART)],
    }
    script = (
        "import atexit, sys; atexit.register(lambda: print('\\nloaded', *sys.modules)); from fabric.cli import main"
    )
    run = [sys.executable, "-c", f"{script}; sys.argv = ['fabric', *{arguments[command]}]; main()"]
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": disabled_plugins}
    answer = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
    loaded = set(answer.stdout.rpartition("\nloaded ")[2].split())
    assert "fabric.cli._app" in loaded
    return loaded
