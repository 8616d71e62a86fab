"""The fabrics that run on real FRR, each with a cable that breaks, and where the recordings of those runs are."""

from __future__ import annotations

from pathlib import Path

from fabric.config import FabricConfig
from tests.simulate import fabrics, fabrics_aspects, fabrics_corners, fabrics_far, fabrics_policy, fabrics_vrf

RECORDINGS = {8: Path(__file__).parent / "recordings", 10: Path(__file__).parent / "recordings" / "frr-10"}
"""By the release of FRR that was recorded."""

SCENES: dict[str, tuple[FabricConfig, str]] = {
    "numbered": (fabrics.numbered(), "s0:eth0 l0:eth0"),
    "unique-spines": (fabrics.numbered((65000, 65009)), "s0:eth0 l0:eth0"),
    "unnumbered": (fabrics.unnumbered(), "s1:eth1 l1:eth1"),
    "rhoso": (fabrics.rhoso(), "l0:eth2 c0:eth0"),
    "overlay": (fabrics_far.overlay(), "a0:eth0 b0:eth0"),
    "reflection": (fabrics_far.reflection(), "r0:eth2 c2:eth0"),
    "filtered": (fabrics_policy.filtered(), "p1:eth0 h0:eth1"),
    "sources": (fabrics_policy.sources(), "k0:eth0 k1:eth0"),
    "aspects": (fabrics_aspects.aspects(), "h0:eth1 r0:eth0"),
    "tenants": (fabrics_vrf.tenants(), "h0:eth0 a0:eth0"),
    "corners": (fabrics_corners.corners(), "h0:eth0 a0:eth0"),
}
