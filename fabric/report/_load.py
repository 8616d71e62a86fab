"""Link load as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.simulate import LinkLoad, Load, TierLoad

Document = dict[str, Any]
_SHOWN = 20


def load_tables(load: Load) -> Iterator[Table]:
    """The tiers, the most used links, and what becomes of the traffic as a whole."""
    columns = ("tier", "below Gbit/s", "above Gbit/s", "oversubscription", "sent up Gbit/s", "sent down Gbit/s")
    yield table("Load by tier", columns, (_tier_row(tier) for tier in load.tiers))
    used = [link for link in load.links if link.gbps]
    more = len(used) - _SHOWN
    title = f"Most used links ({more} more in --json)" if more > 0 else "Links that are used"
    yield table(title, ("from", "to", "Gbit/s", "speed", "used"), map(_link_row, used[:_SHOWN]))
    summary = ("offered Gbit/s", "lost Gbit/s", "overloaded links")
    over = sum((link.utilisation or 0) > 1 for link in load.links)
    yield table("Traffic", summary, [(f"{load.offered_gbps:.2f}", f"{load.lost_gbps:.2f}", over)])


def _tier_row(tier: TierLoad) -> tuple[object, ...]:
    ratio = tier.oversubscription
    speeds = (f"{tier.down_gbps:g}", f"{tier.up_gbps:g}") if tier.down_gbps or tier.up_gbps else (None, None)
    return (tier.tier, *speeds, f"{ratio:.2f}" if ratio else None, *_two(tier.sent_up_gbps, tier.sent_down_gbps))


def _two(*numbers: float) -> Iterator[str]:
    return (f"{number:.2f}" for number in numbers)


def _link_row(link: LinkLoad) -> tuple[object, ...]:
    used = None if link.utilisation is None else f"{link.utilisation:.0%}"
    speed = None if link.speed_gbps is None else f"{link.speed_gbps:g}"
    return link.out, link.to, f"{link.gbps:.2f}", speed, used


def load_document(load: Load) -> Document:
    """The load as plain values, both directions of every living link."""
    return {
        "version": 1,
        "sound": load.sound,
        "offered_gbps": load.offered_gbps,
        "lost_gbps": load.lost_gbps,
        "tiers": [
            {
                "tier": tier.tier,
                "down_gbps": tier.down_gbps,
                "up_gbps": tier.up_gbps,
                "oversubscription": tier.oversubscription,
                "sent_up_gbps": tier.sent_up_gbps,
                "sent_down_gbps": tier.sent_down_gbps,
            }
            for tier in load.tiers
        ],
        "links": [
            {
                "from": str(link.out),
                "to": str(link.to),
                "gbps": link.gbps,
                "speed_gbps": link.speed_gbps,
                "utilisation": link.utilisation,
            }
            for link in load.links
        ],
    }
