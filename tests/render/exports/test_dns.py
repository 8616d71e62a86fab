"""Zones that a DNS library and BIND's own checker read, with every address in one forward and one reverse zone."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import dns.rdatatype
import dns.reversename
import dns.zone
import pytest
from hypothesis import given, settings

from fabric.render.exports import DnsSettings, Export, dns_tree
from tests.render.exports.designs import SHIPPED, every_address, exports, shipped

needs_bind = pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="bind9-utils is not installed")


def _zones(export: Export) -> dict[str, dns.zone.Zone]:
    files = dns_tree(export.plan)
    return {
        name: dns.zone.from_text(files[f"dns/{name}.zone"], origin=f"{name}.", relativize=False)
        for name in (path.removeprefix("dns/").removesuffix(".zone") for path in files if path.endswith(".zone"))
    }


def _records(zone: dns.zone.Zone, kind: str) -> list[tuple[str, str]]:
    found = zone.iterate_rdatas(dns.rdatatype.from_text(kind))
    return [(name.to_text(), rdata.to_text()) for name, _, rdata in found]


@settings(deadline=None, max_examples=30)
@given(exports())
def test_every_address_in_one_forward_and_one_reverse_zone(export: Export) -> None:
    zones = _zones(export)
    forward = zones.pop(f"{export.fabric.name}.internal")
    names = _records(forward, "A") + _records(forward, "AAAA")
    assert Counter(address for _, address in names) == Counter(every_address(export))
    pointers = [pair for zone in zones.values() for pair in _records(zone, "PTR")]
    assert Counter(pointers) == Counter((dns.reversename.from_address(a).to_text(), name) for name, a in names)


@pytest.mark.parametrize("topology", SHIPPED)
def test_named_conf_lists_every_zone(topology: str) -> None:
    files = dict(dns_tree(shipped(topology).plan))
    listed = [line.split('"')[3] for line in files.pop("dns/named.conf").splitlines()[1:]]
    assert sorted(f"dns/{file}" for file in listed) == sorted(files)


@pytest.mark.parametrize("topology", ["quickstart", "rhoso-dz"])
def test_soa_and_ns(topology: str) -> None:
    export = shipped(topology)
    zones = dns_tree(export.plan, DnsSettings("fab.example.org", serial=7, nameserver="ns.example.org."))
    for path, text in zones.items():
        if path.endswith(".zone"):
            zone = dns.zone.from_text(text, origin=path.removeprefix("dns/").removesuffix("zone"), relativize=False)
            ((_, soa),) = _records(zone, "SOA")
            assert soa == "ns.example.org. hostmaster.fab.example.org. 7 3600 900 1209600 300"
            assert [value for _, value in _records(zone, "NS")] == ["ns.example.org."]


@needs_bind
@pytest.mark.parametrize("topology", ["quickstart", "rhoso-dz"])
def test_bind_loads_every_zone(topology: str, tmp_path: Path) -> None:
    for path, text in dns_tree(shipped(topology).plan).items():
        if path.endswith(".zone"):
            file = tmp_path / Path(path).name
            file.write_text(text)
            checked = subprocess.run(
                ["named-checkzone", "-i", "local", file.stem, file], capture_output=True, text=True, check=False
            )
            assert checked.returncode == 0, checked.stdout
            assert "warning" not in checked.stdout
