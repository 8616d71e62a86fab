"""The addresses of a fabric as DNS zones (RFC 1035 section 5), for BIND, NSD, Knot and what else reads zone files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fabric import __version__
from fabric._values import dataclass
from fabric.config import Address
from fabric.plan import Plan
from fabric.render.exports._names import NamedAddress, domain_of, named_addresses

_TTL_S = 3600
_SOA_TIMES = "3600 900 1209600 300"
"""Refresh, retry, expire and negative caching in seconds, within what RIPE-203 recommends."""
_ZONE_LABELS = {4: 1, 6: 16}
"""Labels of a reverse name that are left of its zone: zones are /24 and /64."""


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """What the zones say that no plan knows."""

    domain: str | None = None
    """`FABRIC.internal` where none is given."""
    serial: int = 1
    """SOA serial (RFC 1982). Raise it with each change: it is not the clock's, so that equal plans give equal files."""
    nameserver: str = "localhost."
    """The zones' name server, a whole name with its dot."""


@dataclass(frozen=True, slots=True)
class _Record:
    owner: str
    kind: str
    value: str


def dns_tree(plan: Plan, settings: DnsSettings | None = None) -> Mapping[str, str]:
    """`dns/ZONE.zone` for the forward zone and each reverse zone (a /24 or /64), and `dns/named.conf` that lists them.

    Reverse zones claim no more than the /24s and /64s that the plan uses. Raises InputError for a domain that is none.
    """
    settings = settings or DnsSettings()
    domain = domain_of(plan, settings.domain)
    zones = {domain: [_forward(entry) for entry in named_addresses(plan)]}
    for entry in named_addresses(plan):
        owner, zone = _reverse(entry.address)
        zones.setdefault(zone, []).append(_Record(owner, "PTR", f"{entry.name}.{domain}."))
    files = {f"dns/{zone}.zone": _zone(zone, records, domain, settings) for zone, records in zones.items()}
    return {**files, "dns/named.conf": _named_conf(zones)}


def _forward(entry: NamedAddress) -> _Record:
    return _Record(entry.name, "A" if entry.address.version == 4 else "AAAA", str(entry.address))


def _reverse(address: Address) -> tuple[str, str]:
    """Owner and zone of an address: (`1`, `2.0.192.in-addr.arpa`)."""
    labels = address.reverse_pointer.split(".")
    cut = _ZONE_LABELS[address.version]
    return ".".join(labels[:cut]), ".".join(labels[cut:])


def _zone(zone: str, records: Iterable[_Record], domain: str, settings: DnsSettings) -> str:
    head = (
        f"; Written by fabric {__version__}. Change the topology, not this file.",
        f"$ORIGIN {zone}.",
        f"$TTL {_TTL_S}",
        f"@ IN SOA {settings.nameserver} hostmaster.{domain}. {settings.serial} {_SOA_TIMES}",
        f"@ IN NS {settings.nameserver}",
    )
    return "".join(f"{line}\n" for line in (*head, *_lines(records)))


def _lines(records: Iterable[_Record]) -> Iterator[str]:
    return (f"{record.owner} IN {record.kind} {record.value}" for record in records)


def _named_conf(zones: Iterable[str]) -> str:
    """What BIND's configuration includes, with `dns/` as its `directory`."""
    lines = (f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};\n' for zone in zones)
    return f"# Written by fabric {__version__}. Change the topology, not this file.\n{''.join(lines)}"
