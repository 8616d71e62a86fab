"""FRR as installed, the daemons of a device, and what vtysh says of a configuration."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from fabric.config import BfdProfile, BgpInstance, DeviceConfig, Place, StaticNextHop, StaticRoute
from fabric.errors import MachineError
from fabric.lab import FrrInstallation, find_frr
from fabric.lab._frr import Waves, daemon_argv, daemon_waves, refusals, remarks

BARE = DeviceConfig("r1", Place("leaf"), ())
BGP = replace(BARE, bgp=(BgpInstance(65001, "10.0.0.1", (), ()),))
STATIC = StaticRoute(ip_network("192.0.2.0/24"), (StaticNextHop(),))


def test_a_machine_without_frr_is_told_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"zebra and bgpd.*apt-get install frr") as caught:
        find_frr({"FRR_LIBDIR": str(tmp_path), "PATH": ""})
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("device", "waves"),
    [
        (BARE, (("zebra",), ())),
        (BGP, (("zebra",), ("bgpd",))),
        (
            replace(BGP, static_routes=(STATIC,), bfd_profiles=(BfdProfile("p"),)),
            (("zebra",), ("bgpd", "staticd", "bfdd")),
        ),
        (
            replace(BARE, raw=("ip route 192.0.2.0/24 blackhole", "bfd", " profile x")),
            (("zebra",), ("staticd", "bfdd")),
        ),
        (replace(BARE, raw=("! bfd", "ip prefix-list P permit any")), (("zebra",), ())),
    ],
)
def test_a_device_runs_the_daemons_that_its_configuration_needs(device: DeviceConfig, waves: Waves) -> None:
    assert daemon_waves(device, has_mgmtd=False) == waves
    assert daemon_waves(device, has_mgmtd=True) == (("mgmtd",), *waves)


def test_a_device_that_only_dials_out_opens_no_bgp_port() -> None:
    frr = FrrInstallation(Path("/usr/lib/frr"), Path("/usr/bin/vtysh"), "8.4.4", has_mgmtd=False)
    assert "-p" not in daemon_argv(frr, "bgpd", BGP)
    assert daemon_argv(frr, "bgpd", replace(BGP, bgp_listens=False))[-2:] == ("-p", "0")
    assert "-p" not in daemon_argv(frr, "zebra", replace(BGP, bgp_listens=False))


CONF = "foo bar\nrouter bgp 65001\n neighbor 10.9.9.9 timers 3 9\n neighbor 10.9.9.9 password s3cret\n"
STDERR = """line 1: % Unknown command[4]: foo bar
line 3: Failure to communicate[13] to bgpd, line:  neighbor 10.9.9.9 timers 3 9

line 4: Failure to communicate[13] to bgpd, line:  neighbor 10.9.9.9 password s3cret

Configuration file[/etc/frr/a/frr.conf] processing failure: 13
"""


def test_refused_lines_carry_the_words_of_their_daemon() -> None:
    found = refusals(CONF, "% Specify remote-as\n% No such neighbor\n", STDERR)
    assert [str(refusal) for refusal in found] == [
        "line 1 `foo bar`: % Unknown command",
        "line 3 `neighbor 10.9.9.9 timers 3 9`: % Specify remote-as",
        "line 4 `neighbor 10.9.9.9 password ********`: % No such neighbor",
    ]


def test_words_that_cannot_be_told_apart_are_given_to_every_line() -> None:
    found = refusals(CONF, "% First\n% of two lines\n% Second\n", STDERR)
    assert {refusal.words for refusal in found[1:]} == {"% First / % of two lines / % Second"}


def test_a_clean_load_refuses_nothing_and_chatter_is_no_remark() -> None:
    said = (
        "[12|bgpd] sending configuration\nWaiting for children to finish applying config...\n[12|bgpd] done\n% hint\n"
    )
    assert refusals(CONF, said, "") == ()
    assert remarks(said) == ("% hint",)
