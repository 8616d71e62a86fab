"""The pipeline from Python: each step gives the value of the next, and what the page about it shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fabric
from fabric.api import load
from fabric.errors import InputError, PlanError, TopologyError

CHECKOUT = Path(__file__).resolve().parent.parent
QUICKSTART = CHECKOUT / "topologies" / "quickstart.yaml"
PAGE = CHECKOUT / "docs" / "howto" / "use-from-python.md"


def test_the_package_opens_the_pipeline_and_nothing_else() -> None:
    assert fabric.load is load
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fabric.nonsense  # noqa: B018


def test_importing_the_package_imports_no_room() -> None:
    script = "import sys, fabric; print([name for name in sys.modules if name.startswith('fabric.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_ledger_keeps_what_was_given_out(tmp_path: Path) -> None:
    file = tmp_path / "plan.lock.yaml"
    first = load(QUICKSTART).plan(ledger=file)
    first.write_ledger(file)
    again = load(QUICKSTART).plan(ledger=file)
    assert again.ledger == first.ledger
    assert load(QUICKSTART).plan(ledger=first.ledger).plan.devices == first.plan.devices


def test_failures_are_named_as_the_command_names_them() -> None:
    configured = load(QUICKSTART).plan().config()
    healthy, broken = configured.simulate(), configured.simulate("link:a1-leaf-1--spine-1")
    assert len(healthy.sessions) == len(broken.sessions)
    widths = [sum(len(e.next_hops) for e in s.fib("a1-leaf-1", "ipv4").values()) for s in (healthy, broken)]
    assert widths[0] > widths[1]
    assert configured.sweep("nodes=1").sound


def test_errors_are_those_of_the_rooms(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\n")
    with pytest.raises(TopologyError):
        load(bad)
    full = tmp_path / "full.yaml"
    full.write_text(QUICKSTART.read_text() + "\npools: {loopbacks: {ipv4: 10.0.0.0/31}}\n")
    with pytest.raises((PlanError, TopologyError)):
        load(full).plan()
    with pytest.raises(InputError):
        load(QUICKSTART).plan().config().files("papyrus")
    with pytest.raises(InputError):
        load(QUICKSTART).plan().config().simulate("link:nowhere")


def test_files_are_those_that_the_command_writes(tmp_path: Path) -> None:
    configured = load(QUICKSTART).plan().config()
    written = configured.write(tmp_path, "frr", "hosts")
    assert tmp_path / "frr" / "spine-1" / "frr.conf" in written
    assert (tmp_path / "frr" / "spine-1" / "frr.conf").read_text() == configured.files()["frr/spine-1/frr.conf"]


@pytest.mark.lab
def test_the_page_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FABRIC_STATE_DIR", str(tmp_path / "state"))
    blocks = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    script = "\n".join(code for code, _ in blocks)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(output for _, output in blocks)


def test_secrets_fill_in_the_passwords(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(f"{QUICKSTART.read_text()}\npasswords: {{fabric: bgp-fabric}}\n")
    (tmp_path / "secrets.yaml").write_text("{kind: Secret, metadata: {name: bgp-fabric}, stringData: {password: word}}")
    planned = load(tmp_path / "small.yaml").plan()
    assert "password REPLACE-ME:bgp-fabric" in planned.config().files()["frr/spine-1/frr.conf"]
    configured = planned.config(secrets=[tmp_path / "secrets.yaml"])
    assert "password word" in configured.files()["frr/spine-1/frr.conf"]
    assert all(session.up for session in configured.simulate().sessions)
    with pytest.raises(InputError, match="no value for Secret bgp-fabric"):
        planned.config(secrets=[QUICKSTART])
