"""Devices that can change places: swaps that map the fabric, as announcements see it, onto itself.

What a failure does hangs on sessions, on what policy makes of announcements, on own routes and on endpoints. Names and
addresses are not in it, and of AS numbers only which speakers share one. A swap of two groups of devices that keeps
all this turns the stable state after a failure into that after the swapped failure. Router ids break ties, which is no
matter where the tied paths are announced alike; where they are not, a swap has to keep the order of the two senders.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import DeviceConfig
from fabric.simulate._attributes import OWN, Attributes
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ClassSet, set_of
from fabric.simulate._effects import Unit
from fabric.simulate._export import Export
from fabric.simulate._ground import FamilyGround, Ground
from fabric.simulate._import import Import
from fabric.simulate._monotonic import maps_in_use
from fabric.simulate._path import Path
from fabric.simulate._policy import PrefixMatcher
from fabric.simulate._propagation import DestinationClass
from fabric.simulate._together import Rules

Units = tuple[Unit, ...]
"""What fails, by family."""
_TRIED = 4
"""Groups that look alike and cannot change places with each other, with which one more is tried."""
Group = tuple[int, ...]
"""Speakers that move together, in their order."""


@dataclass(frozen=True)
class Swap:
    """Two groups that change places."""

    speakers: Mapping[int, int]
    """Where the speakers of both go; all others stay."""
    channels: tuple[Mapping[int, int], ...]
    """By family, where their channels go."""

    def image(self, units: Units) -> Units:
        """What fails instead: the very same units where nothing of them moves."""
        found = tuple(self._moved(unit, channels) for unit, channels in zip(units, self.channels, strict=True))
        return units if all(one is two for one, two in zip(found, units, strict=True)) else found

    def _moved(self, unit: Unit, channels: Mapping[int, int]) -> Unit:
        went, gone = _exchanged(unit.channels, channels), _exchanged(unit.speakers, self.speakers)
        return unit if went is unit.channels and gone is unit.speakers else Unit(went, gone)


def _exchanged(held: frozenset[int], places: Mapping[int, int]) -> frozenset[int]:
    """The numbers with those that move replaced; the very same set where they fill each other's places."""
    moving = held & places.keys() if len(held) < len(places) else {item for item in places if item in held}
    went = {places[item] for item in moving}
    return held if went == moving else frozenset(held - moving | went)


_Key = tuple[tuple[int, bool], frozenset[tuple[int, tuple[Attributes, ...]]]]
"""Of a class, how many prefixes it has and whether `default-originate` sends it, and its own paths by speaker."""


class _Session(NamedTuple):
    """A session as one of its ends sees it."""

    other: int
    kind: tuple[int, int, int]
    """The family, and the kinds of both directions, the outgoing one first."""
    out: int
    """The outgoing channel; the other direction is its neighbor number."""


def swaps(ground: Ground, devices: Iterable[DeviceConfig]) -> tuple[Swap, ...]:
    """Swaps that link groups which can change places; none where names, addresses or AS numbers decide anything."""
    families = [_Family.of(family) for family in ground.families]
    known = [family for family in families if family is not None]
    if len(known) < len(families) or not known:
        return ()
    fabric = _Fabric(known)
    found: list[Swap] = []
    for groups in _groups(devices, known[0].ground.speaker):
        alike: dict[object, list[Group]] = {}
        for group in groups:
            alike.setdefault(fabric.signature(group), []).append(group)
        for same in alike.values():
            found += _linking(fabric, same)
    return tuple(found)


def _linking(fabric: _Fabric, alike: Iterable[Group]) -> Iterator[Swap]:
    """Swaps that link each group to one before it that it can change places with, of the last few that differ."""
    last: list[Group] = []
    for group in alike:
        for place, before in enumerate(last[-_TRIED:], start=max(0, len(last) - _TRIED)):
            swap = fabric.swap(before, group)
            if swap is not None:
                yield swap
                last[place] = group
                break
        else:
            last.append(group)


def _groups(devices: Iterable[DeviceConfig], speaker: Mapping[str, int]) -> Iterator[list[Group]]:
    """Every speaker alone, and those of each rack, pod and zone."""
    yield [(index,) for index in speaker.values()]
    labels: dict[str, dict[object, list[int]]] = {"rack": {}, "pod": {}, "zone": {}}
    for device in devices:
        if device.name in speaker:
            place = device.place
            for label, name in (("rack", place.rack), ("pod", place.pod), ("zone", place.zone)):
                if name is not None:
                    key = (place.zone, name) if label == "rack" else name
                    labels[label].setdefault(key, []).append(speaker[device.name])
    for found in labels.values():
        several = [tuple(group) for group in found.values() if len(group) > 1]
        if several:
            yield several


