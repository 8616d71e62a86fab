"""The hosts file has every address of a plan once, under a name that resolvers take."""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given, settings

from fabric.errors import InputError
from fabric.render.exports import Export, hosts_tree
from tests.render.exports.designs import every_address, exports, shipped

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def _entries(text: str) -> list[tuple[str, list[str]]]:
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return [(address, names) for address, *names in lines]


@settings(deadline=None, max_examples=30)
@given(exports())
def test_every_address_once(export: Export) -> None:
    entries = _entries(hosts_tree(export.plan)["hosts"])
    assert Counter(address for address, _ in entries) == Counter(every_address(export))
    assert all(_HOST_NAME.fullmatch(name) for _, names in entries for name in names)


@settings(deadline=None, max_examples=30)
@given(exports())
def test_a_name_has_one_address_a_family(export: Export) -> None:
    entries = _entries(hosts_tree(export.plan)["hosts"])
    assert set(Counter((names[0], ip_address(address).version) for address, names in entries).values()) == {1}


def test_names() -> None:
    text = hosts_tree(shipped("rhoso-dz").plan, "fab.example.org")["hosts"]
    names = dict(_entries(text))
    assert names["99.99.0.3"] == ["rack-0-compute-0.fab.example.org", "rack-0-compute-0"]
    assert names["172.18.0.10"] == ["rack-0-compute-0.storage.fab.example.org", "rack-0-compute-0.storage"]
    assert names["100.64.0.1"] == ["eth3.rack-0-leaf-0.fab.example.org", "eth3.rack-0-leaf-0"]
    assert (
        names["172.17.0.81"] == names["fd00:172:17::51"] == ["vip-1.internalapi.fab.example.org", "vip-1.internalapi"]
    )


@pytest.mark.parametrize("domain", ["", "a b", "a\nb", "-a.org", "a..b", "a.org.", "x" * 64, "a." * 80 + "b"])
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(InputError, match="domain: found"):
        hosts_tree(shipped("quickstart").plan, domain)
