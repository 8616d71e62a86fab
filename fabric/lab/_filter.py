"""What a device drops of the packets that arrive at its ports, as nftables rules of the family `netdev`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from fabric.errors import MachineError
from fabric.lab._namespaces import inside

_TABLE = "fabric"


@dataclass(frozen=True, slots=True)
class Filter:
    """What one device drops."""

    deaf: tuple[str, ...] = ()
    """Interfaces that lose all that arrives."""


def ruleset(wanted: Filter) -> str:
    """The rules in nft(8)'s language, which replace the ones before in one transaction.

    The first of all ingress hooks, they stand before anything that the device itself does with a packet; a socket of
    tcpdump still sees it, as it sees what a real port receives and a broken chip loses.
    """
    chains = "".join(f"  chain in{n} {{ {_hook(port)} drop; }}\n" for n, port in enumerate(wanted.deaf))
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