class _Family:
    """What of one family a swap has to keep."""

    def __init__(self, ground: FamilyGround) -> None:
        self.ground = ground
        rules = ground.rules
        self._numbers: dict[object, int] = {}
        self._lists = _Lists(rules)
        self._of_policy: dict[Export | Import, int] = {}
        defaults = {index: made for item in rules.sets.classes for index, made in item.defaults.items()}
        self.kinds = [self._number(self._channel(c, defaults.get(c.index, ()))) for c in rules.graph.channels]
        self._keys = [_key(item) for item in rules.sets.classes]
        self._alike: dict[_Key, list[int]] = {}
        self._originated: dict[int, list[int]] = {}
        for number, key in enumerate(self._keys):
            self._alike.setdefault(key, []).append(number)
            for index, _ in key[1]:
                self._originated.setdefault(index, []).append(number)

    @classmethod
    def of(cls, ground: FamilyGround) -> _Family | None:
        """The family, where nothing but its structure decides; `None` where names, addresses or AS numbers do."""
        rules, sets = ground.rules, ground.rules.sets
        if not ground.plain or sets.edits_as_paths or sets.hosts or sets.suppressed or maps_in_use(rules.graph):
            return None
        ids = {router.router_id for router in rules.graph.routers}
        if len(ids) < len(rules.graph.routers) or not all(map(_reachable, rules.graph.channels)):
            return None
        own = (path for item in sets.classes for paths in item.local.values() for path in paths)
        return cls(ground) if all(map(_plain_own, own)) else None

    def _number(self, kind: object) -> int:
        return self._numbers.setdefault(kind, len(self._numbers))

    def _channel(self, channel: Channel, default: Hashable) -> object:
        source = channel.source
        hops = tuple((hop.address is None, hop.link_local, hop.prefer_global) for hop in channel.own_next_hop)
        session = (source.external, source.from_client, source.ttl_limited, channel.carries_ipv6, hops)
        return self._policy(channel.export), self._policy(channel.import_), session, default

    def _policy(self, policy: Export | Import) -> int:
        if policy not in self._of_policy:
            permitted = self._lists.permitted(policy)
            settings = replace(policy.settings, prefix_list_in=None, prefix_list_out=None)
            kind = (type(policy), settings, policy.external, policy.prefix_list is None, permitted.bit_count())
            self._of_policy[policy] = self._number(kind)
        return self._of_policy[policy]

    def router(self, index: int) -> object:
        """What of a speaker a swap has to keep."""
        graph = self.ground.rules.graph
        device, instance = graph.routers[index].device, graph.routers[index].instance
        ours = (device.forwarding, device.frr_release, device.name in self.ground.class_of)
        return graph.settings[index], instance.graceful_shutdown, instance.ebgp_requires_policy, ours

    def keeps(self, places: Mapping[int, int], channels: Mapping[int, int]) -> bool:
        """True when own routes, filters and endpoints are the same after speakers and channels went to their places."""
        classes = self._moved_classes(places)
        return (
            classes is not None
            and self._keeps_endpoints(places, classes)
            and self._keeps_connected(places, classes)
            and self._lists.kept(channels, classes)
        )

    def _keeps_endpoints(self, places: Mapping[int, int], classes: Mapping[int, int]) -> bool:
        class_of, routers = self.ground.class_of, self.ground.rules.graph.routers
        pairs = ((class_of.get(routers[a].name), class_of.get(routers[b].name)) for a, b in places.items())
        return all((None if one is None else classes.get(one, one)) == two for one, two in pairs)

    def _keeps_connected(self, places: Mapping[int, int], classes: Mapping[int, int]) -> bool:
        """True when the classes that are connected routes, whatever BGP says, are so at the same speakers."""
        moving = set_of(classes)
        return all(
            _placed(here, classes) == self.ground.elsewhere[places.get(index, index)]
            for index, here in enumerate(self.ground.elsewhere)
            if here & moving or index in places
        )

    def _moved_classes(self, places: Mapping[int, int]) -> dict[int, int] | None:
        """Where the classes go that these speakers originate; `None` where there is no such class."""
        found: dict[int, int] = {}
        for number in {number for index in places for number in self._originated.get(index, ())}:
            key = self._keys[number]
            moved = (key[0], frozenset((places.get(index, index), own) for index, own in key[1]))
            here, there = self._alike[key], self._alike.get(moved, [])
            if len(here) != len(there):
                return None
            image = there[here.index(number)]
            if image != number:
                found[number] = image
        return found


class _Lists:
    """The prefix lists in use, as the sets of classes that they permit."""

    def __init__(self, rules: Rules) -> None:
        self._classes = rules.sets.classes
        self._known: dict[PrefixMatcher, ClassSet] = {}
        self._of_channel = [(self.permitted(c.export), self.permitted(c.import_)) for c in rules.graph.channels]
        self._users: dict[ClassSet, list[int]] = {}
        for index, pair in enumerate(self._of_channel):
            for permitted in dict.fromkeys(pair):
                self._users.setdefault(permitted, []).append(index)

    def permitted(self, policy: Export | Import) -> ClassSet:
        """The classes that the prefix list of a session permits."""
        name = policy.prefix_list
        if name is None:
            return (1 << len(self._classes)) - 1
        matcher = policy.router.policy.prefix_lists.get((name, policy.settings.family))
        if matcher is None:
            return 0
        if matcher not in self._known:
            permits = enumerate(matcher.permits(item.prefix) for item in self._classes)
            self._known[matcher] = set_of(number for number, permitted in permits if permitted)
        return self._known[matcher]

    def kept(self, channels: Mapping[int, int], classes: Mapping[int, int]) -> bool:
        """True when each channel's lists permit the moved classes where the channel went."""
        moving = set_of(classes)
        for permitted, users in self._users.items():
            if permitted & moving and not _users_move(permitted, users, channels, classes):
                return False
        return all(
            tuple(_placed(permitted, classes) for permitted in self._of_channel[index]) == self._of_channel[target]
            for index, target in channels.items()
        )


