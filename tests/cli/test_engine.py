"""Where sweeps run: one answer, whatever computes it, and clear words for what cannot."""

from __future__ import annotations

import json

import pytest

from fabric.cli._engine import Engine, engine
from fabric.errors import InputError, MachineError
from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


def test_a_dask_cluster_of_two_workers_gives_the_same_answer() -> None:
    sweep = ("simulate", str(QUICKSTART), "--sweep", "links=1,zones=1", "--json")
    here, there = fabric(*sweep), fabric(*sweep, "--engine", "dask", "--jobs", "2")
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert there.returncode == here.returncode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local", Engine(3)),
        ("dask", Engine(3, dask=True)),
        ("dask://scheduler:8786", Engine(3, dask=True, address="tcp://scheduler:8786")),
    ],
)
def test_engines_are_named(text: str, expected: Engine) -> None:
    assert engine(text, 3) == expected


@pytest.mark.parametrize("text", ["dask://", "ray", "dask:8786", ""])
def test_what_is_no_engine_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match=r"allowed: local, dask, or dask://HOST:PORT"):
        engine(text, 1)


def test_processes_keep_the_order() -> None:
    with Engine(2).mapper() as mapper:
        assert list(mapper(abs, [-3, -1, -2])) == [3, 1, 2]


def test_without_distributed_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MachineError, match="pip install"), Engine(2, dask=True).mapper():
        pass
