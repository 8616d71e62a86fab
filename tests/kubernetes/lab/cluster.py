"""A small RHOSO fabric over two zones, and the resources that somebody wrote by hand for its two workers."""

from __future__ import annotations

from collections.abc import Iterator

TOPOLOGY = """
version: 1
name: cluster
profile: rhoso
families: [ipv4, ipv6]
spines: 2
borders: {routers: 1}
zones:
  - {name: zone-a, racks: [{name: rack-0, nodes: &rack {computes: 1, workers: 1}}]}
  - {name: zone-b, racks: [{name: rack-1, nodes: *rack}]}
node_groups:
  computes: {role: compute}
  workers: {role: worker}
networks:
  internalapi: {ipv4: 172.17.0.0/24, ipv6: "fd00:172:17::/64", roles: [worker]}
"""
VIPS = ("172.17.0.90", "fd00:172:17::90")
_NAMESPACE = "metallb-system"


def leaf_address(rack: int, side: int, version: int) -> str:
    """The leaf's end of a worker's link; the node's end is one higher."""
    return f"100.{64 + side}.{rack}.5" if version == 4 else f"2620:cf::100:{side}:{rack}:5"


def resources(peer_asn: int = 64999, password: str = "") -> dict[str, str]:
    """The files of the cluster by name; those two are of one peer, rack 0's first leaf in IPv4."""
    return {
        "peers.yaml": "\n---\n".join(_peers(peer_asn, password)),
        "services.yaml": _services(),
        "loopbacks.yaml": "\n---\n".join(_loopbacks(rack, peer_asn, password) for rack in (0, 1)),
    }


def _ends(rack: int) -> Iterator[tuple[int, int, str]]:
    """Side, version and address of every session of a rack's worker."""
    for version in (4, 6):
        for side in (0, 1):
            yield side, version, leaf_address(rack, side, version)


def _odd(address: str) -> bool:
    return address == leaf_address(0, 0, 4)


def _peers(peer_asn: int, password: str) -> Iterator[str]:
    for rack in (0, 1):
        for side, version, address in _ends(rack):
            secret = f"password: {password}" if password and _odd(address) else ""
            yield f"""
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {{name: rack-{rack}-leaf-{side}-ipv{version}, namespace: {_NAMESPACE}}}
spec:
  myASN: 64999
  peerASN: {peer_asn if _odd(address) else 64999}
  peerAddress: "{address}"
  holdTime: 9s
  keepaliveTime: 3s
  nodeSelectors: [{{matchLabels: {{kubernetes.io/hostname: rack-{rack}-worker-0}}}}]
  {secret}
"""


def _services() -> str:
    return f"""
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {{name: internalapi, namespace: {_NAMESPACE}}}
spec: {{addresses: [172.17.0.80-172.17.0.99, "fd00:172:17::80-fd00:172:17::99"]}}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {{name: all, namespace: {_NAMESPACE}}}
spec: {{ipAddressPools: [internalapi]}}
---
apiVersion: v1
kind: Service
metadata: {{name: keystone, namespace: openstack}}
spec: {{type: LoadBalancer}}
status: {{loadBalancer: {{ingress: [{{ip: {VIPS[0]}}}, {{ip: "{VIPS[1]}"}}]}}}}
"""


def _loopbacks(rack: int, peer_asn: int, password: str) -> str:
    """The node's own addresses, which MetalLB knows nothing of; every field that both describe has to agree."""
    own = {
        4: [f"99.99.{rack}.4/32", f"172.17.0.{10 + rack}/32"],
        6: [_loopback6(rack), f"fd00:172:17::{10 + rack:x}/128"],
    }
    neighbors = []
    for _, version, address in _ends(rack):
        asn = peer_asn if _odd(address) else 64999
        secret = f", password: {password}" if password and _odd(address) else ""
        prefixes = ", ".join(f'"{prefix}"' for prefix in own[version])
        neighbors.append(
            f'{{asn: {asn}, address: "{address}", holdTime: 9s, keepaliveTime: 3s{secret}, '
            f"toAdvertise: {{allowed: {{prefixes: [{prefixes}]}}}}}}"
        )
    prefixes = ", ".join(f'"{prefix}"' for entry in own.values() for prefix in entry)
    return f"""
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: own-rack-{rack}-worker-0, namespace: openshift-frr-k8s}}
spec:
  nodeSelector: {{matchLabels: {{kubernetes.io/hostname: rack-{rack}-worker-0}}}}
  bgp:
    routers:
    - asn: 64999
      id: 99.99.{rack}.4
      prefixes: [{prefixes}]
      neighbors: [{", ".join(neighbors)}]
"""


def _loopback6(rack: int) -> str:
    return "2620:cf:cf:cf99::4/128" if rack == 0 else f"2620:cf:cf:cf99::{rack}:4/128"
