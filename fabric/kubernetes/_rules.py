"""The CEL rules (`x-kubernetes-validations`) of the shipped schemas, as functions keyed by the rule's own text.

Each function is true when the value is valid. A rule that compares with the object's former state (`oldSelf`)
has nothing to say about a new object and is left out. A schema with a rule that is unknown here is refused at
load time, so that a newer schema cannot silently lose a check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fabric._values import dataclass
from fabric.kubernetes._golang import SECOND_NS, parse_duration, parse_ip

_TWO_BYTES = 0xFFFF
_FOUR_BYTES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Rule:
    """One validation: `valid` judges a value, `message` is what the API server answers."""

    message: str
    valid: Callable[[Any], bool]


def rules_of(schema: Mapping[str, Any]) -> Iterator[Rule]:
    """The rules of one schema node; raises `KeyError` for one that this module does not know."""
    for entry in schema.get("x-kubernetes-validations", ()):
        message = entry["message"]
        if "oldSelf" not in entry["rule"]:
            yield Rule(message, _RULES[message, "'*:'" in entry["rule"]])


def _whole_seconds(value: str) -> bool:
    try:
        return parse_duration(value) // 1_000_000 % 1000 == 0
    except ValueError:
        return False


def _connect_time_in_range(value: str) -> bool:
    try:
        return 1 <= parse_duration(value) // SECOND_NS <= 65535
    except ValueError:
        return False


def _service_selectors_without_aggregation(spec: Mapping[str, Any]) -> bool:
    lengths = spec.get("aggregationLength", 32), spec.get("aggregationLengthV6", 128)
    return not spec.get("serviceSelectors") or lengths == (32, 128)


def _parts(value: str) -> tuple[str, str] | None:
    """Global and local administrator of a route distinguisher or target; `None` unless there is exactly one colon."""
    parts = value.split(":")
    return (parts[0], parts[1]) if len(parts) == 2 else None


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _on_parts(check: Callable[[str, str], bool]) -> Callable[[str], bool]:
    """`check` applied to both administrators; true where the one-colon rule already speaks."""

    def valid(value: str) -> bool:
        parts = _parts(value)
        return parts is None or check(*parts)

    return valid


def _address_or_number(administrator: str, _: str) -> bool:
    return parse_ip(administrator) is not None or _number(administrator)


def _wildcard_address_or_number(administrator: str, local: str) -> bool:
    return administrator == "*" or _address_or_number(administrator, local)


def _local_is_number(_: str, local: str) -> bool:
    return _number(local)


def _wildcard_local(administrator: str, local: str) -> bool:
    return administrator != "*" or (_number(local) and int(local) <= _FOUR_BYTES)


def _address_local(administrator: str, local: str) -> bool:
    return "." not in administrator or (_number(local) and int(local) <= _TWO_BYTES)


def _four_byte_local(administrator: str, local: str) -> bool:
    if not (_number(administrator) and _number(local)):
        return True
    return int(administrator) <= _TWO_BYTES or int(local) <= _TWO_BYTES


def _two_byte_local(administrator: str, local: str) -> bool:
    if not (_number(administrator) and _number(local)):
        return True
    return int(administrator) > _TWO_BYTES or int(local) <= _FOUR_BYTES


def _administrator_rules(name: str) -> dict[tuple[str, bool], Callable[[str], bool]]:
    """The rules that route distinguishers (`RD`) and route targets (`RT`) have in common."""
    return {
        (f"{name} must contain exactly one colon", False): lambda value: _parts(value) is not None,
        (f"{name} global administrator must be either an IPv4 address or a number", False): _on_parts(
            _address_or_number
        ),
        (f"{name} local administrator must be a number", False): _on_parts(_local_is_number),
        (f"{name} with IPv4 global administrator must have format A.B.C.D:MN where MN <= 65535", False): _on_parts(
            _address_local
        ),
        (
            f"{name} with 4-byte ASN global administrator must have format GHJK:MN where GHJK <= 4294967295 "
            "and MN <= 65535",
            False,
        ): _on_parts(_four_byte_local),
        (
            f"{name} with 2-byte ASN global administrator must have format EF:OPQR where EF <= 65535 "
            "and OPQR <= 4294967295",
            False,
        ): _on_parts(_two_byte_local),
    }


_RT = _administrator_rules("RT")
_RULES: dict[tuple[str, bool], Callable[[Any], bool]] = {
    ("connect time should be between 1 seconds to 65535", False): _connect_time_in_range,
    ("connect time should contain a whole number of seconds", False): _whole_seconds,
    (
        "serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default "
        "aggregationLength (32) and aggregationLengthV6 (128)",
        False,
    ): _service_selectors_without_aggregation,
    **_administrator_rules("RD"),
    **_RT,
    # Import targets may carry a wildcard administrator, for which the numeric rules are moot.
    **{(message, True): valid for (message, _), valid in _RT.items()},
    ("RT global administrator must be either '*', an IPv4 address, or a number", True): _on_parts(
        _wildcard_address_or_number
    ),
    ("RT with wildcard global administrator must have format *:OPQR where OPQR <= 4294967295", True): _on_parts(
        _wildcard_local
    ),
}
