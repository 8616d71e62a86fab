"""Labs: the devices of a fabric as real FRR daemons, in a sandbox that leaves nothing on the machine."""

from fabric.lab._channel import Progress
from fabric.lab._engine import EmbeddedEngine, LabEngine, LabStatus, UpResult
from fabric.lab._enter import Completed
from fabric.lab._frr import FrrInstallation, find_frr
from fabric.lab._launch import UpOptions
from fabric.lab._places import netns_path
from fabric.lab._spec import DeviceFiles, LabSpec
from fabric.lab._state import DaemonStatus

__all__ = [
    "Completed",
    "DaemonStatus",
    "DeviceFiles",
    "EmbeddedEngine",
    "FrrInstallation",
    "LabEngine",
    "LabSpec",
    "LabStatus",
    "Progress",
    "UpOptions",
    "UpResult",
    "find_frr",
    "netns_path",
]
