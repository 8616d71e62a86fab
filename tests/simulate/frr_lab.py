"""Real FRR daemons in namespaces of their own: what the simulator's answers are held against.

Every namespace carries the process id in its name and ends with the `with` block; daemons are ended by their own id.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fabric.config import LOOPBACK, DeviceConfig, FabricConfig, Family, Neighbor, Port, Timers
from fabric.render import frr_files
from fabric.simulate import vrf_device
from tests.simulate.observation import FAMILIES, Observation, bgp_paths, kernel_routes

_DAEMONS = Path("/usr/lib/frr")
_HAS_MGMTD = (_DAEMONS / "mgmtd").exists()
"""From FRR 9.1 on it configures other daemons, some of which take no file of their own then."""
_SYSCTLS = (
    "ipv4.ip_forward=1",
    "ipv6.conf.all.forwarding=1",
    "ipv6.conf.all.accept_dad=0",
    "ipv6.conf.default.accept_dad=0",
    "ipv6.conf.all.keep_addr_on_down=1",  # else a port that goes down and up comes back without its IPv6 addresses
    "ipv4.conf.all.ignore_routes_with_linkdown=1",
    "ipv6.conf.all.ignore_routes_with_linkdown=1",
)


class FrrLab:
    """A running fabric: one namespace with zebra, staticd and bgpd for every device."""

    def __init__(self, fabric: FabricConfig, dark: Iterable[Port] = ()) -> None:
        self._fabric = fabric
        self._dark = tuple(dark)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._namespaces: dict[str, str] = {}
        self.directory = Path(tempfile.mkdtemp(prefix="fabsim-"))

    def up(self) -> None:
        """Create the namespaces, the cables and the addresses, then start the daemons."""
        self.directory.chmod(0o755)
        for index, device in enumerate(self._fabric):
            self._namespaces[device.name] = f"fabsim-{os.getpid()}-{index}"
            _run("ip", "netns", "add", self._namespaces[device.name])
            self._in(device.name, "sysctl", "-qw", *(f"net.{item}" for item in _SYSCTLS))
        self._cable()
        self._address()
        for port in self._dark:
            self.set_link(port, "down")
        for device in self._fabric:
            self._start(device.name, frr_files(_quick(device)).frr_conf)

    def down(self) -> None:
        """End the daemons and remove the namespaces; safe at any point of a start."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(10)
        for namespace in self._namespaces.values():
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def vtysh(self, device: str, command: str) -> str:
        """What `vtysh -c COMMAND` prints on the device."""
        directory = self.directory / device
        return self._in(device, "vtysh", "--vty_socket", str(directory), "-c", command)

    def set_link(self, port: Port, state: str) -> None:
        """Set one end of a cable administratively `up` or `down`; the far end sees its carrier follow."""
        self._in(port.device, "ip", "link", "set", port.interface, state)

    def sessions_up(self, device: str) -> frozenset[str]:
        """The peers whose session is established, on a device or in one of its VRFs (`DEVICE%VRF`)."""
        name, _, vrf = device.partition("%")
        summary = json.loads(self.vtysh(name, f"show bgp {f'vrf {vrf} ' if vrf else ''}summary json"))
        peers = {name: peer for part in summary.values() if isinstance(part, dict)
                 for name, peer in part.get("peers", {}).items()}  # fmt: skip
        return frozenset(name for name, peer in peers.items() if peer["state"] == "Established")

    def observe(self) -> Observation:
        """The kernel's routes and bgpd's usable paths, on every device."""
        return {
            vrf_device(device.name, vrf): {
                family: {"fib": self._kernel(device.name, vrf, family), "bgp": self._paths(device.name, vrf, family)}
                for family in FAMILIES
            }
            for device in self._fabric
            for vrf in (None, *_vrfs(device))
        }

    def _kernel(self, device: str, vrf: str | None, family: Family) -> dict[str, str]:
        flag = "-4" if family == "ipv4" else "-6"
        table = ("table", "main") if vrf is None else ("vrf", vrf)
        shown = self._in(device, "ip", "-j", "-d", flag, "route", "show", *table)
        return kernel_routes(json.loads(shown or "[]"), family)

    def _paths(self, device: str, vrf: str | None, family: Family) -> dict[str, list[str]]:
        within = "" if vrf is None else f" vrf {vrf}"
        return bgp_paths(json.loads(self.vtysh(device, f"show bgp{within} {family} unicast json detail")))

    def wait(self, condition: Callable[[], bool], deadline_s: float = 60) -> bool:
        """True once `condition` holds; False when it did not within the deadline."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if condition():
                return True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._processes[0].wait(0.3)
        return False

    def _in(self, device: str, *command: str) -> str:
        return _run("ip", "netns", "exec", self._namespaces[device], *command)

    def _cable(self) -> None:
        for number, cable in enumerate(self._fabric.cables):
            a, b = cable.a, cable.b
            _run("ip", "-n", self._namespaces[a.device], "link", "add", a.interface, "index", str(100 + 2 * number),
                 "type", "veth", "peer", "name", b.interface, "netns", self._namespaces[b.device],
                 "index", str(101 + 2 * number))  # fmt: skip

    def _address(self) -> None:
        cabled = set(self._fabric.peer_of)
        for device in self._fabric:
            lines = [line for table, vrf in enumerate(_vrfs(device), 1001) for line in (
                f"link add {vrf} type vrf table {table}", f"link set {vrf} up")]  # fmt: skip
            lines += [f"link set {port.name} master {port.vrf}" for port in device.interfaces if port.vrf]
            for interface in device.interfaces:
                if interface.name != LOOPBACK and Port(device.name, interface.name) not in cabled:
                    lines.append(f"link add {interface.name} type bridge")
                    lines.append(f"link set {interface.name} up")
                lines.append(f"link set {interface.name} up")
                lines += [f"addr add {address} dev {interface.name}" for address in interface.addresses]
            batch = self.directory / f"{device.name}.ip"
            batch.write_text("\n".join(lines) + "\n")
            self._in(device.name, "ip", "-b", str(batch))

    def _start(self, device: str, text: str) -> None:
        directory = self.directory / device
        own_run = directory / "run" / "frr"
        own_run.mkdir(parents=True)
        config = directory / "frr.conf"
        config.write_text(text)
        for path in (directory, own_run, config):
            shutil.chown(path, "frr", "frr")
        listens = next(item for item in self._fabric if item.name == device).bgp_listens
        api = ("-z", str(directory / "zserv.api"))
        configures = ("mgmtd",) if _HAS_MGMTD else ()
        for name in configures:
            self._daemon(device, name, directory)
        self._daemon(device, "zebra", directory, *api)
        assert self.wait((directory / "zserv.api").exists, 10), f"zebra did not start on {device}"
        self._daemon(device, "staticd", directory, *api)
        self._daemon(device, "bgpd", directory, *api, *(() if listens else ("-p", "0")))
        sockets = [directory / f"{name}.vty" for name in (*configures, "zebra", "staticd", "bgpd")]
        assert self.wait(lambda: all(path.exists() for path in sockets), 10), f"FRR did not start on {device}"
        self._in(device, "vtysh", "--vty_socket", str(directory), "-f", str(config))

    def _daemon(self, device: str, name: str, directory: Path, *options: str) -> None:
        empty = directory / f"{name}.conf"
        empty.touch()
        own_file = ["-f", str(empty)] if name in ("zebra", "bgpd") or not _HAS_MGMTD else []
        files = ["-i", str(directory / f"{name}.pid"), "--vty_socket", str(directory)]
        log = ["--log", f"file:{directory / name}.log"]
        program = [str(_DAEMONS / name), *own_file, *files, *log, *options]
        # Daemons find their mgmtd below /run/frr, whatever their other options say: each device has a /run of its own.
        own_run = ["sh", "-c", 'mount --bind "$0" /run && exec "$@"', str(directory / "run")]
        command = ["ip", "netns", "exec", self._namespaces[device], *own_run, *program]
        with (directory / f"{name}.out").open("wb") as output:
            self._processes.append(subprocess.Popen(command, stdout=output, stderr=output))


def _vrfs(device: DeviceConfig) -> tuple[str, ...]:
    return tuple(dict.fromkeys(port.vrf for port in device.interfaces if port.vrf))


def _quick(device: DeviceConfig) -> DeviceConfig:
    """The device with timers that let a session come up soon, and without addresses, which the kernel has already.

    zebra sets a port up that it is to give an address, and some of them must stay dark.
    """
    bgp = tuple(
        replace(instance, coalesce_ms=100, neighbors=tuple(map(_quick_peer, instance.neighbors)))
        for instance in device.bgp
    )
    return replace(device, bgp=bgp, interfaces=tuple(replace(port, addresses=()) for port in device.interfaces))


def _quick_peer(neighbor: Neighbor) -> Neighbor:
    return replace(neighbor, timers=neighbor.timers or Timers(3, 9), connect_s=neighbor.connect_s or 1)


@contextlib.contextmanager
def running(fabric: FabricConfig, dark: Iterable[Port] = ()) -> Iterator[FrrLab]:
    """A lab of the fabric that is ended with the block; `dark` ports are down before any daemon starts."""
    lab = FrrLab(fabric, dark)
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout
