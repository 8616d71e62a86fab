"""FRR as it is installed: where it is, which daemons a device needs and how each is started."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fabric._values import dataclass
from fabric.config import DeviceConfig
from fabric.errors import MachineError
from fabric.lab._places import CONFIG_DIRECTORY, LOG_DIRECTORY, log_file, pathspace

_LIBRARY_DIRECTORIES = (Path("/usr/lib/frr"), Path("/usr/libexec/frr"))
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"
_NEEDED_DIRECTORIES = (CONFIG_DIRECTORY, LOG_DIRECTORY)

Waves = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FrrInstallation:
    """Where FRR's programs are, and which release they are of."""

    libraries: Path
    vtysh: Path
    version: str
    has_mgmtd: bool
    """True from FRR 9.1 on, where mgmtd configures other daemons and must run."""


def find_frr(environ: Mapping[str, str]) -> FrrInstallation:
    """The FRR of this machine; `$FRR_LIBDIR` is looked at first. Raises `MachineError` where there is none."""
    chosen = environ.get("FRR_LIBDIR")
    places = (Path(chosen),) if chosen else _LIBRARY_DIRECTORIES
    libraries = next((place for place in places if (place / "zebra").is_file() and (place / "bgpd").is_file()), None)
    vtysh = shutil.which("vtysh", path=f"{environ.get('PATH', '')}:{_SYSTEM_PATH}")
    missing = [] if libraries else [f"zebra and bgpd (looked in {', '.join(map(str, places))})"]
    missing += [] if vtysh else ["vtysh"]
    missing += [str(directory) for directory in _NEEDED_DIRECTORIES if not directory.is_dir()]
    if libraries is None or vtysh is None or missing:
        way_out = "Install it with `apt-get install frr`, or set FRR_LIBDIR to the directory of its daemons."
        raise MachineError(f"FRR is not installed: {', '.join(missing)} not found. {way_out}")
    return FrrInstallation(libraries, Path(vtysh), _version(libraries), (libraries / "mgmtd").is_file())


def _version(libraries: Path) -> str:
    answer = subprocess.run([libraries / "zebra", "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", answer)
    return found[1] if found else "unknown"


def daemon_waves(device: DeviceConfig, *, has_mgmtd: bool) -> Waves:
    """The daemons that `device` needs, in waves: those of one wave start together, once the wave before is ready.

    zebra goes before its clients since a client that finds no zebra tries again only after 10 s (`zclient.c`).
    """
    clients = (
        ("bgpd", bool(device.bgp)),
        ("staticd", bool(device.static_routes) or _raw_has(device, r"ip(v6)? route ")),
        ("bfdd", device.uses_bfd or _raw_has(device, r"bfd$")),
    )
    first: Waves = (("mgmtd",),) if has_mgmtd else ()
    return (*first, ("zebra",), tuple(name for name, needed in clients if needed))


def _raw_has(device: DeviceConfig, pattern: str) -> bool:
    return any(re.match(pattern, line) for line in device.raw)


def daemon_argv(frr: FrrInstallation, daemon: str, device: DeviceConfig) -> tuple[str, ...]:
    """The command that runs `daemon` for a device: in the foreground, as the sandbox's root, without a TCP console."""
    identity = ("-N", pathspace(device.name), "-u", "root", "-g", "root", "-P", "0")
    log = ("--log", f"file:{log_file(device.name, daemon)}", "--log-level", "informational")
    port = ("-p", "0") if daemon == "bgpd" and not device.bgp_listens else ()
    return (str(frr.libraries / daemon), *identity, *log, *port)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A configuration line that FRR did not take: its number (1 is the first), its text and FRR's words."""

    line: int
    text: str
    words: str

    def __str__(self) -> str:
        shown = re.sub(r"(\bpassword ).*", r"\1********", self.text.strip())
        return f"line {self.line} `{shown}`: {self.words}"


def refusals(frr_conf: str, stdout: str, stderr: str) -> tuple[Refusal, ...]:
    """The lines that `vtysh -b` reported as refused.

    vtysh names the line on stderr; what a daemon said to it stands on stdout, without the line.
    """
    lines = frr_conf.splitlines()
    daemon_words = remarks(stdout)
    reports = re.findall(r"^line (\d+): (.*)$", stderr, flags=re.MULTILINE)
    by_daemon = sum(words.startswith("Failure to communicate") for _, words in reports)
    one_each = iter(daemon_words if len(daemon_words) == by_daemon else [" / ".join(daemon_words)] * by_daemon)
    found = []
    for number, report in reports:
        words = next(one_each) if report.startswith("Failure to communicate") else report
        text = lines[int(number) - 1] if int(number) <= len(lines) else ""
        found.append(Refusal(int(number), text, _without_echo(words or report)))
    return tuple(found)


def remarks(stdout: str) -> tuple[str, ...]:
    """What daemons said to the lines that `vtysh -b` sent them."""
    return tuple(line.strip() for line in stdout.splitlines() if line.strip() and not _is_chatter(line))


def _is_chatter(line: str) -> bool:
    """True for what vtysh says of itself when it configures daemons in parallel."""
    return line.startswith("Waiting for children") or re.match(r"\[\d+\|\w+\] (sending|done)", line) is not None


def _without_echo(words: str) -> str:
    """FRR's words without the echoed line: `% Unknown command[4]: foo` says `% Unknown command`."""
    return re.sub(r"\[\d+\]:.*$", "", words).strip()
