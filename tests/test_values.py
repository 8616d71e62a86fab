"""Frozen values are what the standard library would have made of them."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import fabric
from fabric import _values
from fabric.config import Redistribute

ROOT = Path(fabric.__file__).parent
STANDARD: Callable[..., Any] = dataclasses.dataclass
OWN: Callable[..., Any] = vars(_values)["dataclass"]


def _plain(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Value:
        """A value."""

        name: str
        secret: str = field(repr=False)
        size: int = 3
        tags: list[str] = field(default_factory=list, compare=False)

    return Value


def _open(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Value:
        name: str

        @cached_property
        def length(self) -> int:
            return len(self.name)

    return Value


def _derived(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Base:
        name: str
        half: int = field(init=False, compare=False)
        sign: str = field(init=False, default="+")

        def __post_init__(self) -> None:
            object.__setattr__(self, "half", len(self.name) // 2)

    @dataclass(frozen=True, slots=True)
    class Value(Base):  # noqa: PLW1641 - the decorator adds it
        size: int = 4

        def __repr__(self) -> str:
            return f"<{self.name}>"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Value) and other.size == self.size

    return Value


def _same_only(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True, eq=False)
    class Value:
        name: str

    return Value


def _empty(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Value:
        pass

    return Value


CASES = [
    (_plain, [("a", "b"), ("a", "b", 3, ["x"]), ("a", "c"), ("b", "b")]),
    (_open, [("a",), ("a",), ("b",)]),
    (_derived, [("abcd",), ("abcd", 4), ("x", 5)]),
    (_same_only, [("a",), ("a",)]),
    (_empty, [(), ()]),
]
MADE = [(make(OWN), make(STANDARD), arguments) for make, arguments in CASES]


@pytest.mark.parametrize(("own", "standard", "arguments"), MADE)
def test_a_class_is_the_standard_librarys(own: Any, standard: Any, arguments: list[tuple[Any, ...]]) -> None:
    assert str(inspect.signature(own)) == str(inspect.signature(standard))
    assert own.__match_args__ == standard.__match_args__
    assert getattr(own, "__slots__", None) == getattr(standard, "__slots__", None)
    assert [item.name for item in dataclasses.fields(own)] == [item.name for item in dataclasses.fields(standard)]
    for method in ("__init__", "__eq__", "__hash__", "__repr__"):
        assert (getattr(own, method) is getattr(object, method)) == (
            getattr(standard, method) is getattr(object, method)
        )
    assert own.__init__.__qualname__ == standard.__init__.__qualname__


@pytest.mark.parametrize(("own", "standard", "arguments"), MADE)
def test_values_are_the_standard_librarys(own: Any, standard: Any, arguments: list[tuple[Any, ...]]) -> None:
    mine, theirs = [own(*each) for each in arguments], [standard(*each) for each in arguments]
    assert list(map(repr, mine)) == list(map(repr, theirs))
    assert list(map(dataclasses.asdict, mine)) == list(map(dataclasses.asdict, theirs))
    assert [[a == b for a in mine] for b in mine] == [[a == b for a in theirs] for b in theirs]
    assert len(set(mine)) == len(set(theirs))
    assert mine[0] != theirs[0]
    assert [vars(value) if hasattr(value, "__dict__") else None for value in mine] == [
        vars(value) if hasattr(value, "__dict__") else None for value in theirs
    ]


@pytest.mark.parametrize("frozen", [OWN, STANDARD])
def test_nothing_of_a_value_changes(frozen: Callable[..., Any]) -> None:
    value = _plain(frozen)("a", "b")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        value.name = "c"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del value.name
    assert value.name == "a"


@pytest.mark.parametrize("frozen", [OWN, STANDARD])
def test_values_are_varied_copied_and_matched(frozen: Callable[..., Any]) -> None:
    kind = _plain(frozen)
    value = kind("a", "b", 5, ["x"])
    assert dataclasses.replace(value, size=6) == kind("a", "b", 6)
    assert copy.deepcopy(value) == copy.copy(value) == value
    assert copy.deepcopy(value).tags is not value.tags
    assert kind("a", "b").tags is not kind("a", "b").tags
    assert kind(secret="b", name="a") == kind("a", "b")
    match value:
        case kind(name, _, size):
            assert (name, size) == ("a", 5)
        case _:
            pytest.fail("did not match")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'secret'"):
        kind("a")


@pytest.mark.parametrize("frozen", [OWN, STANDARD])
def test_a_property_is_computed_once(frozen: Callable[..., Any]) -> None:
    value = _open(frozen)("abc")
    assert (value.length, vars(value)) == (3, {"name": "abc", "length": 3})


def test_values_travel_between_processes() -> None:
    value = Redistribute("connected", None)
    assert pickle.loads(pickle.dumps(value)) == value


def test_a_value_that_holds_itself_is_shown() -> None:
    value = _plain(OWN)("a", "b", [])
    value.size.append(value)
    assert "size=[...]" in repr(value)


def test_methods_are_compiled_when_first_looked_up() -> None:
    kind = _plain(OWN)
    assert {type(vars(kind)[name]).__name__ for name in ("__init__", "__eq__", "__hash__")} == {"_Later"}
    kind("a", "b")
    assert [type(vars(kind)[name]).__name__ for name in ("__init__", "__eq__")] == ["function", "_Later"]


def test_a_class_whose_values_change_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Use `dataclasses\.dataclass`"):
        OWN(frozen=False)


def test_every_frozen_value_of_the_package_is_made_so() -> None:
    slow = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if _makes_only_standard_values(path)]
    assert slow == [], "`from fabric._values import dataclass`"


def _makes_only_standard_values(path: Path) -> bool:
    """Whether a module has the standard library make frozen values, and none that change or have an order."""
    tree = ast.parse(path.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"]
    if not any(alias.name == "dataclass" for node in imports for alias in node.names):
        return False
    calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call for call in calls if call.startswith("dataclass(")]
    return all("frozen=True" in call and "order=True" not in call for call in made) and path.name != "_values.py"
