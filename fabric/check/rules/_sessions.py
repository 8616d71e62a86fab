"""Rules about the BGP sessions of a design: which come up, and how soon a silent failure ends them."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene
from fabric.check.rules._zones import members
from fabric.config import Neighbor
from fabric.simulate import SessionDown, SessionEnd

_SWITCHES = frozenset({"spine", "super-spine", "leaf", "border"})
_CONVERGENCE_MS = 124
"""From detection to the last router two hops away, measured with FRR 8.4.4 on two tiers."""
_HEARTBEAT_MS = {"standard": 100, "slower": 500}
_ELECTION_MS = {"standard": 1000, "slower": 2500}
_RETRANSMISSION_MS = 200
"""Linux's least retransmission timeout; it doubles with every try."""


def neighbor_of(scene: DesignScene, end: SessionEnd) -> Neighbor | None:
    """The neighbor statement of a session's end."""
    instances = scene.fabric.by_name[end.device].bgp
    return next((n for instance in instances for n in instance.neighbors if str(n.peer) == end.peer), None)


def all_come_up(scene: DesignScene) -> Iterator[Hit]:
    for session in scene.simulation.sessions:
        if not session.up and session.why is not SessionDown.SHUTDOWN:
            text = f"the session {' - '.join(map(str, session.ends))} does not come up: {session.explanation}"
            yield scene.hit(scene.device_path(session.a.device), session.a.device, text)


def resources_configure(scene: DesignScene) -> Iterator[Hit]:
    if scene.refusal:
        first = scene.refusal.splitlines()[0]
        yield scene.hit(("name",), "resources", f"the resources configure no node of the design: {first}")


def bfd_at_both_ends(scene: DesignScene) -> Iterator[Hit]:
    for session in scene.simulation.sessions:
        ends = [neighbor_of(scene, end) for end in session.ends]
        flags = [bool(n.bfd or n.bfd_profile) for n in ends if n is not None]
        if len(flags) == 2 and flags[0] != flags[1]:
            having, lacking = session.ends if flags[0] else session.ends[::-1]
            text = f"{having} asks for BFD and {lacking} does not"
            yield scene.hit(scene.device_path(lacking.device), lacking.device, text)


def silent_failures_between_switches(scene: DesignScene) -> Iterator[Hit]:
    topology = scene.plan.design.topology
    if not topology.bfd.fabric:
        text = f"without BFD between switches a silent failure lasts until the hold time, {topology.timers.hold_s} s"
        yield scene.hit(("bfd", "fabric"), "bfd", text)


def silent_failures_of_nodes(scene: DesignScene) -> Iterator[Hit]:
    """Nodes whose sessions have no BFD, one hit a role."""
    roles: dict[str, list[str]] = {}
    for device in scene.fabric:
        neighbors = device.default_bgp.neighbors if device.default_bgp else ()
        if device.place.role not in _SWITCHES and any(not (n.bfd or n.bfd_profile) for n in neighbors):
            roles.setdefault(device.place.role, []).append(device.name)
    hold_s = scene.plan.design.topology.timers.hold_s
    for role, names in roles.items():
        text = f"{len(names)} {role} nodes have no BFD: a leaf that dies silently is noticed after {hold_s} s"
        yield scene.hit(("bfd",), role, text)


def heartbeat_gap_ms(outage_ms: float, heartbeat_ms: int) -> float:
    """The longest silence that a TCP connection shows through an outage: until the first retransmission behind it."""
    waited, timeout = _RETRANSMISSION_MS, _RETRANSMISSION_MS
    while waited < outage_ms:
        timeout *= 2
        waited += timeout
    return waited + heartbeat_ms


def detection_and_election(scene: DesignScene) -> Iterator[Hit]:
    """Measured with BFD 100 x 3: gaps of 735 to 753 ms; 300 x 3: 1556 to 1586; hold time 9 s: 13.2 to 13.4 s."""
    topology = scene.plan.design.topology
    if sum(members(scene, "control-plane").values()) < 2:
        return
    bfd, profile = topology.bfd, topology.kubernetes.etcd_profile
    detection_ms = bfd.transmit_ms * bfd.multiplier if bfd.fabric else topology.timers.hold_s * 1000
    gap_ms = heartbeat_gap_ms(detection_ms + _CONVERGENCE_MS, _HEARTBEAT_MS[profile])
    if gap_ms >= _ELECTION_MS[profile]:
        text = (
            f"a silent failure is detected after {detection_ms} ms; etcd's connections then pause for {gap_ms:.0f} ms, "
            f"and its {profile} profile elects a new leader from {_ELECTION_MS[profile]} ms on"
        )
        yield scene.hit(("bfd",), "etcd", text)


def no_password_in_fips_mode(scene: DesignScene) -> Iterator[Hit]:
    topology = scene.plan.design.topology
    for key in ("cluster", "nodes"):
        if topology.kubernetes.fips and getattr(topology.passwords, key):
            text = "nodes in FIPS mode are to have TCP-MD5 passwords"
            yield scene.hit(("passwords", key), f"passwords.{key}", text)


RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-301",
        "Every session comes up",
        "error",
        "A session whose ends disagree (address, ASN, password, TTL, family) never carries a route.",
        "RFC 4271 section 6.2; fabric (simulator, compared with FRR)",
        "Make both ends say the same; the finding says what differs.",
        all_come_up,
    ),
    Rule(
        "FAB-302",
        "The resources configure the design's nodes",
        "error",
        "What the controllers refuse they do not apply in part: the nodes keep what they had.",
        "frr-k8s and MetalLB (admission and translation)",
        "Mend what the findings of the resources say, then check the two together again.",
        resources_configure,
    ),
    Rule(
        "FAB-303",
        "BFD runs at both ends of a session or at none",
        "warning",
        "BFD at one end never comes up: nothing is detected, and everybody believes that it is.",
        "RFC 5882 section 4; fabric (measured with FRR 8.4.4)",
        "Give the other end a BFD profile, or take this one's away.",
        bfd_at_both_ends,
    ),
    Rule(
        "FAB-304",
        "Sessions between switches have BFD",
        "warning",
        "A link that loses packets and keeps its carrier is otherwise used until the hold time has passed.",
        "RFC 7938 section 7.1; fabric (measured: 6.4 to 7.5 s with 3/9 s timers, 0.3 to 0.9 s with BFD)",
        "Switch on bfd.fabric.",
        silent_failures_between_switches,
    ),
    Rule(
        "FAB-305",
        "Who plans nodes without BFD knows how long a silent leaf holds them up",
        "note",
        "A leaf that dies with its carrier up still gets its share of the node's traffic until the hold time ends.",
        "fabric (measured); metallb issue 2904 for why OpenShift nodes have none",
        "Give the nodes BFD where their software allows it, or shorten timers.hold_s.",
        silent_failures_of_nodes,
    ),
    Rule(
        "FAB-306",
        "A silent failure is over before etcd elects a leader",
        "warning",
        "TCP waits for its retransmission after the path is back, so etcd sees about twice the outage.",
        "etcd documentation, tuning; OpenShift etcd profiles; fabric (measured with 16 heartbeat streams)",
        "Set bfd.transmit_ms to 100; or run etcd with its slower profile, and say so in kubernetes.etcd_profile.",
        detection_and_election,
    ),
    Rule(
        "FAB-307",
        "No BGP password of nodes in FIPS mode",
        "error",
        "TCP-MD5 does not exist on a node in FIPS mode, so the session never comes up.",
        "RHEL-63205",
        "Leave passwords.cluster and passwords.nodes out; passwords.fabric is the switches' own affair.",
        no_password_in_fips_mode,
    ),
)
