"""A fabric in the words of other tools: cabling, hosts, DNS, Ansible, NetBox, containerlab, clabernetes."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.render.exports._ansible import ansible_tree
    from fabric.render.exports._cabling import cabling_tree
    from fabric.render.exports._clab import FRR_IMAGE, clab_tree, frr_path
    from fabric.render.exports._clabernetes import clabernetes_tree
    from fabric.render.exports._dns import DnsSettings, dns_tree
    from fabric.render.exports._exports import EXPORTERS, Export, Exporter, export_tree, export_trees
    from fabric.render.exports._hosts import hosts_tree
    from fabric.render.exports._interfaces import interfaces_tree
    from fabric.render.exports._netbox import NetboxTable, netbox_tables, netbox_tree
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "EXPORTERS",
    "FRR_IMAGE",
    "DnsSettings",
    "Export",
    "Exporter",
    "NetboxTable",
    "ansible_tree",
    "cabling_tree",
    "clab_tree",
    "clabernetes_tree",
    "dns_tree",
    "export_tree",
    "export_trees",
    "frr_path",
    "hosts_tree",
    "interfaces_tree",
    "netbox_tables",
    "netbox_tree",
]
