"""What a person writes: the topology file, version 1, as typed values.

The published JSON Schema (`fabric schema`) is generated from these classes, so their attribute docstrings are
written for somebody who completes a YAML file in an editor.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from fabric.topology._cluster import Kubernetes, Passwords
from fabric.topology._intents import Intent
from fabric.topology._suppression import Suppression
from fabric.topology._values import (
    AnyAddress,
    Asn,
    DeviceName,
    Members,
    Mtu,
    Name,
    Prefix4,
    Prefix6,
    Role,
    Stretch,
    Strict,
    Switch,
)

Profile = Literal["rfc7938", "rhoso"]
FamilyName = Literal["ipv4", "ipv6"]


class Pool(Strict):
    """An address pool, one prefix a family."""

    ipv4: Prefix4 | None = None
    """IPv4 prefix, such as `10.255.0.0/16`."""
    ipv6: Prefix6 | None = None
    """IPv6 prefix, such as `fd00:fab:255::/64`."""


class Pools(Strict):
    """Where addresses come from. What is left out takes the profile's default."""

    loopbacks: Pool | None = None
    """Loopback addresses of every device, one block a rack; their IPv4 addresses are the router ids."""
    fabric_links: Pool | None = None
    """Links between switches, used where `links.fabric` is `numbered`."""
    node_links: Pool | None = None
    """Links between leaves and nodes, used where `links.nodes` is `numbered`."""
    networks: Pool | None = None
    """Subnets of the networks that name no prefix of their own: a block a zone, in it a block a rack, in that a subnet
    a network, so that a rack and a zone are one prefix each. Needs `growth.racks_per_zone`."""


class AsnRange(Strict):
    """ASNs from `first` to `last`, both included."""

    first: Asn
    """The lowest ASN."""
    last: Asn
    """The highest ASN."""


NodeAsns = Literal["leaf", "per-node", "per-rack", "shared"]


class RackAsn(Strict):
    """ASNs of one rack, where it differs from the fabric."""

    leaves: Literal["per-leaf", "per-rack"] | None = None
    """One ASN for each of its leaves, or one for all of them."""
    nodes: NodeAsns | None = None
    """`leaf` makes it an iBGP rack: its leaves reflect routes to its nodes, in one ASN; all else are eBGP racks."""


class AsnPlan(Strict):
    """How autonomous system numbers are given out. What is left out takes the profile's default."""

    width: Literal[2, 4] | None = None
    """Bytes of the private range used: 2 (64512-65534) or 4 (4200000000-4294967294), RFC 6996."""
    leaves: Literal["per-leaf", "per-rack", "per-zone", "shared"] | None = None
    """Who shares a leaf ASN. `per-zone` and `shared` make leaves accept their own ASN (`allowas-in`)."""
    spines: Literal["shared", "unique"] | None = None
    """One ASN for all spines of a pod (RFC 7938 section 5.2.2), or one each."""
    nodes: NodeAsns | None = None
    """`leaf`: nodes are iBGP clients of route-reflecting leaves; otherwise who shares a node ASN. A rack may differ."""
    equal_lengths: Switch = True
    """Where some racks have iBGP nodes and others eBGP nodes: leaves of the former prepend their ASN once, so that an
    address announced in racks of both kinds is reached in all of them. Otherwise the shorter AS path takes it all."""
    super_spine_range: AsnRange | None = None
    """Range of super-spine ASNs."""
    spine_range: AsnRange | None = None
    """Range of spine ASNs."""
    border_range: AsnRange | None = None
    """Range of border ASNs."""
    leaf_range: AsnRange | None = None
    """Range of leaf ASNs."""
    node_range: AsnRange | None = None
    """Range of node ASNs."""
    overrides: Mapping[DeviceName, Asn] = {}
    """ASNs of single devices, by name."""
    allow_public: Switch = False
    """Accept public ASNs in ranges and overrides; without it only private ones (RFC 6996) pass, so that a slip of the
    pen takes nobody's number. Reserved ones never pass."""


class Links(Strict):
    """How links are addressed, and used by BGP. What is left out takes the profile's default."""

    fabric: Literal["numbered", "unnumbered"] | None = None
    """Links between switches; unnumbered sessions run over link-local addresses (RFC 8950 next hops). FRR 10.3 leaves
    some with BFD down after their link returned, where a numbered port of the switch came up meanwhile."""
    nodes: Literal["numbered", "unnumbered"] | None = None
    """Links between leaves and nodes."""
    fabric_prefix: Literal[30, 31] | None = None
    """IPv4 prefix length of a numbered fabric link; IPv6 uses /126 or /127 alike."""
    node_prefix: Literal[30, 31] | None = None
    """IPv4 prefix length of a numbered node link; IPv6 uses /126 or /127 alike."""
    dialled_from: Literal["both-ends", "below"] = "both-ends"
    """Who opens BGP connections. `below`: numbered eBGP sessions with BFD that we configure at both ends are `passive`
    at the upper end, which keeps FRR 8.4 from resetting some as their link returns; after silence, and with FRR 10.3,
    some return later."""


class MtuPlan(Strict):
    """MTU in bytes of the IP packet."""

    fabric: Mtu = 9216
    """Links between switches."""
    nodes: Mtu = 1500
    """Links between leaves and nodes."""


class Bfd(Strict):
    """Bidirectional forwarding detection (RFC 5880); detection time is `multiplier` x `transmit_ms`."""

    fabric: Switch = True
    """BFD on the sessions between switches."""
    nodes: Switch | None = None
    """BFD on the sessions between leaves and nodes; the profile decides where this is left out."""
    transmit_ms: Annotated[int, Field(strict=True, ge=10, le=60_000)] = 300
    """Transmit and receive interval."""
    multiplier: Annotated[int, Field(strict=True, ge=2, le=255)] = 3
    """Packets lost before the session is down."""


class Timers(Strict):
    """BGP timers in seconds."""

    keepalive_s: Annotated[int, Field(strict=True, ge=1, le=21_845)] = 3
    """Interval of keepalive messages; at most a third of `hold_s`."""
    hold_s: Annotated[int, Field(strict=True, ge=3, le=65_535)] = 9
    """Silence after which a session is down (RFC 4271 section 4.2)."""
    connect_s: Annotated[int, Field(strict=True, ge=1, le=65_535)] | None = None
    """Wait before another attempt to connect; default: 2 where the lower end alone dials, else 10."""


class Growth(Strict):
    """How many of each the plan leaves room for, so that growth within it moves no address."""

    spines: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    """Spines a pod, super-spines, and border routers."""
    pods: Annotated[int, Field(strict=True, ge=1, le=1024)] = 16
    """Pods of a five-stage fabric."""
    leaves_per_rack: Annotated[int, Field(strict=True, ge=1, le=8)] = 2
    """Leaves a rack."""
    nodes_per_rack: Annotated[int, Field(strict=True, ge=1, le=1024)] = 64
    """Nodes a rack, and nodes at the border routers."""
    racks: Annotated[int, Field(strict=True, ge=1, le=65_536)] | None = None
    """Racks of the fabric; default: 256, or as many as there are."""
    racks_per_zone: Annotated[int, Field(strict=True, ge=1, le=4096)] | None = None
    """Racks of a zone. With it a zone's racks stand beside each other in every pool, however the fabric grows, so that
    one prefix sums a zone up; without it racks are numbered through."""
    zones: Annotated[int, Field(strict=True, ge=1, le=1024)] = 16
    """Zones, where `racks_per_zone` is set."""
    networks_per_rack: Annotated[int, Field(strict=True, ge=1, le=256)] = 8
    """Networks that take subnets out of `pools.networks`."""
    placement: Literal["by-name", "next-free"] = "by-name"
    """Where a ledger puts what is new: `by-name`: where the name of its rack or zone picks a free place, so that two
    branches that each add a rack merge; `next-free`: at the next free value, as in a first plan."""


class NodeGroup(Strict):
    """Nodes that are alike."""

    role: Role
    """What the nodes are for; the profile derives their routing from it."""
    routing: Literal["bgp", "static"] | None = None
    """`bgp`: the node speaks BGP with its leaves; `static`: its leaves route to it. Default: by role."""
    uplinks: Annotated[int, Field(strict=True, ge=1, le=8)] | None = None
    """How many of the rack's leaves a node is connected to; default: all of them."""


class Range(Strict):
    """Addresses of each subnet, counted from its start."""

    offset: Annotated[int, Field(strict=True, ge=1)]
    """The first one's offset."""
    count: Annotated[int, Field(strict=True, ge=1)]
    """How many there are."""


class Network(Strict):
    """A network of the nodes, in subnets of its own."""

    kind: Literal["routed", "segment"] = "routed"
    """`routed`: nodes carry their addresses on the loopback and the fabric routes each (/32, /128);
    `segment`: an Ethernet segment (VLAN) with a gateway, such as a rack's control-plane network."""

    ipv4: Prefix4 | None = None
    """IPv4 prefix of the whole network."""
    ipv6: Prefix6 | None = None
    """IPv6 prefix of the whole network."""
    scope: Literal["fabric", "zone", "rack"] = "fabric"
    """One subnet for the fabric, one a zone, or one a rack."""
    confined: Switch = False
    """Keep each zone's or rack's subnet to itself: leaves learn no address of another one and drop packets to it.
    Storage is then reached from its own zone alone. Needs `scope: zone` or `rack`, and prefixes of its own."""
    subnet_prefix: Annotated[int, Field(strict=True, ge=8, le=30)] | None = None
    """IPv4 prefix length of a zone's or rack's subnet; default: 24. IPv6 subnets are a /64."""
    vlan: Annotated[int, Field(strict=True, ge=1, le=4094)] | None = None
    """VLAN of a segment, the same in every subnet; default: one that is free."""
    gateway: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Offset of a segment's gateway in its subnet; default: 1."""
    allocation: Range | None = None
    """Addresses that are left to others, such as pods or a DHCP server."""
    roles: tuple[Role, ...] = ()
    """Roles whose nodes have an address in the network."""
    vips: Annotated[int, Field(strict=True, ge=0, le=1024)] = 0
    """Virtual addresses (load-balancer addresses) that every node of `vip_roles` announces, a subnet."""
    vip_roles: tuple[Role, ...] = ("worker",)
    """Roles whose nodes announce the virtual addresses."""
    vip_offset: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Offset of the first virtual address in a subnet; default: right below the subnet's end."""


class PortGroup(Strict):
    """Ports of a switch that are alike."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,9}\{\}$", examples=["swp{}"])]
    """Name of a port as the switch's system has it, with `{}` in place of its number."""
    first: Annotated[int, Field(strict=True, ge=0, le=1024)] = 1
    """Number of the first port."""
    count: Annotated[int, Field(strict=True, ge=1, le=1024)]
    """How many there are."""
    speed_gbps: Annotated[int, Field(strict=True, ge=1, le=1600)]
    """Speed of a whole port."""
    use: Literal["uplink", "downlink", "any"] = "any"
    """What the ports are for: links to the tier above, to the tier below or nodes, or both."""
    breakout: Literal[1, 2, 4, 8] = 1
    """Into how many ports of equal speed a port is split; they are called `…s0`, `…s1` and so on."""


class Hardware(Strict):
    """A model of switch."""

    ports: Annotated[tuple[PortGroup, ...], Field(min_length=1)]
    """Its ports, in order."""


