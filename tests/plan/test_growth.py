"""Growing, shrinking and re-ordering a design moves nothing that stays, as long as its ledger is kept."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.plan import Ledger, Plan, entries, ledger_of, ledger_text, parse_ledger, reclaim
from tests.designs import Values, design_of, topologies
from tests.plan.test_properties import check

Edit = Callable[[Values, Random], None]


def racks_of(values: Values) -> list[Values]:
    return [rack for zone in values["zones"] for rack in zone["racks"]]


def fresh(prefix: str, values: Values) -> str:
    """A name that nothing had yet."""
    values["counter"] = values.get("counter", 0) + 1
    return f"{prefix}{values['counter']}"


def add_spine(values: Values, random: Random) -> None:
    for owner in values.get("pods", [values]):
        spines = owner["spines"]
        if isinstance(spines, int):
            owner["spines"] = min(spines + 1, 8)
        elif len(spines) < 8:
            spines.insert(random.randint(0, len(spines)), fresh("new-spine", values))


def name_and_turn_spines(values: Values, random: Random) -> None:
    """Writes the made names down, in another order."""
    owners = [(values, "spine")] if "pods" not in values else [(p, f"{p['name']}-spine") for p in values["pods"]]
    first = 0 if values["profile"] == "rhoso" else 1
    for owner, stem in owners:
        if isinstance(owner["spines"], int):
            owner["spines"] = [f"{stem}-{n}" for n in range(first, first + owner["spines"])]
        random.shuffle(owner["spines"])


def drop_spine(values: Values, random: Random) -> None:
    planes = values.get("planes", 1)
    for owner in values.get("pods", [values]):
        if isinstance(owner["spines"], int):
            owner["spines"] = max(owner["spines"] - 1, planes)
        elif len(owner["spines"]) > planes:
            owner["spines"].pop(random.randrange(len(owner["spines"])))


def add_rack(values: Values, random: Random) -> None:
    zone = random.choice(values["zones"])
    rack = {"name": fresh("new-rack", values), "leaves": 2, "nodes": {"servers": 2}}
    zone["racks"].insert(random.randint(0, len(zone["racks"])), rack)


def drop_rack(values: Values, random: Random) -> None:
    zone = random.choice(values["zones"])
    if len(zone["racks"]) > 1:
        zone["racks"].pop(random.randrange(len(zone["racks"])))


def turn_racks(values: Values, random: Random) -> None:
    random.shuffle(values["zones"])
    for zone in values["zones"]:
        random.shuffle(zone["racks"])


def add_zone(values: Values, random: Random) -> None:
    rack = {"name": fresh("zone-rack", values), "leaves": 1, "nodes": {"workers": 1}}
    zone = {"name": fresh("new-zone", values), "racks": [rack]}
    if "pods" in values:
        zone["pod"] = random.choice(values["pods"])["name"]
    values["zones"].insert(random.randint(0, len(values["zones"])), zone)


def drop_zone(values: Values, random: Random) -> None:
    if len(values["zones"]) > 1:
        values["zones"].pop(random.randrange(len(values["zones"])))


def change_nodes(values: Values, random: Random) -> None:
    rack = random.choice(racks_of(values))
    rack["nodes"][random.choice(["servers", "computes", "arrays", "workers"])] = random.randint(0, 5)


def turn_groups(values: Values, random: Random) -> None:
    groups = list(values["node_groups"].items())
    random.shuffle(groups)
    values["node_groups"] = dict(groups)


def change_leaves(values: Values, random: Random) -> None:
    rack = random.choice(racks_of(values))
    rack["leaves"] = 3 - rack["leaves"]


def add_network(values: Values, random: Random) -> None:
    number = len(values["networks"]) + 40
    name = fresh("added-net", values)
    scope = random.choice(["fabric", "zone", "rack"])
    prefixes = {"ipv4": f"10.{number}.0.0/16", "ipv6": f"fd00:{number}::/48"}
    network = {"scope": scope, "roles": ["server", "worker"], "vips": 2, **prefixes}
    values["networks"] = {name: network, **values["networks"]}


def drop_network(values: Values, random: Random) -> None:
    if values["networks"]:
        values["networks"].pop(random.choice(list(values["networks"])))


def other_families(values: Values, random: Random) -> None:
    values["families"] = random.choice([["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])


def more_room(values: Values, random: Random) -> None:
    values["growth"] = {
        **values.get("growth", {}),
        "nodes_per_rack": random.choice([64, 128, 256]),
        "leaves_per_rack": random.choice([2, 4]),
    }


EDITS: list[Edit] = [
    add_spine,
    name_and_turn_spines,
    drop_spine,
    add_rack,
    drop_rack,
    turn_racks,
    add_zone,
    drop_zone,
    change_nodes,
    turn_groups,
    change_leaves,
    add_network,
    drop_network,
    other_families,
    more_room,
]


def written(values: Values) -> Values:
    """The topology without this test's own notes."""
    return {key: value for key, value in values.items() if key != "counter"}


