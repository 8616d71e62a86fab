"""Variables of the `edpm` Ansible roles: FRR, the agent that tells it about OpenStack, and os-net-config."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fabric.config import BgpInstance, Interface, Neighbor
from fabric.kubernetes.emit._cluster import Cluster, FabricNode
from fabric.kubernetes.emit._netconfig import CTLPLANE, DataPlane, network_name, rack_of

Vars = dict[str, Any]


def role_vars(plane: DataPlane, nodes: tuple[FabricNode, ...]) -> Vars:
    """What the nodes of one rack and role have in common."""
    first, cluster = nodes[0], plane.cluster
    ranges = [str(plane.control_subnets[rack_of(first)])]
    ranges += [str(network) for network in cluster.options.cluster_networks]
    return {
        **_frr_vars(first),
        **_agent_vars(cluster, first),
        "edpm_ovn_encap_ip": "{{ bgpmainnet_ip }}" if first.plan.loopbacks[0].version == 4 else "{{ bgpmainnetv6_ip }}",
        **({"edpm_enable_chassis_gw": True} if first.role == "networker" else {}),
        "edpm_network_config_hide_sensitive_logs": False,
        "edpm_network_config_template": network_template(plane, first),
        "edpm_sshd_allowed_ranges": ranges,
        "edpm_sshd_configure_firewall": True,
        "gather_facts": False,
        "neutron_physical_bridge_name": "br-ex",
    }


def _frr_vars(node: FabricNode) -> Vars:
    """One peer group for all sessions, so what the role takes once is taken from the first of them."""
    first, loopbacks = node.bgp.neighbors[0], {address.version for address in node.plan.loopbacks}
    own_asn = first.families[0].allowas_in is not None
    return {
        "edpm_frr_bgp_asn": node.bgp.asn,
        "edpm_frr_bgp_uplinks_scope": _scope(node.bgp, first),
        "edpm_frr_bgp_ipv4": 4 in loopbacks,
        "edpm_frr_bgp_ipv4_allowas_in": own_asn,
        "edpm_frr_bgp_ipv4_src_network": "bgpmainnet",
        "edpm_frr_bgp_ipv6": 6 in loopbacks,
        "edpm_frr_bgp_ipv6_allowas_in": own_asn,
        "edpm_frr_bgp_ipv6_src_network": "bgpmainnetv6",
        "edpm_frr_bgp_neighbor_ttl_security_hops": 0,
        "edpm_frr_bgp_graceful_shutdown": node.bgp.graceful_shutdown,
        "edpm_frr_bgp_learning_routes": False,
        **_timer_vars(first),
        **_bfd_vars(node, first),
    }


def _scope(instance: BgpInstance, neighbor: Neighbor) -> str:
    return "internal" if neighbor.remote_as in ("internal", instance.asn) else "external"


def _timer_vars(neighbor: Neighbor) -> Vars:
    timers = neighbor.timers
    found: Vars = {}
    if timers:
        found["edpm_frr_bgp_neighbor_keepalive"] = timers.keepalive_s
        found["edpm_frr_bgp_neighbor_holdtime"] = timers.hold_s
    if neighbor.connect_s:
        found["edpm_frr_bgp_neighbor_timers_connect"] = neighbor.connect_s
    return found


def _bfd_vars(node: FabricNode, neighbor: Neighbor) -> Vars:
    profile = next((entry for entry in node.config.bfd_profiles if entry.name == neighbor.bfd_profile), None)
    if profile is None:
        return {"edpm_frr_bfd": False}
    return {
        "edpm_frr_bfd": True,
        "edpm_frr_bfd_detect_multiplier": profile.multiplier,
        "edpm_frr_bfd_transmit_interval": profile.transmit_ms,
        "edpm_frr_bfd_receive_interval": profile.receive_ms,
    }


def _bridge(number: int) -> str:
    return f"br-bgp-{number}"


def _agent_vars(cluster: Cluster, node: FabricNode) -> Vars:
    bridges = ",".join(_bridge(number) for number, _ in enumerate(node.ports))
    options = cluster.options
    match options.agent:
        case "ovn-bgp":
            return {
                "edpm_frr_ovn_vrf_advertise": f"ovnvrf{options.main_router_vrf}",
                "edpm_frr_ovn_vrf_learn": f"ovnvrf{options.chassis_router_vrf}",
                "edpm_neutron_ovn_agent_agent_extensions": "metadata,ovn-bgp",
                "edpm_neutron_ovn_agent_bgp_peer_bridges": bridges,
            }
        case "ovn-evpn":
            return {
                "edpm_frr_bgp_l2vpn": True,
                "edpm_frr_bgp_l2vpn_peers": [],
                "edpm_frr_bgp_l2vpn_uplink_activate": True,
                "edpm_neutron_ovn_agent_agent_extensions": "metadata,ovn-evpn",
                "edpm_neutron_ovn_agent_ovn_evpn_bgp_as": node.bgp.asn,
                "edpm_neutron_ovn_agent_ovn_evpn_bgp_local_interface": _bridge(0),
                "edpm_neutron_ovn_agent_ovn_evpn_child_vxlan_port": options.vxlan_port,
            }
        case "ovn-bgp-agent":
            interval = options.reconcile_interval_s
            return {
                "edpm_ovn_bgp_agent_bgp_as": node.bgp.asn,
                "edpm_ovn_bgp_agent_expose_tenant_networks": options.expose_tenant_networks,
                **({"edpm_ovn_bgp_agent_reconcile_interval": interval} if interval else {}),
            }


def node_vars(cluster: Cluster, node: FabricNode) -> Vars:
    """A node's own peers, and its router id where no IPv4 loopback gives one (the role reads `bgpmainnet_ip`)."""
    found = _peer_vars(cluster, node)
    if all(address.version == 6 for address in node.plan.loopbacks):
        found["bgpmainnet_ip"] = node.bgp.router_id
    return found


