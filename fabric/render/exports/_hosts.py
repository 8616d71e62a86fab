"""The addresses of a fabric for `/etc/hosts`."""

from __future__ import annotations

from collections.abc import Mapping

from fabric import __version__
from fabric.plan import Plan
from fabric.render.exports._names import domain_of, named_addresses


def hosts_tree(plan: Plan, domain: str | None = None) -> Mapping[str, str]:
    """`hosts`: a line an address in the syntax of hosts(5), to be added to a machine's own file.

    The domain is `FABRIC.internal` where none is given. Raises InputError for a domain that is none.
    """
    suffix = domain_of(plan, domain)
    head = f"# Written by fabric {__version__} for {plan.design.topology.name}. Change the topology, not this file.\n"
    lines = (f"{entry.address!s:<40}{entry.name}.{suffix} {entry.name}\n" for entry in named_addresses(plan))
    return {"hosts": head + "".join(lines)}