class Models(Strict):
    """Which model the switches of a tier are; without one, ports are called `eth1` and up and have no end."""

    leaf: Name | None = None
    """Model of the leaves."""
    spine: Name | None = None
    """Model of the spines."""
    super_spine: Name | None = None
    """Model of the super-spines."""
    border: Name | None = None
    """Model of the border routers."""


class Rack(Strict):
    """A rack: leaves and the nodes connected to all of them."""

    name: Name
    """Unique in the fabric."""
    leaves: Members = 2
    """Leaves of the rack."""
    nodes: Mapping[Name, Members] = {}
    """Nodes of the rack by node group."""
    pod: Name | None = None
    """Pod whose spines the leaves connect to; default: the zone's pod."""
    asn: RackAsn | None = None
    """ASNs of this rack, where it differs from the fabric: iBGP and eBGP racks may stand side by side."""


class Zone(Strict):
    """A failure domain (`topology.kubernetes.io/zone`)."""

    name: Name
    """Unique in the fabric."""
    racks: Annotated[tuple[Rack, ...], Field(min_length=1)]
    """Racks of the zone."""
    pod: Name | None = None
    """Pod of the zone's racks; needed where the fabric has several pods."""


class Pod(Strict):
    """A group of spines of a five-stage fabric, joined to other pods by the super-spines."""

    name: Name
    """Unique in the fabric."""
    spines: Members
    """Spines of the pod; with `planes` they belong to the planes in turn."""


class Borders(Strict):
    """Routers that lead out of the fabric, connected to every spine (every super-spine where there are some)."""

    routers: Members = 1
    """Border routers."""
    nodes: Mapping[Name, Members] = {}
    """Nodes connected to every border router, such as a tester outside the racks."""
    announce: Literal["hosts", "summaries"] = "hosts"
    """What these nodes are told beside the default route: every host route, or one aggregate for each zone's block and
    each network. Inside the fabric routes are never summed up: a switch that lost a link would attract what it cannot
    deliver (RFC 7938 section 8.2)."""


class InterZone(Strict):
    """What lies between two zones."""

    zones: tuple[Name, Name]
    """The two zones."""
    rtt_ms: Annotated[float, Field(strict=True, ge=0, le=10_000)] = 0.0
    """Round-trip time in ms between the zones."""
    mtu: Mtu | None = None
    """Largest IP packet in bytes that passes between the zones; default: as the fabric's links."""


class LinkImpairment(Strict):
    """What links of a lab do to packets, as `fabric lab impair` does it at run time."""

    target: Annotated[str, Field(pattern=r"^(link|node|rack|zone|tier):\S+$|^zones:\S+--\S+$")]
    """`link:DEVICE:PORT` (what that port sends), `link:A--B`, `node:DEVICE`, `rack:RACK`, `zone:ZONE`, `tier:ROLE` (all
    their cables, both ways) or `zones:A--B` (what one zone sends to the other, both ways)."""
    delay_ms: Annotated[float, Field(strict=True, ge=0, le=10_000)] = 0.0
    """Delay in ms, one way."""
    jitter_ms: Annotated[float, Field(strict=True, ge=0, le=10_000)] = 0.0
    """The delay of each packet lies evenly within this much of `delay_ms`."""
    loss_percent: Annotated[float, Field(strict=True, ge=0, le=100)] = 0.0
    """Packets lost, in percent."""
    corrupt_percent: Annotated[float, Field(strict=True, ge=0, le=100)] = 0.0
    """Packets with one bit flipped, in percent."""
    rate_mbit: Annotated[float, Field(strict=True, gt=0)] | None = None
    """Rate in Mbit/s."""
    mtu: Mtu | None = None
    """Largest IP packet in bytes."""


class Rhoso(Strict):
    """Choices of the `rhoso` profile."""

    default_route: Literal["propagated", "originated"] = "propagated"
    """`propagated`: the border's default route is passed on, so that an isolated switch stops attracting traffic;
    `originated`: every switch announces one by itself, as the published references do."""
    node_routes: Literal["static", "learned"] = "static"
    """How OpenShift nodes reach the fabric. `static`: by routes of their network policy, as the references do;
    `learned`: by host routes that they learn over BGP, so that a leaf that dies silently attracts nothing."""


