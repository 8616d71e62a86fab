"""Whatever a ledger's file holds, reading it and planning with it ends in a sound plan or in sentences."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.errors import FabricError
from fabric.plan import ledger_text, parse_ledger
from fabric.resources import directory
from fabric.topology import load
from tests.plan.test_properties import check

DESIGN = load(directory("topologies") / "rhoso-dz.yaml")
LINES = ledger_text(plan.build(DESIGN).ledger).splitlines()
VALUES = [line.partition(": ")[2] for line in LINES if ": " in line and not line.startswith("#")]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def use(text: str) -> None:
    """Plans with a ledger; an error of ours that names a file is fine, any other is not."""
    told = "fuzz.lock"
    try:
        check(plan.build(DESIGN, parse_ledger(text, "fuzz.lock")))
    except FabricError as error:
        told = str(error)
    assert "fuzz.lock" in told or "rhoso-dz.yaml" in told


@given(st.text())
@QUICK
def test_any_text(text: str) -> None:
    use(f"{text}\n# end\n")


@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.sampled_from(VALUES)), min_size=1, max_size=4))
@QUICK
def test_values_changed_by_hand(edits: list[tuple[int, str]]) -> None:
    lines = list(LINES)
    for number, value in edits:
        lines[number] = f"{lines[number].partition(': ')[0]}: {value}"
    use("\n".join([*lines, "# end"]))


@given(st.sets(st.integers(0, len(LINES) - 2), max_size=200), st.randoms(use_true_random=False))
@QUICK
def test_lines_lost_and_out_of_order(lost: set[int], random: Random) -> None:
    kept = [line for number, line in enumerate(LINES) if number not in lost]
    random.shuffle(kept)
    use("\n".join(kept))
