"""A scenario file, version 1, as typed values. The attribute docstrings are the descriptions of its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0, le=3600)]
Milliseconds = Annotated[float, Field(ge=0, le=10_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Variable = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$", examples=["leaf"])]
Choice = Annotated[
    str,
    Field(
        pattern=r"^(zone|spine|super-spine|leaf|border|node|control-plane|worker|compute|networker|storage|tester|server"
        r"|uplink|downlink|access)\.(\*|first|last|[0-9]+)$|^etcd\.(leader|links)$",
        examples=["zone.*", "spine.first", "control-plane.1", "etcd.links"],
    ),
]


LIVE = "etcd."
"""How choices begin that are made while a scenario is played."""


class Strict(BaseModel):
    """A value of the file: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Expectation(Strict):
    """What must hold from this step to the next one that changes something. Pairs that are predicted to be cut do not
    count, but for `cut`."""

    lost: Annotated[int, Field(strict=True, ge=0)] | None = None
    """At most so many packets are lost."""
    outage_ms: Milliseconds | Literal["budget"] | None = None
    """No flow is silent for longer, on top of the noise; `budget`: than the simulator allows for this fault."""
    heartbeat_ms: Milliseconds | Literal["budget"] | None = None
    """No TCP stream with a message every 100 ms is silent for longer."""
    sessions: Literal["stay"] | None = None
    """`stay`: no BGP session goes down."""
    cut: Literal["none", "some", "all"] | None = None
    """How many of the measured pairs are predicted to be cut, and lose every packet."""
    delay_ms: Milliseconds | None = None
    """Packets take at least so long one way, in the median."""
    leaders: Annotated[int, Field(strict=True, ge=0)] | Literal["budget"] | None = None
    """etcd changes its leader at most so often; `budget`: never, where TCP is silent for less than an election timeout
    by the simulator's budget for this fault, and as often as it likes elsewhere."""
    writable: bool | None = None
    """Whether etcd acknowledges writes within this part."""


class Fail(Strict):
    """Something breaks, or is drained, restarted or reloaded."""

    fail: str
    """What, in the words of `fabric lab fail`, such as `node:{spine}`."""
    expect: Expectation = Expectation()
    """What must hold from here to the next change."""


class Flapping(Strict):
    """Something goes down and comes back, again and again; it ends healed."""

    flap: str
    """What, in the words of `fabric lab fail`."""
    count: Annotated[int, Field(strict=True, ge=1, le=100)] = 3
    """How often."""
    period_s: Annotated[float, Field(ge=0.02, le=600)] = 2.0
    """Seconds from one time to the next, half of them down."""
    expect: Expectation = Expectation()
    """What must hold from here to the next change."""


class Heal(Strict):
    """Something is healed, and all kernels come to forward as before."""

    heal: str = "all"
    """A target that failed, or `all`."""
    expect: Expectation = Expectation()
    """What must hold from here to the next change."""


class Impair(Strict):
    """Packets are delayed, lost, damaged or slowed down."""

    impair: str
    """Where, in the words of `fabric lab impair`, such as `zones:{a}--{b}`."""
    delay_ms: Milliseconds = 0.0
    """One way."""
    jitter_ms: Milliseconds = 0.0
    """By how much the delay varies."""
    loss_percent: Percent = 0.0
    """Packets lost."""
    corrupt_percent: Percent = 0.0
    """Packets with one bit flipped."""
    rate_mbit: Annotated[float, Field(gt=0)] | None = None
    """Rate in Mbit/s."""
    mtu: Annotated[int, Field(strict=True, ge=1280, le=65_535)] | None = None
    """MTU in bytes."""
    expect: Expectation = Expectation()
    """What must hold from here to the next change."""


class Clear(Strict):
    """An impairment ends."""

    clear: str = "all"
    """A target that was impaired, or `all`."""
    expect: Expectation = Expectation()
    """What must hold from here to the next change."""


class Wait(Strict):
    """Time passes."""

    wait_s: Seconds
    """Seconds."""


class Verify(Strict):
    """The lab is proven against the prediction for what is broken now: sessions and every kernel's routes."""

    verify: Literal["routes"]
    """What to prove."""


class Probe(Strict):
    """Packets of a size are sent between the measured pairs, unfragmented."""

    probe_bytes: Annotated[int, Field(strict=True, ge=64, le=9216)] | Literal["mtu"]
    """Bytes of the IP packet; `mtu`: as the nodes' ports have it."""
    answered: Literal["all", "some", "none"]
    """How many flows must be answered; `some`: not all, and not none."""


Step = Fail | Flapping | Heal | Impair | Clear | Wait | Verify | Probe


class Scenario(Strict):
    """A scenario file."""

    version: Literal[1]
    """Version of the file format."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$", examples=["zone-loss"])]
    """Name of the scenario, as its file is called."""
    title: str
    """One line for a report."""
    source: str
    """Where the demand comes from: a document, an RFC, an incident."""
    about: str = ""
    """What it shows, and why anybody should care."""
    choose: Mapping[Variable, Choice] = {}
    """What stands for `{name}` in the steps; with `.*` the scenario is played for each."""
    etcd: Literal["standard", "slower"] | None = None
    """Run etcd on one control-plane node of each zone meanwhile, with these timers of OpenShift."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    """What is done, in order, while packets flow."""

    @model_validator(mode="after")
    def _etcd_runs(self) -> Self:
        for variable, choice in self.choose.items():
            if choice.startswith(LIVE) and self.etcd is None:
                raise ValueError(f"{variable}: {choice} only where `etcd` says standard or slower")
        return self


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file."""
    schema = Scenario.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fabric scenario, version 1", **schema}
