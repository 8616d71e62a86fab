"""Whatever is answered, the first file is a design that plans, and simulates as sound where it is meant to be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.draft import Sketch, draft_text, sketch
from fabric.kubernetes import configure
from fabric.plan import build
from fabric.simulate import overview, simulate
from fabric.topology import Profile, parse

ANSWERS = st.builds(
    Sketch,
    profile=st.sampled_from(["rfc7938", "rhoso"]),
    zones=st.integers(1, 5),
    racks=st.integers(1, 3),
    spines=st.integers(1, 4),
    nodes=st.integers(0, 4),
    rtt_ms=st.floats(0, 100, allow_nan=False),
    ipv6=st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_every_sketch_plans(answers: Sketch) -> None:
    plan = build(parse(draft_text(sketch(answers)), "sketch.yaml"))
    leaves = [device for device in plan.design.fabric.devices if device.tier == "leaf"]
    assert len(leaves) == answers.zones * answers.racks * 2


@pytest.mark.parametrize("profile", ["rfc7938", "rhoso"])
def test_a_sketch_reaches_everything(profile: Profile) -> None:
    plan = build(parse(draft_text(sketch(Sketch(profile=profile, zones=3))), "sketch.yaml"))
    assert overview(simulate(configure(plan))).sound


def test_a_comment_advises_against_what_two_spines_do() -> None:
    assert "Two spines that share an ASN" in draft_text(sketch(Sketch(spines=2)))
    assert "Two spines that share an ASN" not in draft_text(sketch(Sketch(spines=3)))
