"""What a schema cannot say about the cluster and about passwords: names that clash, settings that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fabric.errors import Problem
from fabric.topology._model import Topology
from fabric.topology._source import Source

_OF_THE_SEPARATE_AGENT = ("expose_tenant_networks", "reconcile_interval_s")


def cluster_problems(topology: Topology, source: Source) -> Iterator[Problem]:
    """Every problem of `kubernetes` and `passwords`."""
    yield from _repeated_nics("nics", topology.kubernetes.nics, source)
    yield from _repeated_nics("data_plane_nics", topology.kubernetes.data_plane_nics, source)
    agent = topology.kubernetes.agent
    for key in _OF_THE_SEPARATE_AGENT:
        if agent.kind != "ovn-bgp-agent" and key in agent.model_fields_set:
            found, allowed = f"a setting that '{agent.kind}' does not have", "kind: ovn-bgp-agent"
            yield source.problem(("kubernetes", "agent", key), found, allowed, "Leave it out, or choose that agent.")
    passwords = topology.passwords
    if passwords.file is not None and not passwords.names:
        found, allowed = "a file, and no session with a password", "a Secret's name for cluster, nodes or fabric"
        yield source.problem(("passwords", "file"), found, allowed, "Name the Secrets, or leave the file out.")


def _repeated_nics(key: str, nics: Mapping[str, str], source: Source) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for port, nic in nics.items():
        other = first.setdefault(nic, port)
        if other != port:
            found = f"{nic}, which {other} has too"
            yield source.problem(("kubernetes", key, port), found, "a NIC a port", "Change one of the two.")
