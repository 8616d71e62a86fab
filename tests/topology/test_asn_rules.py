"""Which ASNs a design may use: private ones always, public ones when asked for, reserved ones never."""

from __future__ import annotations

import pytest

from fabric.errors import TopologyError
from tests.designs import Values, design_of


def values(**asn: object) -> Values:
    """A small topology with these ASN settings."""
    return {
        "version": 1,
        "name": "demo",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": [{"name": "a1"}]}],
        "asn": asn,
    }


FREE = [64496, 64511, 64512, 65534, 65536, 65551, 4200000000, 4294967294]
RESERVED = [23456, 65535, 65552, 131071]
PUBLIC = [1, 23455, 23457, 64495, 131072, 4199999999]


@pytest.mark.parametrize("asn", FREE)
def test_private_and_documentation_asns_pass(asn: int) -> None:
    assert design_of(values(overrides={"spine-1": asn})).settings.asn.overrides == {"spine-1": asn}


@pytest.mark.parametrize("asn", PUBLIC)
def test_public_asns_pass_only_when_asked_for(asn: int) -> None:
    with pytest.raises(TopologyError, match=rf"asn.overrides.spine-1: found {asn}, which is public"):
        design_of(values(overrides={"spine-1": asn}))
    design = design_of(values(overrides={"spine-1": asn}, allow_public=True))
    assert design.settings.asn.overrides == {"spine-1": asn}


@pytest.mark.parametrize("asn", RESERVED)
def test_reserved_asns_never_pass(asn: int) -> None:
    with pytest.raises(TopologyError, match=rf"asn.overrides.spine-1: found {asn}, which .*reserve|AS_TRANS"):
        design_of(values(overrides={"spine-1": asn}, allow_public=True))


def test_a_range_of_yours_may_touch_nothing_reserved() -> None:
    with pytest.raises(TopologyError, match="found 65500-65600 with 65535, which RFC 7300 reserves"):
        design_of(values(node_range={"first": 65500, "last": 65600}, allow_public=True))
