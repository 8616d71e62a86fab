"""Every number of a fabric: ASNs, router ids, addresses and ports, computed from the design alone."""

from fabric.plan._build import build
from fabric.plan._model import DevicePlan, HostAddress, LinkEnd, LinkPlan, Plan, PoolUse, SubnetPlan

__all__ = ["DevicePlan", "HostAddress", "LinkEnd", "LinkPlan", "Plan", "PoolUse", "SubnetPlan", "build"]