def _peer_vars(cluster: Cluster, node: FabricNode) -> Vars:
    """The addresses of its leaves, or its ports where the links have no addresses."""
    if any(neighbor.by_interface for neighbor in node.bgp.neighbors):
        return {"edpm_frr_bgp_uplinks": [_nic(cluster, str(n.peer)) for n in node.bgp.neighbors]}
    peers = [str(neighbor.peer) for neighbor in node.bgp.neighbors]
    if cluster.options.agent != "ovn-bgp-agent":
        return {"edpm_frr_bgp_peers": peers}
    ipv4 = [str(n.peer) for n in node.bgp.neighbors if n.families[0].family == "ipv4"]
    return {"edpm_frr_bgp_peers": peers, "edpm_ovn_bgp_agent_local_ovn_peer_ips": ipv4}


def _nic(cluster: Cluster, port: str) -> str:
    """os-net-config's name: `nic1` is the control plane's, the ports of the plan come after it."""
    number = int(port.removeprefix("eth"))
    return cluster.options.data_plane_nics.get(port, f"nic{number + 1}")


def network_template(plane: DataPlane, node: FabricNode) -> str:
    """os-net-config's input, as the Jinja template that Ansible fills in for each node."""
    lines = [
        "---",
        "network_config:",
        "- type: ovs_bridge",
        "  name: {{ neutron_physical_bridge_name }}",
        "  use_dhcp: false",
        "- type: interface",
        "  name: nic1",
        "  use_dhcp: false",
        "  defroute: false",
        f"  mtu: {{{{ {CTLPLANE}_mtu }}}}",
        "  dns_servers: {{ ctlplane_dns_nameservers }}",
        "  domain: {{ dns_search_domains }}",
        "  addresses:",
        f"  - ip_netmask: {{{{ {CTLPLANE}_ip }}}}/{{{{ {CTLPLANE}_cidr }}}}",
        f"  routes: {{{{ {CTLPLANE}_host_routes }}}}",
    ]
    for number, _ in enumerate(node.ports):
        lines += _port_lines(plane.cluster, node, number)
    return "\n".join([*lines, *_loopback_lines(plane, node), ""])


def _port_lines(cluster: Cluster, node: FabricNode, number: int) -> Iterator[str]:
    """A port towards a leaf: on a bridge of its own where neutron is to see it."""
    port, bridged = node.ports[number], cluster.options.agent != "ovn-bgp-agent"
    yield f"- type: {'ovs_bridge' if bridged else 'interface'}"
    yield f"  name: {_bridge(number) if bridged else _nic(cluster, port.name)}"
    yield "  use_dhcp: false"
    yield f"  mtu: {port.mtu}"
    if port.addresses:
        yield "  addresses:"
    for address in port.addresses:
        name = f"bgpnet{number}" + ("v6" if address.version == 6 else "")
        yield f"  - ip_netmask: {{{{ lookup('vars', '{name}_ip') }}}}/{address.network.prefixlen}"
    if bridged:
        yield from (
            "  members:",
            "  - type: interface",
            f"    name: {_nic(cluster, port.name)}",
            f"    mtu: {port.mtu}",
        )
    for vlan in (entry for entry in node.vlans if entry.parent == port.name):
        yield from _vlan_lines(cluster, node, vlan, device=None if bridged else _nic(cluster, port.name))


def _vlan_lines(cluster: Cluster, node: FabricNode, vlan: Interface, device: str | None) -> Iterator[str]:
    """A segment's VLAN: a member of the port's bridge, or, with a device, on the port itself."""
    indent = "" if device else "  "
    yield f"{indent}- type: vlan"
    if device:
        yield f"  device: {device}"
    yield from (f"{indent}  vlan_id: {vlan.vlan}", f"{indent}  use_dhcp: false", f"{indent}  mtu: {vlan.mtu}")
    yield f"{indent}  addresses:"
    network = network_name(cluster.segment_of(node, vlan).network)
    for address in vlan.addresses:
        name = network + ("v6" if address.version == 6 else "")
        yield f"{indent}  - ip_netmask: {{{{ lookup('vars', '{name}_ip') }}}}/{address.network.prefixlen}"


def _loopback_lines(plane: DataPlane, node: FabricNode) -> Iterator[str]:
    ports = {address.ip for port in (*node.ports, *node.vlans) for address in port.addresses}
    yield from ("- type: interface", "  name: lo", "  use_dhcp: false", "  addresses:")
    for place in plane.places(node):
        if place.network != CTLPLANE and place.address not in ports:
            variable = f"{place.network.lower()}_ip"
            yield f"  - ip_netmask: {{{{ lookup('vars', '{variable}') }}}}/{place.address.max_prefixlen}"