class Topology(Strict):
    """A topology file."""

    version: Literal[1]
    """Version of the file format."""
    name: Name
    """Name of the fabric, and of its lab."""
    description: str = ""
    """What the fabric is for."""
    profile: Profile = "rfc7938"
    """`rfc7938`: eBGP everywhere; `rhoso`: as the published OpenStack on OpenShift references do it."""
    families: Annotated[tuple[FamilyName, ...], Field(min_length=1, max_length=2)] = ("ipv4",)
    """Address families of the fabric."""
    first_index: Literal[0, 1] | None = None
    """Number of the first spine, leaf and node in names that are made; default: 1, `rhoso`: 0."""
    spines: Members = 0
    """Spines of a three-stage fabric; leave out where `pods` are given."""
    pods: tuple[Pod, ...] = ()
    """Pods of a five-stage fabric."""
    super_spines: Members = 0
    """Super-spines, which join the pods; each is connected to every spine of its plane."""
    planes: Annotated[int, Field(strict=True, ge=1, le=64)] = 1
    """Planes of a five-stage fabric: the spines of a pod belong to them in turn, and so do the super-spines, and only
    those of one plane are connected. Each plane is a fabric of its own between the pods, and a super-spine needs ports
    for its plane's spines alone. More spines later leave every cable where it is; another number of planes does not."""
    borders: Borders | None = None
    """Border routers."""
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)]
    """Failure domains with their racks."""
    node_groups: Mapping[Name, NodeGroup] = {}
    """Groups of nodes that racks refer to; their order is the order of ports on a leaf."""
    networks: Mapping[Name, Network] = {}
    """Networks of host addresses."""
    pools: Pools = Field(default_factory=Pools.model_construct)
    """Address pools."""
    asn: AsnPlan = Field(default_factory=AsnPlan.model_construct)
    """Autonomous system numbers."""
    links: Links = Field(default_factory=Links.model_construct)
    """Addressing of links."""
    mtu: MtuPlan = Field(default_factory=MtuPlan.model_construct)
    """MTUs."""
    bfd: Bfd = Field(default_factory=Bfd.model_construct)
    """Failure detection."""
    timers: Timers = Field(default_factory=Timers.model_construct)
    """BGP timers."""
    hardware: Mapping[Name, Hardware] = {}
    """Models of switches that `models` refers to."""
    models: Models = Field(default_factory=Models.model_construct)
    """The model of each tier's switches."""
    exclude: tuple[Stretch, ...] = ()
    """Addresses, prefixes and ranges (`172.18.0.10-172.18.0.20`) that are given out to nobody."""
    pins: Mapping[DeviceName, Mapping[Name, tuple[AnyAddress, ...]]] = {}
    """Addresses of single nodes, by node and network."""
    inter_zone: tuple[InterZone, ...] = ()
    """Latency and MTU between zones."""
    impairments: tuple[LinkImpairment, ...] = ()
    """What links do to packets in a lab, once it is asked for: `fabric lab up --impaired`."""
    intents: tuple[Intent, ...] = ()
    """What the fabric is to do, which simulator and lab are asked alike."""
    growth: Growth = Field(default_factory=Growth.model_construct)
    """Room for growth."""
    rhoso: Rhoso = Field(default_factory=Rhoso.model_construct)
    """What only the `rhoso` profile can choose."""
    kubernetes: Kubernetes = Field(default_factory=Kubernetes.model_construct)
    """The OpenShift cluster."""
    passwords: Passwords = Field(default_factory=Passwords.model_construct)
    """Passwords of BGP sessions."""
    suppress: tuple[Suppression, ...] = ()
    """Findings of `fabric check` that are accepted, each with its reason."""
