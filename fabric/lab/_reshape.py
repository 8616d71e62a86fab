"""From the blueprint of a running lab to that of another design: what is kept, what goes and what comes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum, auto
from itertools import count

from fabric._values import dataclass
from fabric.config import Port
from fabric.errors import LabError
from fabric.lab._blueprint import SANDBOX, Blueprint, DevicePlan, End, PortPlan, Vrf, Wire
from fabric.lab._fault import DaemonName
from fabric.lab._frr_changes import FrrChanges, frr_changes

_Key = frozenset[tuple[str, str]]


class Told(Enum):
    """How much of a change a device's daemons have taken."""

    IN_PART = auto()
    UNDONE = auto()
    """What they have no more is gone; nothing new has come."""
    DONE = auto()


@dataclass(frozen=True, slots=True)
class Altered:
    """What changes on a device that stays."""

    device: DevicePlan
    """As it is to be."""
    lost_addresses: tuple[tuple[int, str], ...]
    new_addresses: tuple[tuple[int, str], ...]
    """Interface numbers and addresses."""
    new_ports: tuple[PortPlan, ...]
    ended: tuple[str, ...]
    """Daemons that the device has no more, or that start with other options."""
    started: tuple[str, ...]
    frr: FrrChanges

    def __bool__(self) -> bool:
        return bool(
            self.lost_addresses or self.new_addresses or self.new_ports or self.ended or self.started or self.frr
        )


@dataclass(frozen=True, slots=True)
class Reshaped:
    """All that leads from one lab to the other."""

    gone: tuple[DevicePlan, ...]
    come: tuple[DevicePlan, ...]
    """New devices, and those that must be built anew, which are in `gone` as well."""
    cut: tuple[Wire, ...]
    laid: tuple[Wire, ...]
    resized: tuple[End, ...]
    """Ends of wires that stay, with their new MTU."""
    altered: tuple[Altered, ...]

    def steps(self) -> tuple[str, ...]:
        """Every step in words, in the order in which they are taken."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[str]:
        anew = {device.name for device in self.gone} & {device.name for device in self.come}
        yield from (f"cut cable {_name(wire)}" for wire in self.cut if not _is_stub(wire))
        yield from (f"remove {device.name}" for device in self.gone if device.name not in anew)
        yield from (f"add {device.name}" for device in self.come if device.name not in anew)
        yield from (f"build {name} anew" for name in sorted(anew))
        yield from (f"lay cable {_name(wire)}" for wire in self.laid if not _is_stub(wire))
        yield from (f"{end.device}: MTU of {end.name} becomes {end.mtu}" for end in self.resized)
        for change in self.altered:
            yield from _alterations(change)


def _alterations(change: Altered) -> Iterator[str]:
    name = change.device.name
    if addresses := len(change.lost_addresses) + len(change.new_addresses):
        yield f"{name}: change {addresses} address(es)"
    yield from (f"{name}: end {daemon}" for daemon in change.ended if daemon not in change.started)
    yield from (f"{name}: restart {daemon}" for daemon in change.ended if daemon in change.started)
    yield from (f"{name}: start {daemon}" for daemon in change.started if daemon not in change.ended)
    if change.frr.restart:
        yield f"{name}: restart all daemons, as a line changes that counts only when they start"
    elif change.frr:
        gone, come = (len(text.splitlines()) for text in (change.frr.undo, change.frr.do))
        yield f"{name}: change FRR's running configuration ({gone} lines to undo, {come} to do)"


def _name(wire: Wire) -> str:
    return f"{wire.a.device}:{wire.a.name} to {wire.b.device}:{wire.b.name}"


def _is_stub(wire: Wire) -> bool:
    """True for what ends nowhere and only gives a port a carrier."""
    return SANDBOX in (wire.a.device, wire.b.device)


def renumbered(new: Blueprint, old: Blueprint) -> Blueprint:
    """`new` with the interface numbers of `old` for all that both have; what is new gets numbers of its own."""
    kept = {_key(wire): wire for wire in old.wires}
    taken = [end.index for wire in old.wires for end in (wire.a, wire.b)]
    taken += [vrf.index for device in old.devices for vrf in device.vrfs]
    taken += [port.index for device in old.devices for port in device.ports]
    fresh = count(max(taken, default=99) + 1)
    wires = tuple(_renumbered_wire(wire, kept.get(_key(wire)), fresh) for wire in new.wires)
    numbers = {Port(end.device, end.name): end.index for wire in wires for end in (wire.a, wire.b)}
    bridges = {Port(d.name, p.name): p.index for d in old.devices for p in d.ports if p.is_bridge}
    numbers |= {
        at: bridges.get(at) or next(fresh)
        for at in (Port(d.name, p.name) for d in new.devices for p in d.ports if p.is_bridge)
    }
    vrfs = {(device.name, vrf.name): vrf for device in old.devices for vrf in device.vrfs}
    devices = tuple(_renumbered_device(device, numbers, vrfs, fresh) for device in new.devices)
    return replace(new, devices=devices, wires=wires)


def _key(wire: Wire) -> _Key:
    """The same for the same cable, whichever end is named first, and for a stub whatever its far end is called."""
    return frozenset((end.device, end.name if end.device != SANDBOX else "") for end in (wire.a, wire.b))


def _renumbered_wire(wire: Wire, known: Wire | None, fresh: Iterator[int]) -> Wire:
    if known is not None:
        numbers = {end.device if end.device == SANDBOX else (end.device, end.name): end for end in (known.a, known.b)}
        ends = (numbers[e.device if e.device == SANDBOX else (e.device, e.name)] for e in (wire.a, wire.b))
        one, two = (replace(end, mtu=e.mtu) for end, e in zip(ends, (wire.a, wire.b), strict=True))
        return Wire(one, two)
    a = replace(wire.a, index=next(fresh))
    b = replace(wire.b, index=next(fresh))
    return Wire(a, replace(b, name=f"unused{a.index}") if b.device == SANDBOX else b)


def _renumbered_device(
    device: DevicePlan, numbers: Mapping[Port, int], vrfs: Mapping[tuple[str, str], Vrf], fresh: Iterator[int]
) -> DevicePlan:
    known = [vrfs.get((device.name, vrf.name)) for vrf in device.vrfs]
    kept = [replace(vrf, index=old.index if old else next(fresh)) for vrf, old in zip(device.vrfs, known, strict=True)]
    ports = tuple(p if p.index == 1 else replace(p, index=numbers[Port(device.name, p.name)]) for p in device.ports)
    return replace(device, vrfs=tuple(kept), ports=ports)


def not_whole() -> LabError:
    """The error for a change of a lab in which something is broken or impaired."""
    return LabError("The lab has faults or impairments. Heal and clear them before the design changes.")


def reshape(old: Blueprint, new: Blueprint, redefined: frozenset[str] = frozenset()) -> Reshaped:
    """What leads from `old` to `new`, which must be `renumbered`; devices that are `redefined` are built anew."""
    both = [(known, device) for device in new.devices if (known := old.device(device.name)) is not None]
    anew = {device.name for known, device in both if device.name in redefined or _must_be_built(known, device)}
    gone = tuple(d for d in old.devices if d.name in anew or new.device(d.name) is None)
    come = tuple(d for d in new.devices if d.name in anew or old.device(d.name) is None)
    had = {_key(w): w for w in old.wires}
    wanted = {_key(w): w for w in new.wires}
    lost = frozenset(device.name for device in gone)
    stays = [key for key in wanted if key in had and not any(device in lost for device, _ in key)]
    cut = tuple(wire for key, wire in had.items() if key not in stays)
    laid = tuple(wire for key, wire in wanted.items() if key not in stays)
    resized = tuple(end for key in stays for end in _resized(had[key], wanted[key]))
    fresh = frozenset(end.index for wire in laid for end in (wire.a, wire.b))
    kept = [(known, device) for known, device in both if device.name not in anew]
    altered = tuple(change for pair in kept if (change := _altered(*pair, fresh)))
    return Reshaped(gone, come, cut, laid, resized, altered)


def led_back(
    way: Reshaped, old: Blueprint, told: Mapping[str, Told], dead: Iterable[DaemonName]
) -> tuple[Altered, ...]:
    """What leads the daemons of devices that stay back to `old`, from wherever a change broke off.

    `told` are the devices whose daemons the change had got to; where it broke off in their midst, they start anew.
    `dead` are daemons that ran before the change and do not now.
    """
    come = {device.name for device in way.come}
    missing: dict[str, tuple[str, ...]] = {}
    for name in sorted(set(dead)):
        missing[name.device] = (*missing.get(name.device, ()), name.daemon)
    changes = {change.device.name: change for change in way.altered}
    found = (_led_back(d, changes.get(d.name), told.get(d.name), missing.get(d.name, ())) for d in old.devices)
    return tuple(change for change in found if change and change.device.name not in come)


def _led_back(device: DevicePlan, change: Altered | None, told: Told | None, missing: tuple[str, ...]) -> Altered:
    frr = FrrChanges("", "", restart=told is Told.IN_PART)
    ended = started = missing
    if change is not None and told is Told.UNDONE and not change.frr.restart:
        frr = replace(change.frr, undo="")
    elif change is not None and told in {Told.IN_PART, Told.DONE}:
        frr = change.frr if told is Told.DONE else frr
        ended, started = (tuple(dict.fromkeys((*names, *missing))) for names in (change.ended, change.started))
    return Altered(device, (), (), (), ended, started, frr)


def _must_be_built(before: DevicePlan, after: DevicePlan) -> bool:
    """True where the kernel's side of a device changes in what is set before all else."""
    masters, bridges = zip(*((_masters(device), _bridges(device)) for device in (before, after)), strict=True)
    moved = any(masters[0][name] != masters[1][name] for name in masters[0].keys() & masters[1].keys())
    settled = before.vrfs == after.vrfs and before.forwarding == after.forwarding and bridges[0] == bridges[1]
    return moved or not settled


