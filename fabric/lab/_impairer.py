"""The supervisor's hand on what links do to packets: by netem, by nftables for loss alone, or by the relay."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import ip_interface
from typing import Any

from fabric.config import LOOPBACK, Port
from fabric.errors import LabError, MachineError
from fabric.lab._blueprint import SANDBOX, Blueprint
from fabric.lab._filter import Filters
from fabric.lab._impairment import LEAST_MTU, Impaired, Impairment, together
from fabric.lab._kernel import CLONE_NEWNET, unshare
from fabric.lab._namespaces import inside, returning
from fabric.lab._netlink import Request, send_in_each, set_mtu
from fabric.lab._relay import Direction, Rule, directions_value
from fabric.lab._relaying import Relaying, ask_relay

_PROMISE_MS = 1.0
_TRIES = 5
_PATH = "/usr/sbin:/sbin:/usr/bin:/usr/local/sbin"


class Impairer:
    """The active impairments of a lab, by target, and the changes between them."""

    def __init__(self, blueprint: Blueprint, filters: Filters, relay: Relaying) -> None:
        self.active: Mapping[str, Impaired] = {}
        self._blueprint = blueprint
        self._filters = filters
        self._relay = relay
        self._peers = {Port(a.device, a.name): Port(b.device, b.name) for a, b in _both_ways(blueprint)}
        self._ends = {Port(end.device, end.name): end for wire in blueprint.wires for end in (wire.a, wire.b)}
        self._netem: dict[Port, Impairment] = {}
        self._mtus: dict[Port, int] = {}

    def check(self, impaired: Impaired) -> None:
        """Nothing; raises `LabError` when it names what the lab does not have."""
        known = {device.name for device in self._blueprint.devices}
        strange: list[object] = [port for port in impaired.ports if self._peers.get(port, _NOWHERE) is _NOWHERE]
        strange += [name for name in (*impaired.sources, *impaired.destinations) if name not in known]
        if strange:
            words = ", ".join(map(str, strange))
            raise LabError(f"{impaired.target}: lab {self._blueprint.name} has no {words} that a cable leads to.")

    def change(self, active: Mapping[str, Impaired]) -> dict[str, Any]:
        """What came of it, now that these are the impairments: how many directions by which means, and the timer's lag.

        Raises `LabError`, having changed nothing, where the relay would not keep its promise.
        """
        directions = tuple(self._directions(active.values()))
        netem, lossy, relayed = self._shared_out(directions)
        timer_ms = self._relay_these(relayed)
        self._enforce(active, netem, lossy, relayed)
        if not relayed:
            self._end_relay()
        means = Counter({"netem": len(netem), "nftables": len(lossy), "relay": len(relayed)})
        return {"means": +means, "timer_ms": timer_ms}

    def resume(self, active: Mapping[str, Impaired]) -> None:
        """Nothing; these impairments are known, which somebody else made: the kernel has been told its part once more.

        A relay goes on as it is.
        """
        self._enforce(active, *self._shared_out(tuple(self._directions(active.values()))))

    def _enforce(
        self,
        active: Mapping[str, Impaired],
        netem: Sequence[Direction],
        lossy: Sequence[Direction],
        relayed: Sequence[Direction],
    ) -> None:
        self._filters.set_impaired({d.receiver for d in relayed}, {d.receiver: _total(d) for d in lossy})
        self._set_netem({d.sender: _total(d) for d in netem})
        self._set_mtus(active.values())
        self.active = active

    def report(self) -> dict[str, Any] | None:
        """How late the relay was since it was last asked; `None` where none runs."""
        return ask_relay(self._relay, "") if self._relay.started else None

    @cached_property
    def has_netem(self) -> bool:
        """True when the kernel has netem, found by trying it in a network namespace that ends with the try."""
        tc = shutil.which("tc", path=_PATH)
        if tc is None:
            return False
        with returning():
            unshare(CLONE_NEWNET)
            words = (tc, *_on(LOOPBACK, "add"), "netem", "delay", "1ms")
            return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def _directions(self, active: Iterable[Impaired]) -> Iterator[Direction]:
        rules: dict[Port, list[Rule]] = {}
        for entry in active:
            if entry.impairment.passive and not entry.sources:
                continue
            rule = Rule(entry.impairment, self._addresses(entry.sources), self._addresses(entry.destinations))
            for port in entry.ports:
                rules.setdefault(port, []).append(rule)
        for port, of_port in sorted(rules.items()):
            yield Direction(port, self._peers[port], tuple(of_port))

    def _addresses(self, devices: Sequence[str]) -> frozenset[str]:
        wanted = frozenset(devices)
        return frozenset(
            str(ip_interface(address).ip)
            for device in self._blueprint.devices
            if device.name in wanted
            for port in device.ports
            for address in port.addresses
        )

    def _shared_out(self, directions: Sequence[Direction]) -> tuple[list[Direction], ...]:
        netem, lossy, relayed = list[Direction](), list[Direction](), list[Direction]()
        for direction in directions:
            for_all = not any(rule.sources for rule in direction.rules)
            if for_all and self.has_netem:
                netem.append(direction)
            elif for_all and _total(direction).only_loss:
                lossy.append(direction)
            else:
                relayed.append(direction)
        return netem, lossy, relayed

    def _relay_these(self, directions: Sequence[Direction]) -> tuple[float, float, float] | None:
        if not directions:
            return None
        if not self._relay.running:
            self._relay.start()
        for _ in range(_TRIES):  # others may have had the processor just now
            first, ninth, worst = ask_relay(self._relay, "[]" if not self.active else "")["timer_ms"]
            if ninth <= _PROMISE_MS or not _delays(directions):
                break
        else:
            if not self.active:
                self._end_relay()
            raise LabError(
                f"Packets cannot be delayed to within {_PROMISE_MS:g} ms on this machine now: the relay's timer was "
                f"{first:.2f} ms late in the median, {ninth:.2f} ms at the 99th percentile, {worst:.2f} ms at worst. "
                "Nothing was changed. Give the machine less to do, or use a kernel with netem (CONFIG_NET_SCH_NETEM)."
            )
        ask_relay(self._relay, json.dumps(directions_value(directions)))
        return first, ninth, worst

    def _end_relay(self) -> None:
        """Nothing; the relay is gone, and the ports send as they did before."""
        if self._relay.running:
            ask_relay(self._relay, "[]")
        self._relay.end()

    def _set_netem(self, wanted: Mapping[Port, Impairment]) -> None:
        tc = shutil.which("tc", path=_PATH) or "tc"
        for port in sorted(self._netem.keys() - wanted.keys()):
            _tc(port, (tc, *_on(port.interface, "del")))
        for port, impairment in sorted(wanted.items()):
            if self._netem.get(port) != impairment:
                _tc(port, (tc, *_on(port.interface, "replace"), *netem_words(impairment)))
        self._netem = dict(wanted)

    def _set_mtus(self, active: Iterable[Impaired]) -> None:
        wanted: dict[Port, int] = {}
        for entry in active:
            if entry.impairment.mtu is not None and not entry.sources:
                for port in entry.ports:
                    wanted[port] = min(entry.impairment.mtu, wanted.get(port, entry.impairment.mtu))
        requests: dict[str, list[Request]] = {}
        for port in sorted(wanted.keys() | self._mtus.keys()):
            end = self._ends[port]
            if wanted.get(port) != self._mtus.get(port):
                mtu = max(LEAST_MTU, wanted.get(port, end.mtu))
                requests.setdefault(port.device, []).append(set_mtu(end.index, mtu))
        send_in_each(requests)
        self._mtus = wanted


def _delays(directions: Iterable[Direction]) -> bool:
    """True when a time was asked for, which must be kept; what is only damaged or slowed may come a little late."""
    return any(_total(direction).delay_ms or _total(direction).jitter_ms for direction in directions)


_NOWHERE = Port(SANDBOX, "")


def _both_ways(blueprint: Blueprint) -> Iterator[tuple[Any, Any]]:
    for wire in blueprint.wires:
        if wire.b.device != SANDBOX:
            yield wire.a, wire.b
            yield wire.b, wire.a


def _total(direction: Direction) -> Impairment:
    found = Impairment()
    for rule in direction.rules:
        found = together(found, rule.impairment)
    return found


def _on(interface: str, verb: str) -> tuple[str, ...]:
    return ("qdisc", verb, "dev", interface, "root")


def netem_words(impairment: Impairment) -> tuple[str, ...]:
    """The impairment in the words of tc-netem(8)."""
    words: list[str] = ["netem", "limit", "10000"]
    if impairment.delay_ms or impairment.jitter_ms:
        words += ["delay", f"{impairment.delay_ms:g}ms", f"{impairment.jitter_ms:g}ms"]
    if impairment.loss_percent:
        words += ["loss", f"{impairment.loss_percent:g}%"]
    if impairment.corrupt_percent:
        words += ["corrupt", f"{impairment.corrupt_percent:g}%"]
    if impairment.rate_mbit is not None:
        words += ["rate", f"{impairment.rate_mbit:g}mbit"]
    return tuple(words)


def _tc(port: Port, argv: Sequence[str]) -> None:
    with inside(port.device):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"{port}: `{' '.join(argv)}` failed: {' '.join(done.stderr.split())}")