def check_nothing_moved(before: Plan, after: Plan) -> None:
    """What both plans give to one owner is the same, and nothing that rests in quarantine was given to another."""
    old, new = (dict(entries(made.ledger.given)) for made in (before, after))
    assert not {key: (old[key], new[key]) for key in old.keys() & new.keys() if old[key] != new[key]}
    for device in after.devices:
        earlier = before.by_name.get(device.name)
        if earlier and earlier.device.rack == device.device.rack:
            assert earlier.router_id == device.router_id
            assert earlier.asn == device.asn
            hosts = {(h.network, h.address.version): h.address for h in earlier.hosts}
            for host in device.hosts:
                assert hosts.get((host.network, host.address.version), host.address) == host.address
    ports = {(link.upper.device, link.lower.device): (link.upper.port, link.lower.port) for link in before.links}
    for link in after.links:
        near_far = (link.upper.port, link.lower.port)
        assert ports.get((link.upper.device, link.lower.device), near_far) == near_far


@given(topologies(), st.lists(st.sampled_from(EDITS), min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_sequence_of_edits_moves_what_stays(values: Values, edits: list[Edit], random: Random) -> None:
    values = deepcopy(values)
    values["asn"] = {"width": 4, **values["asn"]}
    values["links"]["nodes"] = "numbered"
    made = plan.build(design_of(values))
    for edit in edits:
        edit(values, random)
        ledger = parse_ledger(ledger_text(ledger_of(made)))
        after = plan.build(design_of(written(values)), ledger)
        check(after)
        check_nothing_moved(made, after)
        made = after


@given(topologies(), st.sampled_from(EDITS), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_planning_again_from_the_ledger_changes_nothing(values: Values, edit: Edit, random: Random) -> None:
    values = deepcopy(values)
    values["asn"] = {"width": 4, **values["asn"]}
    ledger = ledger_of(plan.build(design_of(values)))
    edit(values, random)
    design = design_of(written(values))
    first = plan.build(design, ledger)
    text = ledger_text(ledger_of(first))
    again = plan.build(design, parse_ledger(text))
    assert (again.devices, again.links, again.subnets) == (first.devices, first.links, first.subnets)
    assert ledger_text(ledger_of(again)) == text


def grown(nodes: int, ledger: Ledger) -> Plan:
    rack = {"name": "a1", "nodes": {"servers": nodes}}
    values: Values = {
        "version": 1,
        "name": "small",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": [rack]}],
        "node_groups": {"servers": {"role": "server"}},
    }
    return plan.build(design_of(values), ledger)


def test_released_values_rest_until_they_are_reclaimed() -> None:
    three = grown(3, plan.EMPTY)
    one = grown(1, three.ledger)
    gone = {key.owner for key, _ in entries(one.ledger.released) if key.kind == "loopback.ipv4"}
    assert gone == {"a1-server-2", "a1-server-3"}
    assert grown(3, one.ledger).by_name["a1-server-3"] == three.by_name["a1-server-3"]
    kept = reclaim(one.design, one.ledger)
    assert (kept.given, kept.released) == (one.ledger.given, {})


def test_an_added_spine_moves_none_of_160_link_addresses() -> None:
    """netlab's and pyavd's defaults move 152 of them."""
    values: Values = {
        "version": 1,
        "name": "clos",
        "spines": 4,
        "zones": [{"name": "zone-a", "racks": [{"name": f"r{n}", "leaves": 2} for n in range(10)]}],
    }
    before = plan.build(design_of(values))
    after = plan.build(design_of(values | {"spines": 5}), before.ledger)
    addresses = {(e.device, e.interface): e.addresses for link in before.links for e in link.ends}
    kept = {(e.device, e.interface): e.addresses for link in after.links for e in link.ends}
    assert sum(len(a) for a in addresses.values()) == 160
    assert addresses.items() <= kept.items()
