"""Every predicted failure against the same failure in the lab: every session, and the kernels to the last route."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fabric.config import FabricConfig
from fabric.lab import EmbeddedEngine, Fault, KernelFib, RunningLab, UpOptions, spec_of
from fabric.resources import directory
from fabric.simulate import drain
from fabric.topology import load
from fabric.verify import Finding, Prediction, await_sessions, bring_up, failures_of, fault_of, predict, settle

SETTLE_S = 60.0
FORGETTING_FRR = "10.3"
"""Its bgpd forgets BFD sessions of unnumbered neighbors whose switch lost numbered ports too (decision 15)."""
FORGOTTEN_S = 15.0
"""Longer than the connect timer of any session, 10 s."""
AN_ADDRESS = ("configure terminal", "interface lo", "ip address 192.0.2.1/32", "no ip address 192.0.2.1/32")
SWITCHES = frozenset({"spine", "super-spine", "leaf", "border"})


def _targets(fabric: FabricConfig) -> Iterator[str]:
    """Every single link, failed at its upper and its lower end in turn, and every single switch."""
    for number, cable in enumerate(fabric.cables):
        yield f"link:{cable.b if number % 2 else cable.a}"
    yield from (f"node:{device.name}" for device in fabric if device.place.role in SWITCHES)


@dataclass(frozen=True)
class Proof:
    """A lab that is up and was as predicted, and what its kernels held then."""

    lab: RunningLab
    fabric: FabricConfig
    healthy: Prediction
    before: Mapping[str, KernelFib]

    def differences(self, target: str) -> Iterator[str]:
        """What differs from the prediction under the fault, and from the beginning after it is healed."""
        fault = fault_of(self.fabric, self.lab.status(), target)
        broken = predict(self.fabric, failures_of(self.fabric, [fault]))
        yield from (f"{target}: {finding}" for finding in self._under(fault, broken))
        self.lab.engine.heal(self.lab.name, [target])
        if len(fault.ports) > 1 and self.lab.status().frr_version == FORGETTING_FRR:
            self._remind({port.device for port in fault.ports})
        yield from (f"{target} healed: {text}" for text in self._after())

    def _under(self, fault: Fault, broken: Prediction) -> Iterator[Finding]:
        assert self.lab.engine.fail(self.lab.name, fault).ports == len(fault.ports)
        assert any(not session.up for session in broken.simulation.sessions)
        yield from await_sessions(self.lab, broken, SETTLE_S).findings
        yield from settle(self.lab, broken, SETTLE_S).missing

    def _remind(self, devices: Iterable[str]) -> None:
        """An address comes and goes on devices some of whose sessions do not come back by themselves."""
        if not await_sessions(self.lab, self.healthy, FORGOTTEN_S).passed:
            for device in devices:
                self.lab.engine.vtysh(self.lab.name, device, AN_ADDRESS)

    def _after(self) -> Iterator[str]:
        """Looks again where something changed: a fault shorter than BFD's detection time resets a session after it."""
        end = time.monotonic() + SETTLE_S
        while True:
            sessions = await_sessions(self.lab, self.healthy, SETTLE_S).findings
            now = self.lab.fibs()
            if now == self.before or time.monotonic() > end:
                break
        yield from map(str, sessions)
        yield from (f"the kernel of {d} differs" for d, fib in self.before.items() if now[d] != fib)


@pytest.mark.lab
@pytest.mark.parametrize(("name", "every"), [("quickstart", 1), ("clos3-rfc7938", 1), ("rhoso-dz", 35)])
def test_each_failure_is_as_predicted_and_healed(name: str, every: int, tmp_path: Path) -> None:
    spec = spec_of(load(directory("topologies") / f"{name}.yaml"))
    healthy = predict(spec.fabric)
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, lambda: healthy, UpOptions(), lambda _step: None)
        lab = RunningLab(engine, spec.name)
        assert await_sessions(lab, healthy, SETTLE_S).passed
        assert settle(lab, healthy, SETTLE_S).converged
        proof = Proof(lab, spec.fabric, healthy, lab.fibs())
        wrong = [text for target in list(_targets(spec.fabric))[::every] for text in proof.differences(target)]
    finally:
        engine.down(spec.name)
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.lab
def test_a_drained_spine_is_as_predicted(tmp_path: Path) -> None:
    spec = spec_of(load(directory("topologies") / "quickstart.yaml"))
    healthy, drained = predict(spec.fabric), predict(drain(spec.fabric, ["spine-1"]))
    assert drained.forwarding != healthy.forwarding
    router = f"router bgp {spec.fabric.by_name['spine-1'].bgp[0].asn}"
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, lambda: healthy, UpOptions(), lambda _step: None)
        engine.vtysh(spec.name, "spine-1", ("configure terminal", router, "bgp graceful-shutdown"))
        settled = settle(RunningLab(engine, spec.name), drained, SETTLE_S)
        assert settled.converged, "\n".join(map(str, settled.missing[:20]))
    finally:
        engine.down(spec.name)
