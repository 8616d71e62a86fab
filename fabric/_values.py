"""`dataclass` for frozen values: the standard library's, without most of what it costs when a module is loaded.

The standard library writes and compiles seven methods a class, 0.3 ms. A short command loads a hundred classes, makes
values of half of them and compares few, and that was a tenth of its time. Here a class takes a tenth of it: `__init__`,
`__eq__` and `__hash__` are compiled when first looked up, and what can be the same for all classes is one function for
all. All else, from fields to slots, is left to the standard library, as are classes whose values change or have an
order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Iterable
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_Field = dataclasses.Field[Any]
_MISSING = dataclasses.MISSING


class _Factory:
    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()
"""The default of a parameter whose value a factory makes, as signatures show it."""


def _dataclass(*, frozen: bool, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
    """The decorator; of the options there are those that values need."""
    if not frozen:
        raise TypeError("found a class whose values change; allowed: frozen=True. Use `dataclasses.dataclass`.")
    return lambda cls: _made(cls, slots, eq)


def _made(cls: Any, slots: bool, eq: bool) -> type:
    own = {name for name, value in vars(cls).items() if value is not None}
    if "__doc__" not in own:  # or the standard library writes one from the signature, which compiles `__init__`
        cls.__doc__ = f"{cls.__name__}({', '.join(vars(cls).get('__annotations__', ()))})"
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    methods: dict[str, Any] = {"__repr__": _repr, "__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    methods |= {name: _Later(made, name) for name in ("__init__", *(("__eq__", "__hash__") if eq else ()))}
    methods |= {"__getstate__": _state, "__setstate__": _restore} if slots else {}
    for name in methods.keys() - own:
        setattr(made, name, methods[name])
    return made


class _Later:
    """A method that is compiled, and takes this one's place in its class, when somebody first looks it up."""

    def __init__(self, cls: type, name: str) -> None:
        self._cls, self._name = cls, name

    def __get__(self, value: object, kind: type) -> Any:
        method = _WRITERS[self._name](self._cls)
        method.__module__, method.__qualname__ = self._cls.__module__, f"{self._cls.__qualname__}.{self._name}"
        setattr(self._cls, self._name, method)
        return method if value is None else method.__get__(value, kind)


def _init(cls: Any) -> Any:
    fields = dataclasses.fields(cls)
    taken = [field for field in fields if field.init]
    scope: dict[str, Any] = {"_set": object.__setattr__, "_FACTORY": _FACTORY}
    scope |= {f"_default_{field.name}": field.default for field in fields}
    scope |= {f"_make_{field.name}": field.default_factory for field in fields}
    slots = {f"_slot_{field.name}": getattr(cls, field.name, None) for field in fields}
    scope |= {name: slot.__set__ for name, slot in slots.items() if isinstance(slot, MemberDescriptorType)}
    body = [_assignment(field.name, value, scope) for field in fields if (value := _value(field))]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    method = _function("__init__", ["self", *map(_parameter, taken)], body or ["pass"], scope)
    method.__annotations__ = {**{field.name: field.type for field in taken}, "return": None}
    return method


def _assignment(name: str, value: str, scope: Container[str]) -> str:
    """Sets a field of a new value: by its slot if it has one, a quarter faster than looking for it."""
    slot = f"_slot_{name}"
    return f"{slot}(self, {value})" if slot in scope else f"_set(self, {name!r}, {value})"


def _parameter(field: _Field) -> str:
    if field.default_factory is not _MISSING:
        return f"{field.name}=_FACTORY"
    return field.name if field.default is _MISSING else f"{field.name}=_default_{field.name}"


def _value(field: _Field) -> str | None:
    """What `__init__` sets a field to; None where it leaves that to `__post_init__`."""
    name = field.name
    if field.default_factory is not _MISSING:
        return f"_make_{name}() if {name} is _FACTORY else {name}" if field.init else f"_make_{name}()"
    if field.init:
        return name
    return None if field.default is _MISSING else f"_default_{name}"


def _eq(cls: Any) -> Any:
    test = f"return {_compared(cls, 'self')} == {_compared(cls, 'other')}"
    return _function(
        "__eq__", ["self", "other"], ["if other.__class__ is self.__class__:", f" {test}", "return NotImplemented"], {}
    )


def _hash(cls: Any) -> Any:
    return _function("__hash__", ["self"], [f"return hash({_compared(cls, 'self')})"], {})


def _compared(cls: Any, value: str) -> str:
    return f"({''.join(f'{value}.{field.name}, ' for field in dataclasses.fields(cls) if field.compare)})"


def _function(name: str, parameters: Iterable[str], body: Iterable[str], scope: dict[str, Any]) -> Any:
    lines = [f"def {name}({', '.join(parameters)}):", *body]
    exec("\n ".join(lines), scope)  # noqa: S102 - of names of fields, as the standard library does
    return scope[name]


_WRITERS = {"__init__": _init, "__eq__": _eq, "__hash__": _hash}


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
