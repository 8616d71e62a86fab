"""What values of a topology file are made of: names, counts, prefixes, and the base of every mapping."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", examples=["rack-0"])]
DeviceName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["worker-0"])]
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Members = Count | tuple[DeviceName, ...]
"""How many there are (names are made), or their names."""
Asn = Annotated[int, Field(strict=True, ge=1, le=4_294_967_294)]
Mtu = Annotated[int, Field(strict=True, ge=1280, le=9216)]
Switch = Annotated[bool, Field(strict=True)]


def _with_length(value: object) -> object:
    """The value, if it may be read as a prefix: numbers and bare addresses are mistakes more often than prefixes."""
    if isinstance(value, IPv4Network | IPv6Network) or (isinstance(value, str) and "/" in value):
        return value
    raise ValueError("a prefix with its length")


Prefix4 = Annotated[
    IPv4Network,
    BeforeValidator(_with_length),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3}){3}/([12]?\d|3[0-2])$", "examples": ["10.0.0.0/16"]}
    ),
]
Prefix6 = Annotated[
    IPv6Network,
    BeforeValidator(_with_length),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9A-Fa-f:.]+/(\d{1,2}|1[01]\d|12[0-8])$", "examples": ["fd00:fab::/64"]}
    ),
]


def _address(value: object) -> object:
    """The address in a text."""
    try:
        return value if isinstance(value, IPv4Address | IPv6Address) else ip_address(str(value))
    except ValueError:
        raise ValueError("an IPv4 or IPv6 address such as 172.18.0.10") from None


def _stretch(value: object) -> object:
    """The prefixes in a text: one, or those that make up a range such as `172.18.0.10-172.18.0.20`."""
    if isinstance(value, list | tuple):  # as a topology that is written out has it
        return tuple(ip_network(str(entry)) for entry in value)
    first, dash, last = str(value).partition("-")
    try:
        if not dash:
            return (ip_network(str(value)),)
        from netaddr import AddrFormatError, IPRange  # noqa: PLC0415 - few designs exclude a range

        try:
            return tuple(ip_network(str(entry)) for entry in IPRange(first.strip(), last.strip()).cidrs())
        except AddrFormatError as error:
            raise ValueError(str(error)) from error
    except ValueError:
        allowed = "172.18.0.10, 172.18.0.64/26 or 172.18.0.10-172.18.0.20"
        raise ValueError(f"an address, prefix or range such as {allowed}") from None


def _texts(networks: tuple[IPv4Network | IPv6Network, ...]) -> list[str]:
    return list(map(str, networks))


_TEXT = {"type": "string", "pattern": r"^[0-9A-Fa-f:.]+$"}
AnyAddress = Annotated[IPv4Address | IPv6Address, PlainValidator(_address), WithJsonSchema(_TEXT)]
_RANGE_TEXT = {"type": "string", "pattern": r"^[0-9A-Fa-f:.]+((/\d{1,3})|( ?- ?[0-9A-Fa-f:.]+))?$"}
Stretch = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    PlainValidator(_stretch),
    PlainSerializer(_texts),
    WithJsonSchema(_RANGE_TEXT),
]
"""An address, a prefix or a range, as the prefixes that it takes."""

Role = Literal["control-plane", "worker", "compute", "networker", "storage", "tester", "server"]


class Strict(BaseModel):
    """A value of the file: no unknown keys, never changed after reading."""

    # Modules of such classes have no `from __future__ import annotations`: each text would be compiled when they load.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
