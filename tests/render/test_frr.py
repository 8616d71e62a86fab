"""What `frr_files` promises: peer-groups change nothing, order changes nothing, every field reaches the text."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import config
from fabric.config import BgpInstance, DeviceConfig, FabricConfig, Interface, Neighbor, NeighborFamily, Place, Secret
from fabric.config import Timers as Timing
from fabric.errors import InputError
from fabric.render import Confidential, frr_files, frr_tree
from tests.frr import load, needs_frr, sandbox_problem
from tests.render.cases import CASES

Statement = tuple[str, str, str]
"""Address family (empty outside of one), peer, and what is said of the peer."""


def _device(*neighbors: Neighbor, **changes: Any) -> DeviceConfig:
    instance = BgpInstance(65001, "10.0.0.1", neighbors, ())
    return replace(DeviceConfig("leaf-1", Place("leaf"), (), (instance,)), **changes)


def _neighbor(peer: str, remote_as: config.RemoteAs = 65002, **changes: Any) -> Neighbor:
    address = ip_address(peer) if "." in peer else peer
    return replace(Neighbor(address, remote_as, (NeighborFamily("ipv4"),)), **changes)


def _lines(device: DeviceConfig) -> list[str]:
    return [line.strip() for line in frr_files(device).frr_conf.splitlines()]


def unfold(frr_conf: str) -> set[Statement]:
    """What a configuration says of each neighbor, its peer-group's words counted as its own."""
    said: list[Statement] = []
    group_of: dict[str, str] = {}
    groups: set[str] = set()
    family = ""
    for line in frr_conf.splitlines():
        match line.split():
            case ["address-family", name, "unicast"]:
                family = name
            case ["exit-address-family"]:
                family = ""
            case ["neighbor", group, "peer-group"]:
                groups.add(group)
            case ["neighbor", peer, "peer-group", group] | ["neighbor", peer, "interface", "peer-group", group]:
                group_of[peer] = group
            case ["neighbor", peer, "interface", *words] | ["neighbor", peer, *words]:
                said.append((family, peer, " ".join(words)))
    members = {group: [peer for peer, name in group_of.items() if name == group] for group in groups}
    return {(family, member, words) for family, peer, words in said for member in members.get(peer, [peer])}


def _ungrouped(device: DeviceConfig) -> DeviceConfig:
    """The same device without labels, so that nothing is folded."""
    flat = tuple(
        replace(instance, neighbors=tuple(replace(neighbor, group=None) for neighbor in instance.neighbors))
        for instance in device.bgp
    )
    return replace(device, bgp=flat)


_names = st.sampled_from([None, None, "one", "two"])
_families = st.builds(
    NeighborFamily,
    family=st.just("ipv4"),
    prefix_list_in=_names,
    prefix_list_out=_names,
    route_map_in=_names,
    route_map_out=_names,
    next_hop_self=st.booleans(),
    next_hop_self_force=st.booleans(),
    route_reflector_client=st.booleans(),
    default_originate=st.booleans(),
    default_originate_map=_names,
    allowas_in=st.sampled_from([None, 1, "origin"]),
    soft_reconfiguration_in=st.booleans(),
    remove_private_as=st.booleans(),
    as_override=st.booleans(),
    maximum_prefix=st.sampled_from([None, 100]),
)
_family_sets = st.tuples(_families, _families).flatmap(
    lambda pair: st.sampled_from(
        [(pair[0],), (replace(pair[1], family="ipv6"),), (pair[0], replace(pair[1], family="ipv6"))]
    )
)
_neighbors = st.builds(
    Neighbor,
    peer=st.one_of(
        st.integers(1, 40).map(lambda n: f"swp{n}"), st.integers(1, 40).map(lambda n: ip_address(f"10.0.0.{n}"))
    ),
    remote_as=st.sampled_from([65001, 65002, 65003, "internal", "external"]),
    families=_family_sets,
    group=st.sampled_from([None, "left", "right"]),
    password=st.sampled_from([None, Secret("a"), Secret("b")]),
    port=st.sampled_from([None, 1790]),
    timers=st.sampled_from([None, Timing(1, 3), Timing(3, 9)]),
    connect_s=st.sampled_from([None, 5]),
    bfd=st.booleans(),
    bfd_profile=st.sampled_from([None, "fast"]),
    ebgp_multihop=st.booleans(),
    ttl_security_hops=st.sampled_from([None, 1]),
    update_source=st.sampled_from([None, ip_address("10.255.0.1")]),
    local_as=st.sampled_from([None, 65010]),
    passive=st.booleans(),
    graceful_restart=st.booleans(),
    extended_next_hop=st.booleans(),
    shutdown=st.booleans(),
)
_some = st.lists(_neighbors, max_size=8, unique_by=lambda neighbor: str(neighbor.peer))
# Members that are alike but for one change each, so that most of their settings do fold.
_alike = st.tuples(_neighbors, st.integers(1, 6), _some).map(
    lambda drawn: [
        *(replace(drawn[0], peer=f"swp{100 + n}", group="left") for n in range(drawn[1])),
        *(replace(neighbor, group=None) for neighbor in drawn[2]),
    ]
)


