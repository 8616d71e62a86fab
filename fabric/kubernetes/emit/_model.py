"""What all our models of resources share: strict, frozen, spelled as the API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


def _address(value: object) -> IPv4Address | IPv6Address:
    return ip_address(str(value))


def _prefix(value: object) -> IPv4Network | IPv6Network:
    return ip_network(str(value))


Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(_address)]
Prefix = Annotated[IPv4Network | IPv6Network, BeforeValidator(_prefix)]
"""Without host bits, which frr-k8s would let through and bgpd would cut off."""
Asn = Annotated[int, Field(strict=True, ge=1, le=4_294_967_295)]
Mtu = Annotated[int, Field(strict=True, ge=1280, le=65_536)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
"""A DNS-1123 subdomain, which most objects are named by."""
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS-1123 label, which namespaces are named by."""
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$")]


class Model(BaseModel):
    """A part of a resource: unknown fields are refused, Python's `peer_address` is the API's `peerAddress`."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Metadata(Model):
    name: Name
    namespace: Label | None = None
    labels: Mapping[str, LabelValue] | None = None
    annotations: Mapping[str, str] | None = None


class Requirement(Model):
    """One expression of a label selector."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] | None = None


class Selector(Model):
    """A label selector; the empty one selects everything."""

    match_labels: Mapping[str, LabelValue] | None = None
    match_expressions: tuple[Requirement, ...] | None = None


class Reference(Model):
    """Another object by its name."""

    name: Name
    namespace: Label | None = None


class Object(Model):
    """A whole resource; each kind narrows `api_version`, `kind` and adds its `spec`."""

    api_version: str
    kind: str
    metadata: Metadata

    def document(self) -> dict[str, Any]:
        """The resource as plain values, in the order of the fields, without those that are not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
