"""The exact lines of `frr.conf` that a release's templates write, without their blank lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fabric.kubernetes._golang import Family
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._api import BfdProfile, Evpn, Vni
from fabric.kubernetes.frr_k8s._filters import ListEntry, MapEntry, Statement, filter_statements
from fabric.kubernetes.frr_k8s._internal import MergedConfig, RouterConfig, Session

_DEBUG = (
    *(f"debug zebra {topic}" for topic in ("events", "nht", "kernel", "rib", "nexthop")),
    *(f"debug bgp {topic}" for topic in ("neighbor-events", "updates", "keepalives", "nht", "zebra")),
    *(f"debug bfd {topic}" for topic in ("network", "peer", "zebra")),
)


def render(config: MergedConfig, dialect: Dialect, hostname: str, log_level: str) -> str:
    """The whole `frr.conf`; `log_level` is FRR's word, such as `informational`."""
    lines = [*_header(dialect, hostname, log_level), *_body(config, dialect)]
    return "\n".join(lines) + "\n" + config.raw


def _header(dialect: Dialect, hostname: str, log_level: str) -> Iterator[str]:
    yield f"log {dialect.log_target} {log_level}"
    yield "log timestamp precision 3"
    if log_level == "debugging":
        yield from _DEBUG
    yield f"hostname {hostname}"
    yield "ip nht resolve-via-default"
    yield "ipv6 nht resolve-via-default"


def _body(config: MergedConfig, dialect: Dialect) -> Iterator[str]:
    for router in config.routers:
        for session in router.sessions:
            for statement in filter_statements(session, dialect):
                yield from statement_lines(statement)
    for router in config.routers:
        yield from l3vni_lines(router)
    for router in config.routers:
        yield from _router(router, dialect)
    if config.bfd_profiles:
        yield "bfd"
        for profile in config.bfd_profiles:
            yield from _bfd_profile(profile, dialect)


def statement_lines(statement: Statement) -> Iterator[str]:
    """The lines of one prefix list line or one route map entry."""
    if isinstance(statement, ListEntry):
        yield _list_entry(statement)
        return
    yield f"route-map {statement.name} {statement.action} {statement.seq}"
    if statement.match:
        family, name = statement.match
        yield f"  match {ip_word(family)} address prefix-list {name}"
        yield from _set_lines(statement, family)


def _list_entry(entry: ListEntry) -> str:
    seq = "" if entry.seq is None else f" seq {entry.seq}"
    limits = (f" le {entry.le}" if entry.le else "") + (f" ge {entry.ge}" if entry.ge else "")
    return f"{ip_word(entry.family)} prefix-list {entry.name}{seq} {entry.action} {entry.prefix or 'any'}{limits}"


def _set_lines(entry: MapEntry, family: Family) -> Iterator[str]:
    if entry.modifier is not None:
        match entry.modifier.kind:
            case "local-preference":
                yield f"  set local-preference {entry.modifier.value}"
            case "community":
                yield f"  set community {entry.modifier.value} additive"
            case "large-community":
                yield f"  set large-community {entry.modifier.value.removeprefix('large:')} additive"
        yield "  on-match next"
    if entry.next_hop:
        yield (
            f"  set ip next-hop {entry.next_hop}"
            if family == "ipv4"
            else f"  set ipv6 next-hop global {entry.next_hop}"
        )


def ip_word(family: Family) -> str:
    """`ip` or `ipv6`, as FRR names the families in filters."""
    return "ip" if family == "ipv4" else "ipv6"


def l3vni_lines(router: RouterConfig) -> Iterator[str]:
    """The VRF block that binds a router's layer 3 VNI."""
    if router.vrf and router.evpn is not None and router.evpn.l3vni is not None:
        yield f"vrf {router.vrf}"
        yield f"  vni {router.evpn.l3vni.number}"
        yield "exit-vrf"


def router_line(router: RouterConfig) -> str:
    """`router bgp ASN [vrf NAME]`."""
    return f"router bgp {router.asn}" + (f" vrf {router.vrf}" if router.vrf else "")


def _router(router: RouterConfig, dialect: Dialect) -> Iterator[str]:
    yield router_line(router)
    yield "  no bgp ebgp-requires-policy"
    yield "  no bgp network import-check"
    yield "  no bgp default ipv4-unicast"
    if dialect.preserve_forwarding:
        yield "  bgp graceful-restart preserve-fw-state"
    if router.router_id:
        yield f"  bgp router-id {router.router_id}"
    if router.imports:
        for family in ("ipv4", "ipv6"):
            yield from _family_block(family, (f"import vrf {vrf}" for vrf in router.imports))
    for session in router.sessions:
        yield from _session(session, router, dialect)
    for session in router.sessions:
        yield from _activation(session, dialect)
    for family, prefixes in (("ipv4", router.v4), ("ipv6", router.v6)):
        if prefixes:
            yield from _family_block(family, (f"network {prefix}" for prefix in prefixes))
    if router.evpn is not None:
        yield from evpn_lines(router, router.evpn)