@given(st.one_of(_some, _alike))
@settings(max_examples=300, deadline=None)
def test_peer_groups_change_no_meaning(neighbors: list[Neighbor]) -> None:
    device = _device(*neighbors)
    assert unfold(frr_files(device).frr_conf) == unfold(frr_files(_ungrouped(device)).frr_conf)


# Of `show bgp neighbors json`: what passes by, and the name of the peer-group, the one thing that shall differ.
_PASSING = re.compile(
    r"^(peerGroup.*|bgpState|bgpTimer(Last|Hold|KeepAlive).*|bgpInUpdate.*|lastReset.*|lastUpdate|status|(host|port).*)$"
)


@needs_frr
@pytest.mark.lab
@pytest.mark.parametrize("case", ["alike_neighbors", "numbered_leaf", "unnumbered_spine"])
def test_bgpd_sees_the_same_neighbors_with_and_without_peer_groups(case: str) -> None:
    if problem := sandbox_problem():
        pytest.skip(f"no sandbox on this machine: {problem}")
    device = CASES[case]()
    ports = [interface.name for interface in device.interfaces if interface.name != config.LOOPBACK]
    folded = load(frr_files(device).frr_conf, ports)
    flat = load(frr_files(_ungrouped(device)).frr_conf, ports)
    assert folded.refused == flat.refused == ()
    assert any("peerGroup" in shown for shown in folded.neighbors.values())
    assert _lasting(folded.neighbors) == _lasting(flat.neighbors)


def _lasting(shown: Any) -> Any:
    """What bgpd shows without what is passing."""
    if isinstance(shown, dict):
        return {key: _lasting(value) for key, value in shown.items() if not _PASSING.match(key)}
    return shown


def test_one_peer_group_takes_what_all_members_share() -> None:
    shared: dict[str, Any] = {"group": "spines", "bfd": True, "password": Secret("word")}
    lines = _lines(_device(_neighbor("10.0.0.2", description="far", **shared), _neighbor("10.0.0.1", **shared)))
    assert [line for line in lines if line.startswith("neighbor")] == [
        "neighbor spines peer-group",
        "neighbor spines remote-as 65002",
        "neighbor spines bfd",
        "neighbor spines password word",
        "neighbor 10.0.0.1 peer-group spines",
        "neighbor 10.0.0.2 peer-group spines",
        "neighbor 10.0.0.2 description far",
        "neighbor spines activate",
    ]


def test_a_label_on_ibgp_and_ebgp_peers_makes_no_peer_group() -> None:
    lines = _lines(_device(_neighbor("10.0.0.1", 65001, group="all"), _neighbor("10.0.0.2", 65002, group="all")))
    assert not any("peer-group" in line for line in lines)


def test_interface_peer_of_a_peer_group_with_several_asns_states_its_own() -> None:
    lines = _lines(_device(_neighbor("swp1", 65002, group="leaves"), _neighbor("swp2", 65003, group="leaves")))
    at = lines.index("neighbor swp1 interface peer-group leaves")
    assert lines[at + 1] == "neighbor swp1 remote-as 65002"


def test_order_of_the_parts_does_not_show() -> None:
    device = CASES["numbered_leaf"]()
    instance = device.bgp[0]
    shuffled = list(instance.neighbors)
    random.Random(1).shuffle(shuffled)
    other = replace(
        device,
        interfaces=device.interfaces[::-1],
        bgp=(replace(instance, neighbors=tuple(shuffled), families=instance.families[::-1]),),
        policies=replace(device.policies, prefix_lists=device.policies.prefix_lists[::-1]),
    )
    assert frr_files(other) == frr_files(device)