def _masters(device: DevicePlan) -> dict[str, str | None]:
    return {port.name: port.vrf or port.bridge for port in device.ports}


def _bridges(device: DevicePlan) -> set[str]:
    return {port.name for port in device.ports if port.is_bridge}


def _resized(before: Wire, after: Wire) -> Iterator[End]:
    sizes = {end.index: end.mtu for end in (before.a, before.b)}
    yield from (end for end in (after.a, after.b) if sizes[end.index] != end.mtu)


def _altered(before: DevicePlan, after: DevicePlan, fresh: frozenset[int]) -> Altered:
    had, wanted = _addresses(before.ports), _addresses(after.ports)
    daemons = [{daemon.name: daemon.argv for daemon in device.daemons} for device in (before, after)]
    started = tuple(name for name, argv in daemons[1].items() if daemons[0].get(name) != argv)
    living = {port.index for port in after.ports} - fresh
    return Altered(
        after,
        tuple(entry for entry in had if entry not in wanted and entry[0] in living),
        tuple(entry for entry in wanted if entry not in had or entry[0] in fresh),
        tuple(port for port in after.ports if port.index in fresh),
        tuple(name for name, argv in daemons[0].items() if daemons[1].get(name) != argv),
        started,
        frr_changes(before.frr_conf, after.frr_conf),
    )


def _addresses(ports: tuple[PortPlan, ...]) -> list[tuple[int, str]]:
    return [(port.index, address) for port in ports for address in port.addresses]
