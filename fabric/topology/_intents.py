"""What a person wants of the fabric: the intents of a topology file, as typed values.

The attribute docstrings go into the published JSON Schema, as those of `_model` do.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from fabric.topology._values import Strict, Switch

_Label = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["storage-stays-home"])]


def _listed(value: object) -> object:
    """One word as a list of one."""
    return [value] if isinstance(value, str) else value


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Words = Annotated[
    tuple[Annotated[str, Field(strict=True)], ...], BeforeValidator(_listed), WithJsonSchema(dict(_ONE_OR_MORE))
]
"""One name, or a list of names of which any will do."""
AtOnce = Literal[1, 2]
Relation = Literal["all", "same-zone", "other-zone", "same-rack", "other-rack"]


class Where(Strict):
    """Devices by their place; a device is meant when every key that is given names it."""

    zone: Words = ()
    """Zones."""
    rack: Words = ()
    """Racks."""
    role: Words = ()
    """Roles of nodes, or tiers of switches: `leaf`, `spine`, `super-spine`, `border`."""
    node: Words = ()
    """Devices by name."""


class Selector(Where):
    """Devices that send and receive; without `role` or `node` the nodes of the fabric (its leaves if it has none)."""

    network: Words = ()
    """Networks: the devices that have an address in one of them, by that address instead of their loopback's."""


class FailuresAsked(Strict):
    """Failures of a kind, each alone and up to so many at once."""

    links: AtOnce | None = None
    """Cables."""
    nodes: AtOnce | None = None
    """Switches and nodes."""
    racks: AtOnce | None = None
    """Whole racks."""
    zones: AtOnce | None = None
    """Whole zones."""


class Between(Strict):
    """Every pair of a device in `from` and one in `to`."""

    from_: Selector = Field(default_factory=Selector.model_construct, alias="from")
    """Devices that packets come from; left out: every node."""
    to: Selector = Field(default_factory=Selector.model_construct)
    """Devices that packets go to; left out: every node."""
    pairs: Relation = "all"
    """Which of these pairs are meant."""
    failures: FailuresAsked = Field(default_factory=FailuresAsked.model_construct)
    """The intent is to hold after each of these failures too, for the pairs that live."""


class Through(Between):
    """Pairs, and devices between them; the ends of a pair never count."""

    through: Where
    """Devices on the way."""


class StaysInZone(Strict):
    """Pairs within one zone whose packets never leave it."""

    from_: Selector = Field(default_factory=Selector.model_construct, alias="from")
    """Devices that packets come from; left out: every node."""
    to: Selector = Field(default_factory=Selector.model_construct)
    """Devices that packets go to; left out: every node."""
    shared: Switch = True
    """Whether devices that stand in no zone, such as spines that all zones share, may carry the packets."""
    failures: FailuresAsked = Field(default_factory=FailuresAsked.model_construct)
    """The intent is to hold after each of these failures too, for the pairs that live."""


class EcmpWidth(Between):
    """Pairs whose source spreads its packets."""

    at_least: Annotated[int, Field(strict=True, ge=1, le=1024)]
    """Next hops of the source's route to the destination."""


class Survives(Between):
    """Pairs that reach each other at rest and after failures."""

    zones_left: Annotated[int, Field(strict=True, ge=1, le=64)] = 1
    """In how many zones a device of `to` must still live after each failure."""


class Outage(Between):
    """Pairs that lose packets for so long at most when something fails, by the convergence budget."""

    at_most_ms: Annotated[int, Field(strict=True, ge=0, le=3_600_000)]
    """The longest gap in ms."""
    silent: Switch = False
    """Ports keep their carrier, so that only BFD and hold timers notice the failure."""
    over: Literal["udp", "tcp"] = "udp"
    """Whose gap: that of a UDP flow, or of a TCP stream with a message every 100 ms, as etcd's heartbeats are."""


class StorageConfined(Strict):
    """Each zone's storage is reached from its zone alone, over paths that never leave it."""

    network: _Label = "storage"
    """The storage network."""
    arrays: Words = ("storage",)
    """Roles of the storage arrays."""
    remote_access: Switch = False
    """Arrays are also reached from the other zones' `remote_roles`, for image and volume operations across zones."""
    remote_roles: Words = ("worker",)
    """Roles that have remote access."""
    others_isolated: Switch = False
    """With `remote_access`: everybody else of the network is isolated from the arrays of other zones."""


class ControlPlaneSurvivesZone(Strict):
    """After the loss of any one zone the control plane lives in two others, which reach it and each other."""

    control_plane: Selector = Field(default_factory=lambda: Selector.model_construct(role=("control-plane",)))
    """The control plane's nodes."""
    clients: Selector = Field(default_factory=Selector.model_construct)
    """Who must reach it; left out: every node that stands in a zone."""


class NoThirdZone(Strict):
    """Packets between two zones never pass a third one."""

    from_: Selector = Field(default_factory=Selector.model_construct, alias="from")
    """Devices that packets come from; left out: every node."""
    to: Selector = Field(default_factory=Selector.model_construct)
    """Devices that packets go to; left out: every node."""
    failures: FailuresAsked = Field(default_factory=FailuresAsked.model_construct)
    """The intent is to hold after each of these failures too."""


class Intent(Strict):
    """Something that the fabric is to do, by exactly one of the keys below `why`."""

    name: _Label | None = None
    """Name of the intent in reports."""
    why: str = ""
    """Why it is wanted."""
    reachable: Between | None = None
    """Packets and their answers arrive over every equal-cost path."""
    isolated: Between | None = None
    """No packet that arrives can be answered."""
    via: Through | None = None
    """Every path passes one of the devices in `through`."""
    avoid: Through | None = None
    """No path passes a device in `through`."""
    stays_in_zone: StaysInZone | None = None
    """Packets between devices of a zone pass no device of another zone."""
    ecmp_width: EcmpWidth | None = None
    """Sources have at least so many next hops."""
    survives: Survives | None = None
    """Packets and answers arrive at rest, and after each of the failures between all that live."""
    outage: Outage | None = None
    """Failures cost at most so many ms."""
    symmetric: Between | None = None
    """Answers pass the same devices as the packets, in reverse."""
    storage_confined: StorageConfined | None = None
    """Ready-made: storage stays in its zone."""
    control_plane_survives_zone: ControlPlaneSurvivesZone | None = None
    """Ready-made: the control plane outlives any one zone."""
    no_third_zone: NoThirdZone | None = None
    """Ready-made: traffic between two zones passes no third."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The keys that say what is wanted; a sound intent has one."""
        known = (name for name in type(self).model_fields if name not in {"name", "why"})
        return tuple(name for name in known if getattr(self, name) is not None)
