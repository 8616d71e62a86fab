"""Every number of a fabric: ASNs, router ids, addresses and ports, computed from the design and kept by a ledger."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.plan._build import build, ledger_of, reclaim
    from fabric.plan._cabling import CablePlan, Oversubscription, cabling, oversubscription
    from fabric.plan._diff import ValueChange, diff, drift
    from fabric.plan._fingerprint import fingerprint
    from fabric.plan._further import with_plan_problems
    from fabric.plan._ledger import EMPTY, Key, Ledger, entries, value_text, without
    from fabric.plan._ledger_file import ledger_text, parse_ledger, read_ledger, write_ledger
    from fabric.plan._model import Block, DevicePlan, HostAddress, LinkEnd, LinkPlan, Plan, PoolUse, SubnetPlan
    from fabric.plan._summaries import Summary, summaries
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "EMPTY",
    "Block",
    "CablePlan",
    "DevicePlan",
    "HostAddress",
    "Key",
    "Ledger",
    "LinkEnd",
    "LinkPlan",
    "Oversubscription",
    "Plan",
    "PoolUse",
    "SubnetPlan",
    "Summary",
    "ValueChange",
    "build",
    "cabling",
    "diff",
    "drift",
    "entries",
    "fingerprint",
    "ledger_of",
    "ledger_text",
    "oversubscription",
    "parse_ledger",
    "read_ledger",
    "reclaim",
    "summaries",
    "value_text",
    "with_plan_problems",
    "without",
    "write_ledger",
]
