"""What is fuzzed: kinds of file that a stranger may hand to the command, with good ones of each to start from."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.cli import main
from fabric.draft import Sketch, draft_text, sketch
from fabric.errors import FabricError
from fabric.kubernetes import configure
from fabric.plan import build, ledger_of, ledger_text
from fabric.render.exports import Export, export_tree
from fabric.resources import directory
from fabric.topology import Design, load, parse
from fabric.verify import load_scenario

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 5
MOST_BYTES = 1 << 30
"""What one input may take, beyond what the process has already."""
_PLAIN = (0, 1, 2)
_QUICKSTART = str(directory("topologies") / "quickstart.yaml")
_RHOSO = str(directory("topologies") / "rhoso-dz.yaml")


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of file: good ones, and what reads one."""

    name: str
    suffix: str
    seeds: tuple[bytes, ...]
    reads: Callable[[str], int]
    """Reads the file of that name and returns the exit code."""


class NotASentenceError(AssertionError):
    """An input ended in something else than a plain exit code and, where it is refused, a sentence."""


def read(subject: Subject, content: bytes, place: Path) -> int:
    """The exit code of the command for a file of that content; raises `NotASentenceError` for any other end."""
    file = place / f"fuzzed{subject.suffix}"
    file.write_bytes(content)
    said, told = io.StringIO(), io.StringIO()
    with limits(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        code = subject.reads(str(file))
    if code not in _PLAIN or (code == 2 and not told.getvalue().strip()):
        raise NotASentenceError(f"{subject.name}: exit code {code}, told {told.getvalue()[:300]!r}")
    return code


def command(arguments: Callable[[str], Sequence[str]]) -> Callable[[str], int]:
    """Reads a file with `fabric ARGUMENTS`."""
    return lambda file: _run([*arguments(file)])


def scenario(file: str) -> int:
    """Reads a scenario as `fabric lab run` does before it looks for a lab."""
    try:
        load_scenario(file)
    except FabricError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _run(arguments: list[str]) -> int:
    """The command's exit code; whatever it raises besides is not caught."""
    old, sys.argv = sys.argv, ["fabric", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 99
    finally:
        sys.argv = old
        gc.unfreeze()  # which a command that ends does not
    return 0


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """No more time and memory than an input may take: past them Python raises where it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + MOST_BYTES, hard))
    previous = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_long(*_: object) -> None:
    raise NotASentenceError(f"took longer than {MOST_SECONDS} s")


def _files(*patterns: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def _exported(design: Design, export: str, *names: str) -> bytes:
    """The files of an export whose paths end in one of the names, one after the other."""
    plan = build(design)
    tree = export_tree(Export(plan, configure(plan)), (export,))
    return "".join(text for path, text in tree.items() if path.endswith(names)).encode()


def _cluster(*names: str) -> tuple[bytes, ...]:
    """Our own resources of a small cluster."""
    answers = Sketch(profile="rhoso", zones=1, nodes=1, ipv6=False)
    return (_exported(parse(draft_text(sketch(answers)), "sketch.yaml"), "kubernetes", *names),)


NETLAB = b"""\
name: x
addressing: {loopback: {ipv4: 10.9.0.0/24}}
bgp: {as_list: {65100: {members: [s1, s2]}}}
groups: {leaves: {members: [l1], node_data: {bgp: {as: 65200}}}}
nodes: {s1: {}, s2: {}, l1: {bgp: {as: 65201}}, h: {device: linux}}
links: [s1-l1, [s2, l1], {h: {ipv4: 10.1.0.1/30}, l1: {}}, {interfaces: [{node: h}, {node: l1}]}]
"""
PINS = b"device,network,address\nrack-0-worker-0,internalapi,172.17.0.40\nrack-0-worker-1,internalapi,fd00:172:17::9\n"
_PEERING = ("bgppeer.yaml", "bgpadvertisement.yaml", "ipaddresspool.yaml", "node.yaml")
_SITE = ("bgppeer.yaml", "netconfig.yaml", "nodeset.yaml", "policy.yaml", "node.yaml", "pool.yaml")


def subjects() -> tuple[Subject, ...]:
    """Every kind of file that the command reads and that somebody else may have written."""
    quickstart = load(_QUICKSTART)
    ledger = ledger_text(ledger_of(build(quickstart))).encode()
    topologies = _files("topologies/*.yaml")
    resources_ = _files("tests/kubernetes/cases/*.yaml")
    return (
        Subject("topology", ".yaml", topologies, command(lambda f: ("plan", f, "--json"))),
        Subject("rendered topology", ".yaml", topologies[:2], command(lambda f: ("diff", _QUICKSTART, f))),
        Subject(
            "ledger",
            ".yaml",
            (ledger,),
            command(lambda f: ("plan", _QUICKSTART, "--ledger", f, "--check")),
        ),
        Subject("pins", ".csv", (PINS,), command(lambda f: ("plan", _RHOSO, "--pins", f, "--json"))),
        Subject(
            "FRRConfigurations", ".yaml", resources_, command(lambda f: ("frr-k8s", "render", "--node", "worker-0", f))
        ),
        Subject("linted resources", ".yaml", resources_, command(lambda f: ("frr-k8s", "lint", f))),
        Subject("MetalLB's resources", ".yaml", _cluster(*_PEERING), command(lambda f: ("metallb", "render", f))),
        Subject(
            "containerlab",
            ".yml",
            (_exported(quickstart, "containerlab", ".clab.yml"),),
            command(lambda f: ("import", f)),
        ),
        Subject("netlab", ".yml", (NETLAB,), command(lambda f: ("import", f))),
        Subject("checked resources", ".yaml", _cluster(*_SITE), command(lambda f: ("check", "--resources", f))),
        Subject("scenario", ".yaml", _files("lab/scenarios/*.yaml"), scenario),
        Subject("RHOSO resources", ".yaml", _cluster(*_SITE), command(lambda f: ("import", f, "--from", "rhoso"))),
    )
