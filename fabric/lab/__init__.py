"""Labs: the devices of a fabric as real FRR daemons, in a sandbox that leaves nothing on the machine."""

from fabric.lab._agent import (
    AwaitFibResult,
    FibDifferences,
    PairResult,
    PathMtu,
    ProbePair,
    ProbeResult,
    ProbeSettings,
    TracedFlow,
    TraceEnd,
    TraceSettings,
)
from fabric.lab._channel import Progress
from fabric.lab._containers import ContainerlabEngine
from fabric.lab._design import ZonePair, design_of, fabric_of, impairments_of, plan_of, spec_of, zone_pairs_of
from fabric.lab._embedded import EmbeddedEngine
from fabric.lab._engine import LabEngine, LabStatus, UpResult
from fabric.lab._engines import ENGINES, all_engines, engine_named, find_lab, refuse_elsewhere, running_labs
from fabric.lab._enter import Completed
from fabric.lab._fault import DaemonName, Fault, FaultChange, Reconfigured, held
from fabric.lab._fib_model import (
    Forwarding,
    Hop,
    KernelFib,
    KernelNextHop,
    KernelRoute,
    RouteDifference,
    RouteKind,
    differences,
    hop,
)
from fabric.lab._frames import Frame, read_frame
from fabric.lab._frr import FrrInstallation, find_frr
from fabric.lab._impairment import LEAST_MTU, Impaired, Impairment, ImpairmentChange, Lateness
from fabric.lab._launch import UpOptions
from fabric.lab._packets import Listener, Said
from fabric.lab._places import netns_path
from fabric.lab._quorum import Leadership, Member, PeerStream, QuorumPhase, QuorumResult, Timers
from fabric.lab._running import Quorum, RunningLab, Streaming
from fabric.lab._spec import DeviceFiles, LabSpec
from fabric.lab._state import DaemonStatus
from fabric.lab._stream import Event, FlowPhase, Phase, StreamResult, StreamSettings

__all__ = [
    "ENGINES",
    "LEAST_MTU",
    "AwaitFibResult",
    "Completed",
    "ContainerlabEngine",
    "DaemonName",
    "DaemonStatus",
    "DeviceFiles",
    "EmbeddedEngine",
    "Event",
    "Fault",
    "FaultChange",
    "FibDifferences",
    "FlowPhase",
    "Forwarding",
    "Frame",
    "FrrInstallation",
    "Hop",
    "Impaired",
    "Impairment",
    "ImpairmentChange",
    "KernelFib",
    "KernelNextHop",
    "KernelRoute",
    "LabEngine",
    "LabSpec",
    "LabStatus",
    "Lateness",
    "Leadership",
    "Listener",
    "Member",
    "PairResult",
    "PathMtu",
    "PeerStream",
    "Phase",
    "ProbePair",
    "ProbeResult",
    "ProbeSettings",
    "Progress",
    "Quorum",
    "QuorumPhase",
    "QuorumResult",
    "Reconfigured",
    "RouteDifference",
    "RouteKind",
    "RunningLab",
    "Said",
    "StreamResult",
    "StreamSettings",
    "Streaming",
    "Timers",
    "TraceEnd",
    "TraceSettings",
    "TracedFlow",
    "UpOptions",
    "UpResult",
    "ZonePair",
    "all_engines",
    "design_of",
    "differences",
    "engine_named",
    "fabric_of",
    "find_frr",
    "find_lab",
    "held",
    "hop",
    "impairments_of",
    "netns_path",
    "plan_of",
    "read_frame",
    "refuse_elsewhere",
    "running_labs",
    "spec_of",
    "zone_pairs_of",
]