def _family_block(family: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"  address-family {family} unicast"
    yield from (f"    {line}" for line in lines)
    yield "  exit-address-family"


def _session(session: Session, router: RouterConfig, dialect: Dialect) -> Iterator[str]:
    neighbor = f"  neighbor {session.peer}"
    yield f"{neighbor}{' interface' if session.interface else ''} remote-as {session.asn}"
    if session.ebgp_multi_hop:
        yield f"{neighbor} ebgp-multihop"
    if session.local_asn:
        yield f"{neighbor} local-as {session.local_asn} no-prepend replace-as"
    if session.port is not None:
        yield f"{neighbor} port {session.port}"
    if session.keepalive_s is not None and session.hold_s is not None:
        yield f"{neighbor} timers {session.keepalive_s} {session.hold_s}"
    if session.connect_s is not None:
        yield f"{neighbor} timers connect {session.connect_s}"
    if session.password:
        yield f"{neighbor} password {session.password}"
    if session.source_address:
        yield f"{neighbor} update-source {session.source_address}"
    if session.graceful_restart:
        yield f"{neighbor} graceful-restart"
    if session.bfd_profile:
        if dialect.bfd_own_line:
            yield f"{neighbor} bfd"
        yield f"{neighbor} bfd profile {session.bfd_profile}"
    if skips_connected_check(session, router):
        yield f"{neighbor} disable-connected-check"


def skips_connected_check(session: Session, router: RouterConfig) -> bool:
    """True for single-hop eBGP over IPv6, where peers often lie in no common subnet."""
    external = session.asn != "internal" and session.asn != str(router.asn)
    return session.family == "ipv6" and not session.ebgp_multi_hop and external


def _activation(session: Session, dialect: Dialect) -> Iterator[str]:
    for family in active_families(session, dialect):
        yield from _family_block(
            family,
            (
                f"neighbor {session.peer} activate",
                f"neighbor {session.peer} route-map {session.id}-in in",
                f"neighbor {session.peer} route-map {session.id}-out out",
            ),
        )


def active_families(session: Session, dialect: Dialect) -> tuple[Family, ...]:
    """The unicast families that the session carries; dialect A carries both unless `disableMP` is set."""
    if session.address_families and "unicast" not in session.address_families:
        return ()
    multi_protocol = not dialect.ignores_disable_mp and not session.disable_mp
    if session.family == "dual" or multi_protocol:
        return ("ipv4", "ipv6")
    return (session.family,)


def evpn_lines(router: RouterConfig, evpn: Evpn) -> Iterator[str]:
    """The `l2vpn evpn` address family of a router."""
    yield "  address-family l2vpn evpn"
    for session in router.sessions:
        if "evpn" in session.address_families:
            yield f"    neighbor {session.peer} activate"
    if evpn.advertise_vnis == "All":
        yield "    advertise-all-vni"
    if evpn.advertise_svi:
        yield "    advertise-svi-ip"
    for vni in evpn.l2vnis:
        lines = list(_vni_lines(vni))
        if lines:
            yield f"    vni {vni.number}"
            yield from (f"      {line}" for line in lines)
            yield "    exit-vni"
    if evpn.l3vni is not None:
        if "unicast" in evpn.l3vni.advertise_prefixes:
            yield "    advertise ipv4 unicast"
            yield "    advertise ipv6 unicast"
        yield from (f"    {line}" for line in _vni_lines(evpn.l3vni))
    yield "  exit-address-family"


def _vni_lines(vni: Vni) -> Iterator[str]:
    if vni.rd:
        yield f"rd {vni.rd}"
    yield from (f"route-target import {target}" for target in vni.import_rts)
    yield from (f"route-target export {target}" for target in vni.export_rts)


def _bfd_profile(profile: BfdProfile, dialect: Dialect) -> Iterator[str]:
    yield f"  profile {profile.name}"
    for word, value in (
        ("receive-interval", profile.receive_interval),
        ("transmit-interval", profile.transmit_interval),
        ("detect-multiplier", profile.detect_multiplier),
    ):
        if value is not None:
            yield f"    {word} {value}"
    if profile.echo_mode:
        yield "    echo-mode"
    if profile.echo_interval is not None:
        for word in dialect.echo_words:
            yield f"    {word} {profile.echo_interval}"
    if profile.passive_mode:
        yield "    passive-mode"
    if profile.minimum_ttl is not None:
        yield f"    minimum-ttl {profile.minimum_ttl}"