def _users_move(
    permitted: ClassSet, users: Sequence[int], channels: Mapping[int, int], classes: Mapping[int, int]
) -> bool:
    """True when the set is the same with the classes moved, or every channel that has it moves as well."""
    return _placed(permitted, classes) == permitted or (len(users) <= len(channels) and channels.keys() >= set(users))


def _key(item: DestinationClass) -> _Key:
    own = frozenset((index, tuple(path.attributes for path in paths)) for index, paths in item.local.items())
    return (len(item.prefixes), bool(item.defaults)), own


def _placed(held: ClassSet, classes: Mapping[int, int]) -> ClassSet:
    """The set with the classes that move replaced."""
    found, gone = 0, 0
    for number, target in classes.items():
        gone |= 1 << number
        found |= (held >> number & 1) << target
    return held & ~gone | found


def _reachable(channel: Channel) -> bool:
    """True when the sender is a next hop like any other: FRR keeps link-local subnets out of routes."""
    addresses = (hop.address for hop in channel.own_next_hop if not hop.uses_link_local)
    return not channel.crowded and all(address is not None and not address.is_link_local for address in addresses)


def _plain_own(path: Path) -> bool:
    return path.next_hop == OWN and not path.aggregate and path.imported is None and not path.attributes.as_path


class _Fabric:
    """The speakers with all sessions of all families."""

    def __init__(self, families: Sequence[_Family]) -> None:
        self._families = families
        graph = families[0].ground.rules.graph
        self._asns = [router.instance.asn for router in graph.routers]
        self._of_asn: dict[int, list[int]] = {}
        for index, asn in enumerate(self._asns):
            self._of_asn.setdefault(asn, []).append(index)
        self._sessions: list[list[_Session]] = [[] for _ in graph.routers]
        for number, family in enumerate(families):
            for channel in family.ground.rules.graph.channels:
                kind = (number, family.kinds[channel.index], family.kinds[channel.index ^ 1])
                session = _Session(channel.receiver.index, kind, channel.index)
                self._sessions[channel.sender.index].append(session)

    def signature(self, group: Group) -> object:
        """Equal for groups that are alike to all others, member by member."""
        inside = {index: place for place, index in enumerate(group)}
        return tuple(
            (tuple(family.router(index) for family in self._families), tuple(self._seen(index, inside)))
            for index in group
        )

    def _seen(self, index: int, inside: Mapping[int, int]) -> Iterator[tuple[bool, int, tuple[int, int, int]]]:
        """The sessions of a member: with whom, a member by its place, and of which kind."""
        for other, kind, _ in self._ordered(index, inside):
            yield other in inside, inside.get(other, other), kind

    def _ordered(self, index: int, inside: Mapping[int, int]) -> list[_Session]:
        """The sessions of a member in an order that those alike share; of equal ones in that of their channels."""

        def order(session: _Session) -> tuple[bool, int, tuple[int, int, int], int]:
            return session.other in inside, inside.get(session.other, session.other), session.kind, session.out

        return sorted(self._sessions[index], key=order)

    def swap(self, one: Group, two: Group) -> Swap | None:
        """The swap of two groups of one signature; `None` where it does not keep what it has to."""
        places = dict(zip((*one, *two), (*two, *one), strict=True))
        if len(places) < 2 * len(one) or not self._keeps_asns(places):
            return None
        channels = self._channels(one, two)
        kept = all(family.keeps(places, moved) for family, moved in zip(self._families, channels, strict=True))
        return Swap(places, channels) if kept else None

    def _channels(self, one: Group, two: Group) -> tuple[dict[int, int], ...]:
        """By family, where the channels of both groups go."""
        found: tuple[dict[int, int], ...] = tuple({} for _ in self._families)
        inside, outside = ({index: place for place, index in enumerate(group)} for group in (one, two))
        for index, target in zip(one, two, strict=True):
            for here, there in zip(self._ordered(index, inside), self._ordered(target, outside), strict=True):
                moved = found[here.kind[0]]
                moved |= {here.out: there.out, here.out ^ 1: there.out ^ 1}
                moved |= {there.out: here.out, there.out ^ 1: here.out ^ 1}
        return found

    def _keeps_asns(self, places: Mapping[int, int]) -> bool:
        """True when speakers that share an AS number do so afterwards, and no others."""
        for index, target in places.items():
            asn = self._asns[target]
            if asn != self._asns[index] and any(
                self._asns[places.get(member, member)] != asn for member in self._of_asn[self._asns[index]]
            ):
                return False
        return True
