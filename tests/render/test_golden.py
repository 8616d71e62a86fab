"""FRR's files against golden copies, FRR's own parser and real daemons."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.config import LOOPBACK, DeviceConfig
from fabric.render import frr_files
from tests.frr import assert_parses, load, needs_frr, parser_complaints, sandbox_problem
from tests.render.cases import CASES

GOLDEN = Path(__file__).with_name("golden")

# What FRR takes but leaves out of `show running-config`, because it is its default or about vtysh alone.
UNSAID = {
    "service integrated-vtysh-config",
    "ip forwarding",
    "ipv6 forwarding",
    "no ip nht resolve-via-default",
    "no ipv6 nht resolve-via-default",
    "bgp network import-check",
    "bgp ebgp-requires-policy",
    "transmit-interval 300",
    "receive-interval 300",
    "detect-multiplier 3",
}
# The same from FRR 10 on.
UNSAID_SINCE_10 = {"ip nht resolve-via-default", "ipv6 nht resolve-via-default"}
# The same for `frr defaults datacenter`.
UNSAID_IN_DATACENTER = {"bgp log-neighbor-changes", "no bgp ebgp-requires-policy"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["frr.conf", "daemons"])
def test_files_are_as_recorded(case: str, name: str, update_golden: bool) -> None:
    files = frr_files(CASES[case]())
    text = {"frr.conf": files.frr_conf, "daemons": files.daemons}[name]
    path = GOLDEN / case / name
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@needs_frr
@pytest.mark.parametrize("case", CASES)
def test_frr_parses_every_line(case: str) -> None:
    assert_parses(frr_files(CASES[case]()).frr_conf)


@needs_frr
def test_frr_parser_fails_on_one_bad_line() -> None:
    good = frr_files(CASES["numbered_leaf"]()).frr_conf
    bad = good.replace("  maximum-paths 64\n", "  maximum-roads 64\n", 1)
    assert "maximum-roads 64" in parser_complaints(bad)


@needs_frr
@pytest.mark.lab
@pytest.mark.parametrize("case", CASES)
def test_daemons_keep_every_line(case: str) -> None:
    device = CASES[case]()
    frr_conf = frr_files(device).frr_conf
    if problem := sandbox_problem():
        pytest.skip(f"no sandbox on this machine: {problem}")
    loaded = load(frr_conf, _ports(device))
    assert loaded.refused == ()
    assert _lost(device, frr_conf, loaded.running) == []
    again = load(loaded.running, _ports(device))
    assert again.refused == ()
    assert _lost(device, frr_conf, again.running) == []


@needs_frr
@pytest.mark.lab
def test_daemons_refuse_what_the_parser_lets_through() -> None:
    if problem := sandbox_problem():
        pytest.skip(f"no sandbox on this machine: {problem}")
    device = CASES["unnumbered_spine"]()
    far = tuple(replace(neighbor, group=None, ebgp_multihop=True) for neighbor in device.bgp[0].neighbors)
    wrong = frr_files(replace(device, bgp=(replace(device.bgp[0], neighbors=far),))).frr_conf
    assert parser_complaints(wrong) == ""
    assert "% Operation not allowed on a directly connected neighbor" in load(wrong, _ports(device)).refused


@pytest.mark.parametrize("case", CASES)
def test_daemons_file_is_shell(case: str, tmp_path: Path) -> None:
    device = CASES[case]()
    path = tmp_path / "daemons"
    path.write_text(frr_files(device).daemons)
    script = f'. {path}; for name in zebra bgpd bfdd; do eval "[ \\"\\$$name\\" = yes ]" && echo $name; done; true'
    said = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(said) == set(device.daemons) - {"staticd"}


def _ports(device: DeviceConfig) -> list[str]:
    return [interface.name for interface in device.interfaces if interface.name != LOOPBACK]


def _lost(device: DeviceConfig, frr_conf: str, running: str) -> list[tuple[str, ...]]:
    """Our statements that `show running-config` does not have, but for FRR's defaults."""
    unsaid = UNSAID | (UNSAID_IN_DATACENTER if device.defaults == "datacenter" else set())
    unsaid |= UNSAID_SINCE_10 if "frr version 1" in running else set()
    kept = set(_statements(running))
    return [lines for lines in _statements(frr_conf) if lines not in kept and lines[-1] not in unsaid]


def _statements(frr_conf: str) -> list[tuple[str, ...]]:
    """Every line with the blocks that it stands in, outermost first, by the indentation that FRR writes."""
    statements: list[tuple[str, ...]] = []
    blocks: list[tuple[int, str]] = []
    for line in frr_conf.splitlines():
        text = line.strip().replace("ebgp-multihop 255", "ebgp-multihop")  # FRR 10 leaves the number out
        if not text or text.startswith(("!", "exit", "end", "frr version")):
            continue
        indent = len(line) - len(line.lstrip())
        blocks = [(depth, block) for depth, block in blocks if depth < indent]
        blocks.append((indent, text))
        statements.append(tuple(block for _, block in blocks))
    return statements
