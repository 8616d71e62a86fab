"""What a topology file says of the OpenShift cluster whose nodes the fabric connects, and of passwords."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from fabric.topology._values import DeviceName, Name, Prefix4, Role, Strict, Switch

SecretName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["bgp-cluster"])]
Nic = Annotated[str, Field(pattern=r"^[^\s/:]{1,15}$", examples=["enp8s0"])]
Port = Annotated[str, Field(pattern=r"^eth[0-9]{1,3}$", examples=["eth1"])]
Release = Literal["4.18", "4.19", "4.20", "4.21", "4.22"]


class Passwords(Strict):
    """TCP-MD5 passwords (RFC 2385) of BGP sessions: the name of the Secret that holds each, never the password."""

    cluster: SecretName | None = None
    """Secret of the sessions between leaves and the nodes of the OpenShift cluster."""
    nodes: SecretName | None = None
    """Secret of the sessions between leaves and all other nodes, such as the data plane's."""
    fabric: SecretName | None = None
    """Secret of the sessions between switches."""
    file: Annotated[str, Field(min_length=1, examples=["secrets.yaml"])] | None = None
    """File with Secret documents that hold the passwords, relative to the topology file. What it lacks, and all without
    one, comes from environment variables: `FABRIC_PASSWORD_BGP_CLUSTER` for the Secret `bgp-cluster`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The Secrets that are named, each once."""
        return tuple(dict.fromkeys(name for name in (self.cluster, self.nodes, self.fabric) if name))


class Agent(Strict):
    """What tells FRR on data-plane nodes about OpenStack's addresses."""

    kind: Literal["ovn-bgp", "ovn-bgp-agent", "ovn-evpn"] = "ovn-bgp"
    """`ovn-bgp` and `ovn-evpn`: extensions of neutron's OVN agent; `ovn-bgp-agent`: the older agent beside it."""
    expose_tenant_networks: Switch = False
    """Announce addresses of tenant networks too (`ovn-bgp-agent`)."""
    reconcile_interval_s: Annotated[int, Field(strict=True, ge=1, le=86_400)] | None = None
    """Seconds between two full comparisons (`ovn-bgp-agent`); default: the role's."""
    main_router_vrf: Annotated[int, Field(strict=True, ge=1, le=4_294_967_295)] = 42
    """Id of the VRF whose routes are announced (`ovn-bgp`): neutron's `main_router_vrf_id`."""
    chassis_router_vrf: Annotated[int, Field(strict=True, ge=1, le=4_294_967_295)] = 10
    """Id of the VRF that learns routes (`ovn-bgp`): neutron's `chassis_router_vrf_id`."""
    vxlan_port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = 60_010
    """UDP port of child VXLANs (`ovn-evpn`)."""


class Kubernetes(Strict):
    """The OpenShift cluster whose nodes the fabric connects. What is left out is as the release has it."""

    release: Release = "4.20"
    """OpenShift release: its resources have only the fields that its controllers know."""
    peering: Literal["metallb", "frr-k8s"] | None = None
    """Who writes the sessions of nodes with virtual addresses: `metallb` (BGPPeers) or `frr-k8s` (FRRConfigurations
    made by hand, for clusters without MetalLB). Default: MetalLB where it can."""
    pods_over_bgp: Switch = True
    """Whether infra-operator announces OpenStack's pods (BGPConfiguration)."""
    node_roles: Annotated[tuple[Role, ...], Field(min_length=1)] | None = None
    """Roles of the cluster's nodes; default: workers and control-plane nodes, outside `rhoso` servers too."""
    metallb_namespace: Name | None = None
    """Namespace of MetalLB."""
    frr_configuration_namespace: Name | None = None
    """Namespace of FRRConfigurations, where frr-k8s runs."""
    openstack_namespace: Name = "openstack"
    """Namespace of the OpenStack control plane."""
    tuned_namespace: DeviceName = "openshift-cluster-node-tuning-operator"
    """Namespace of the Node Tuning Operator."""
    remediation_namespace: DeviceName = "openshift-workload-availability"
    """Namespace of Node Health Check and Self Node Remediation."""
    nics: Mapping[Port, Nic] = {}
    """The nodes' NIC for a port of the plan, such as `eth1: enp8s0`; a port left out keeps its name."""
    data_plane_nics: Mapping[Port, Nic] = {}
    """os-net-config's NIC for a port of the plan; left out, `eth1` is `nic2`, for `nic1` is the control plane's."""
    agent: Agent = Field(default_factory=Agent.model_construct)
    """The agent of the data-plane nodes."""
    ctlplane: Prefix4 | None = None
    """Control-plane (SSH) subnet of the first rack, whose gateway is its first address; the next racks have the ones
    after it. Default: 192.168.122.0/24."""
    cluster_networks: tuple[Prefix4, ...] | None = None
    """Where the cluster's nodes are, which data-plane nodes answer over their control-plane gateway. Default:
    192.168.111.0/24 and 192.168.125.0/24."""
    dns_domain: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")] = "example.com"
    """Domain of the data plane's networks."""
    ansible_user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] = "cloud-admin"
    """User that Ansible logs in with on data-plane nodes."""
    products: tuple[Literal["odf", "fusion"], ...] = ()
    """Products with limits of their own that `fabric check` knows: OpenShift Data Foundation, IBM Fusion stretched."""
    etcd_profile: Literal["standard", "slower"] = "standard"
    """Timers of etcd: heartbeat 100 ms and election 1000 ms, or 500 and 2500 ms."""
    etcd_round_trip_ms: Annotated[float, Field(strict=True, ge=0, le=60_000)] | None = None
    """Measured round trip between etcd members in ms, disk and jitter included; it is not the network's RTT."""
    provisioning: Literal["machine-network", "separate"] = "machine-network"
    """The network over which bare-metal nodes are provisioned."""
    fips: Switch = False
    """The nodes run in FIPS mode, which knows no TCP-MD5 passwords."""
    ssh_secret: SecretName = "dataplane-ansible-ssh-private-key-secret"  # noqa: S105 - the name of a Secret
    """Secret with Ansible's private key."""