def test_files_with_a_password_are_confidential() -> None:
    assert isinstance(frr_files(_device(_neighbor("10.0.0.1", password=Secret("word")))).frr_conf, Confidential)
    assert not isinstance(frr_files(_device(_neighbor("10.0.0.1"))).frr_conf, Confidential)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (_device(_neighbor("10.0.0.1", description="a\nend")), r"leaf-1, neighbor 10\.0\.0\.1: description: found 'a"),
        (_device(_neighbor("10.0.0.1", password=Secret("two words"))), r"neighbor 10\.0\.0\.1: password: found"),
        (_device(_neighbor("10.0.0.1", password=Secret(""))), r"password: found an empty text"),
        (_device(interfaces=(Interface("swp1", description="a\x1b"),)), r"interface swp1: description"),
    ],
)
def test_text_that_would_break_its_line_is_refused(device: DeviceConfig, message: str) -> None:
    with pytest.raises(InputError, match=message):
        frr_files(device)


def test_refusal_of_a_password_does_not_show_it() -> None:
    with pytest.raises(InputError) as caught:
        frr_files(_device(_neighbor("10.0.0.1", password=Secret("open sesame"))))
    assert "sesame" not in str(caught.value)


def test_remote_as_auto_is_written_as_frr_10_has_it() -> None:
    assert "neighbor swp1 interface remote-as auto" in _lines(_device(_neighbor("swp1", "auto")))


def test_daemons_start_only_what_the_device_needs() -> None:
    quiet = frr_files(DeviceConfig("a", Place("leaf"), ())).daemons.splitlines()
    assert "bgpd=no" in quiet
    assert "bfdd=no" in quiet
    busy = frr_files(_device(_neighbor("10.0.0.1", bfd=True), bgp_listens=False)).daemons.splitlines()
    assert "bgpd=yes" in busy
    assert "bfdd=yes" in busy
    assert 'bgpd_options="   -A 127.0.0.1 -p 0"' in busy


def test_tree_has_both_files_of_every_device() -> None:
    devices = tuple(case() for case in CASES.values())
    tree = frr_tree(FabricConfig("lab", devices, ()))
    assert set(tree) == {f"frr/{device.name}/{file}" for device in devices for file in ("frr.conf", "daemons")}
    assert tree["frr/leaf-1/frr.conf"] == frr_files(CASES["numbered_leaf"]()).frr_conf


# Fields that FRR's files cannot hold: the kernel has MTU and VRF membership, and a place is for people.
_ELSEWHERE = {
    *(("Interface", "mtu"), ("Interface", "vrf"), ("Place", "zone"), ("Place", "rack"), ("Place", "pod")),
    ("Secret", "name"),
    *(("Interface", "parent"), ("Interface", "vlan"), ("Interface", "members"), ("FabricConfig", "circuits")),
    *(("Cable", "speed_gbps"), ("DeviceConfig", "frr_release")),
}
"""What the host's side of the renderer shows, or what says nothing to FRR."""


def _optional_fields() -> set[tuple[str, str]]:
    """Every field with a default of every class of `fabric.config` that a device is made of."""
    values = [getattr(config, name) for name in config.__all__]  # not `vars`, which has only what was asked for before
    classes = [value for value in values if isinstance(value, type) and dataclasses.is_dataclass(value)]
    return {
        (each.__name__, field.name) for each in classes for field in dataclasses.fields(each) if _has_default(field)
    }


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _default(field: dataclasses.Field[Any]) -> Any:
    factory = field.default_factory
    return field.default if factory is dataclasses.MISSING else factory()


def _resets(value: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """`value` again and again, each time with one field, somewhere inside, put back to its default."""
    if isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from ((name, (*value[:at], changed, *value[at + 1 :])) for name, changed in _resets(part))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            part = getattr(value, field.name)
            if _has_default(field) and part != _default(field):
                yield (type(value).__name__, field.name), replace(value, **{field.name: _default(field)})
            yield from ((name, replace(value, **{field.name: changed})) for name, changed in _resets(part))


def test_every_optional_field_is_in_some_case_and_shows_in_its_files() -> None:
    shown: set[tuple[str, str]] = set()
    for case in CASES.values():
        device = case()
        files = frr_files(device)
        shown |= {name for name, changed in _resets(device) if frr_files(changed) != files}
    assert _optional_fields() - shown == _ELSEWHERE


def test_device_without_anything_still_has_a_whole_file() -> None:
    lines = _lines(DeviceConfig("bare", Place("leaf"), ()))
    assert lines[0].startswith("! Written by fabric")
    assert lines[-1] == "end"
    assert "router bgp" not in " ".join(lines)
