"""What a device drops of the packets that arrive at its ports, as nftables rules of the family `netdev`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from fabric._values import dataclass
from fabric.config import Port
from fabric.errors import MachineError
from fabric.lab._impairment import Impairment
from fabric.lab._namespaces import inside
from fabric.lab._relay import MARK

_TABLE = "fabric"
_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What one device drops."""

    deaf: frozenset[str] = frozenset()
    """Interfaces that lose all that arrives."""
    relayed: frozenset[str] = frozenset()
    """Interfaces that take only what the relay sends, which has read the rest already."""
    lossy: tuple[tuple[str, float], ...] = ()
    """Interfaces that lose a share of what arrives, in per cent."""


class Filters:
    """The filters of all devices, loaded as they change."""

    def __init__(self, deaf: Iterable[Port] = ()) -> None:
        """Those ports are deaf already, or soon will be: the next change sees to it."""
        self._deaf = frozenset(deaf)
        self._relayed: frozenset[Port] = frozenset()
        self._lossy: Mapping[Port, float] = {}
        self._loaded: Mapping[str, Filter] = {}

    def set_deaf(self, ports: Iterable[Port]) -> None:
        """Nothing; exactly these ports lose all that arrives."""
        self._deaf = frozenset(ports)
        self._load()

    def set_impaired(self, relayed: Iterable[Port], lossy: Mapping[Port, Impairment]) -> None:
        """Nothing; exactly these ports take only the relay's frames, and exactly those lose some."""
        self._relayed = frozenset(relayed)
        self._lossy = {port: impairment.loss_percent for port, impairment in lossy.items()}
        self._load()

    def _load(self) -> None:
        devices = {port.device for port in (*self._deaf, *self._relayed, *self._lossy)} | self._loaded.keys()
        wanted = {device: self._of(device) for device in sorted(devices)}
        load_filters({d: f for d, f in wanted.items() if self._loaded.get(d, Filter()) != f})
        self._loaded = {device: found for device, found in wanted.items() if found != Filter()}

    def _of(self, device: str) -> Filter:
        return Filter(
            frozenset(port.interface for port in self._deaf if port.device == device),
            frozenset(port.interface for port in self._relayed if port.device == device),
            tuple(sorted((port.interface, share) for port, share in self._lossy.items() if port.device == device)),
        )


def ruleset(wanted: Filter) -> str:
    """The rules in nft(8)'s language, which replace the ones before in one transaction.

    The first of all ingress hooks, they stand before anything that the device itself does with a packet; a socket of
    tcpdump still sees it, as it sees what a real port receives and a broken chip loses.
    """
    rules = dict.fromkeys(wanted.deaf, "drop;")
    for port in wanted.relayed - wanted.deaf:
        rules[port] = f"ether saddr & ff:ff:00:00:00:00 != {MARK.hex(':')}:00:00:00:00 drop;"
    for port, share in wanted.lossy:
        lost = round(share * _PARTS / 100)
        rules.setdefault(port, "drop;" if lost >= _PARTS else f"numgen random mod {_PARTS} < {lost} drop;")
    chains = "".join(f"  chain in{n} {{ {_hook(p)} {rules[p]} }}\n" for n, p in enumerate(sorted(rules)))
    # The first line makes the table where it is missing, so that the second one can succeed.
    return f"table netdev {_TABLE}\ndelete table netdev {_TABLE}\n" + (
        f"table netdev {_TABLE} {{\n{chains}}}\n" if chains else ""
    )


def _hook(port: str) -> str:
    return f'type filter hook ingress device "{port}" priority -500; policy accept;'


def load_filters(filters: Mapping[str, Filter]) -> None:
    """Nothing; every device drops what its filter says, all of them from nearly the same instant on.

    Raises `MachineError` with nft's words where the kernel or the program is missing.
    """
    if not filters:
        return
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin")
    if nft is None:
        raise MachineError("nft is missing; silent loss needs it. Install it with `apt-get install nftables`.")
    with ExitStack() as stack:
        running = {device: stack.enter_context(_waiting(nft, device)) for device in filters}
        said = {device: process.communicate(ruleset(filters[device]))[1] for device, process in running.items()}
        failed = {device: words for device, words in said.items() if running[device].returncode}
    if failed:
        device, words = next(iter(failed.items()))
        raise MachineError(
            f"{device}: nft could not filter ({' '.join(words.split())}). Silent loss needs a kernel with "
            "CONFIG_NF_TABLES_NETDEV."
        )


def _waiting(nft: str, device: str) -> subprocess.Popen[str]:
    """An nft in the device's namespace that waits for its rules, so that the slow start of programs is over by then."""
    with inside(device):
        return subprocess.Popen(
            (nft, "-f", "-"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
