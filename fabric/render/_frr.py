"""The files that FRR reads, from a device's configuration: `frr.conf` and `daemons`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from fabric._values import dataclass
from fabric.config import DeviceConfig, FabricConfig
from fabric.render._frr_view import FrrView, frr_view


class Confidential(str):
    """Text with a password in it: its file is for the owner's eyes only."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FrrFiles:
    """The two files under `/etc/frr` that make FRR do what a DeviceConfig says."""

    frr_conf: str
    """Integrated configuration, `Confidential` with a password that is no placeholder; FRR 8.4 to 10 read it."""
    daemons: str
    """Which daemons start and with what options; read by FRR's start script and so by systemd."""


def frr_files(device: DeviceConfig) -> FrrFiles:
    """FRR's files for `device`: the same bytes for the same device, whatever the order of its parts.

    Raises InputError where a description or password cannot stand on one line of a configuration file.
    """
    view = frr_view(device)
    frr_conf = _render("frr.conf.j2", view)
    return FrrFiles(
        frr_conf=Confidential(frr_conf) if _holds_password(device) else frr_conf,
        daemons=_render("daemons.j2", view),
    )


def frr_tree(fabric: FabricConfig) -> Mapping[str, str]:
    """FRR's files for every device, by path: `frr/DEVICE/frr.conf` and `frr/DEVICE/daemons`."""
    tree: dict[str, str] = {}
    for device in sorted(fabric, key=lambda device: device.name):
        files = frr_files(device)
        tree[f"frr/{device.name}/frr.conf"] = files.frr_conf
        tree[f"frr/{device.name}/daemons"] = files.daemons
    return tree


def _holds_password(device: DeviceConfig) -> bool:
    passwords = (neighbor.password for instance in device.bgp for neighbor in instance.neighbors)
    return any(password is not None and not password.is_placeholder for password in passwords)


def _render(template: str, view: FrrView) -> str:
    from fabric.render._templates import environment  # noqa: PLC0415 - drawings and trees need no Jinja

    context = {field.name: getattr(view, field.name) for field in fields(view)}
    return environment().get_template(template).render(context)
