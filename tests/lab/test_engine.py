"""Labs of real FRR: that they come up, what can be done with them, and that nothing of them is left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.config import Interface
from fabric.errors import InputError, LabError
from fabric.lab import EmbeddedEngine, LabSpec, Progress, UpOptions
from fabric.lab._frr import find_frr
from tests.lab.conftest import WaitUntil
from tests.lab.fabrics import LOOPBACKS, lab_spec, lonely_router, with_conf

pytestmark = pytest.mark.lab

Summary = dict[str, dict[str, dict[str, str]]]


def established(engine: EmbeddedEngine, name: str, device: str) -> int:
    """How many sessions of a device are up in both families."""
    answer: dict[str, Summary] = json.loads(engine.vtysh(name, device, ["show bgp summary json"]))
    families = [answer.get(f"{family}Unicast", {}).get("peers", {}) for family in ("ipv4", "ipv6")]
    return min(sum(peer["state"] == "Established" for peer in peers.values()) for peers in families)


def daemons_of(spec: LabSpec) -> list[tuple[str, str]]:
    daemons = ("zebra", "bgpd", *(("mgmtd",) if find_frr(os.environ).has_mgmtd else ()))
    return [(device.name, daemon) for device in spec.fabric for daemon in daemons]


def test_a_dual_stack_fabric_comes_up_and_carries_packets(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    spec = lab_spec()
    heard: list[Progress] = []
    result = engine.up(spec, listener=heard.append)

    assert not result.already_up
    assert list(result.seconds) == ["sandbox", "wiring", "devices"]
    assert heard[-1] == Progress("devices", 4, 4)
    assert engine.run("tiny", "leaf-1", ("hostname",)).stdout == "leaf-1\n"
    status = engine.status("tiny")
    assert status is not None
    assert status.phase == "running"
    assert sorted((daemon.device, daemon.daemon) for daemon in status.daemons) == sorted(daemons_of(spec))
    assert not status.ended_daemons

    wait_until(lambda: all(established(engine, "tiny", name) == 2 for name in LOOPBACKS), "all sessions up")
    for far in LOOPBACKS["leaf-2"]:
        source = LOOPBACKS["leaf-1"]["." not in far]
        ping = ("ping", "-c1", "-W2", "-I", source, far)
        wait_until(lambda p=ping: engine.run("tiny", "leaf-1", p).exit_code == 0, f"ping {far}")  # type: ignore[misc]


def test_links_have_unlike_indexes_planned_sizes_and_carrier(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    links = json.loads(engine.run("tiny", "leaf-1", ("ip", "-json", "-detail", "link")).stdout)
    up1 = next(link for link in links if link["ifname"] == "up1")
    assert up1["ifindex"] != up1["link_index"]
    assert (up1["mtu"], up1["operstate"], up1["address"][:5]) == (9000, "UP", "02:fa")
    addresses = json.loads(engine.run("tiny", "leaf-1", ("ip", "-json", "-6", "address", "show", "lo")).stdout)
    flags = [entry for entry in addresses[0]["addr_info"] if entry["local"] == "fd00::3"]
    assert flags
    assert not flags[0].get("tentative")


def test_neighbors_on_cables_do_not_count_in_the_table_that_all_labs_share(engine: EmbeddedEngine) -> None:
    """`net.ipv4.neigh.default.gc_thresh3` let 131 of 196 sessions of a spine come up, and no more."""
    engine.up(lab_spec())
    found = json.loads(engine.run("tiny", "leaf-1", ("ip", "-json", "neigh")).stdout)
    known = {(entry["dst"], entry["dev"]) for entry in found if "extern_learn" in entry}
    assert {("10.0.0.2", "up1"), ("fd01::2", "up1")} <= known
    assert any(address.startswith("fe80::") and port == "up2" for address, port in known)


def test_sysctls_follow_the_files_and_a_host_does_not_forward(engine: EmbeddedEngine) -> None:
    spec = lonely_router("host")
    host = replace(spec.fabric.devices[0], forwarding=False)
    engine.up(replace(spec, fabric=replace(spec.fabric, devices=(host,))))
    engine.up(lonely_router("router"))
    read = ("sysctl", "-n", "net.ipv4.ip_forward", "net.ipv6.conf.eth0.forwarding", "net.ipv6.conf.eth0.accept_ra")
    assert engine.run("host", "r1", read).stdout.split() == ["0", "0", "0"]
    assert engine.run("router", "r1", read).stdout.split() == ["1", "1", "0"]
    linkdown = ("sysctl", "-n", "net.ipv4.conf.all.ignore_routes_with_linkdown")
    assert engine.run("router", "r1", linkdown).stdout.split() == ["1"]


def test_a_vrf_holds_its_port_or_the_kernel_is_said_to_lack_it(engine: EmbeddedEngine) -> None:
    spec = lonely_router("vrf")
    device = replace(spec.fabric.devices[0], interfaces=(Interface("eth0", vrf="blue"),))
    refused = ""
    try:
        engine.up(replace(spec, fabric=replace(spec.fabric, devices=(device,))))
    except LabError as error:
        refused = str(error)
    if refused:
        assert "r1: the kernel refused VRF blue" in refused
        assert "CONFIG_NET_VRF" in refused
    else:
        links = json.loads(engine.run("vrf", "r1", ("ip", "-json", "link", "show", "master", "blue")).stdout)
        assert [link["ifname"] for link in links] == ["eth0"]


def test_the_host_is_read_only_inside_and_its_processes_unseen(engine: EmbeddedEngine, tmp_path: Path) -> None:
    engine.up(lonely_router("walled"))
    touched = engine.run("walled", "r1", ("touch", str(tmp_path / "x")))
    assert touched.exit_code != 0
    assert "Read-only file system" in touched.stderr
    processes = engine.run("walled", None, ("sh", "-c", "cat /proc/[0-9]*/comm")).stdout.split()
    assert "zebra" in processes
    assert "pytest" not in processes
    assert engine.run("walled", None, ("sh", "-c", "echo > /var/tmp/fine && id -u")).stdout == "0\n"


def test_run_passes_exit_codes_and_output(engine: EmbeddedEngine) -> None:
    engine.up(lonely_router("codes"))
    done = engine.run("codes", "r1", ("sh", "-c", "echo out; echo err >&2; exit 7"))
    assert (done.exit_code, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert engine.run("codes", "r1", ("sh", "-c", "kill -TERM $$")).exit_code == 128 + 15
    with pytest.raises(LabError, match=r"longer than 0\.2 s"):
        engine.run("codes", "r1", ("sleep", "60"), timeout_s=0.2)
    assert "sleep" not in engine.run("codes", None, ("sh", "-c", "cat /proc/[0-9]*/comm")).stdout.split()


def test_attach_hands_over_the_terminal_and_the_exit_code(engine: EmbeddedEngine, tmp_path: Path) -> None:
    engine.up(lonely_router("tty"))
    driver = (
        "import pty, sys; status = pty.spawn([sys.executable, '-c', '''"
        "import sys; from fabric.lab import EmbeddedEngine; "
        'sys.exit(EmbeddedEngine().attach("tty", "r1", ["sh", "-c", "test -t 0 -a -t 1 && echo terminal; exit 9"]))'
        "''']); sys.exit(status >> 8)"
    )
    environ = {**os.environ, "FABRIC_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run([sys.executable, "-c", driver], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 9
    assert done.stdout == "terminal\n"  # without a name: the host's terminals are not seen inside


def test_call_runs_this_package_beside_all_devices(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    program = "import sys, os, fabric; print(sys.stdin.read(), sorted(os.listdir('/run/netns')), os.getpid() > 1)"
    answer = engine.call("tiny", (sys.executable, "-c", program), "hello")
    assert answer == f"hello {sorted(LOOPBACKS)} True\n"
    with pytest.raises(LabError, match=r"exit code 3: oh"):
        engine.call("tiny", (sys.executable, "-c", "import sys; print('oh', file=sys.stderr); sys.exit(3)"))


def test_an_unknown_device_and_a_lab_that_is_not_up_are_named(engine: EmbeddedEngine) -> None:
    engine.up(lonely_router("known"))
    with pytest.raises(InputError, match="Lab known: found the device 'r2'; allowed: r1"):
        engine.run("known", "r2", ("true",))
    with pytest.raises(LabError, match="Lab absent is not up"):
        engine.vtysh("absent", "r1", ["show version"])
    with pytest.raises(LabError, match="r1: FRR refused `show nonsense`"):
        engine.vtysh("known", "r1", ["show nonsense"])


def test_a_second_up_is_left_alone_and_a_different_one_refused(engine: EmbeddedEngine) -> None:
    spec = lonely_router("twice")
    engine.up(spec)
    again = engine.up(spec)
    assert again.already_up
    with pytest.raises(LabError, match=r"already up, with other devices.*fabric lab down"):
        engine.up(lonely_router("twice", "hostname other\n"))
    assert engine.names() == ("twice",)


def test_two_labs_run_side_by_side(engine: EmbeddedEngine) -> None:
    engine.up(lonely_router("one"))
    engine.up(lonely_router("two"))
    assert engine.names() == ("one", "two")
    assert engine.down("one")
    assert engine.vtysh("two", "r1", ["show ip forwarding"]) == "IP forwarding is on\n"


def test_down_is_safe_and_says_whether_something_was_up(engine: EmbeddedEngine, tmp_path: Path) -> None:
    assert not engine.down("never")
    engine.up(lonely_router("short"))
    assert engine.down("short")
    assert not engine.down("short")
    assert engine.status("short") is None
    assert list((tmp_path / "state" / "labs").iterdir()) == []


def test_a_refused_line_is_shown_with_device_line_and_words(engine: EmbeddedEngine, tmp_path: Path) -> None:
    extra = "frobnicate\nrouter bgp 65001\n neighbor 10.9.9.9 timers 3 9\n neighbor 10.9.9.9 password hush\nexit\n"
    spec = with_conf(lab_spec(), "leaf-1", extra)
    first = spec.files["leaf-1"].frr_conf.splitlines().index("frobnicate") + 1
    with pytest.raises(LabError) as caught:
        engine.up(spec)
    text = str(caught.value)
    assert f"leaf-1: line {first} `frobnicate`: % Unknown command" in text
    assert f"leaf-1: line {first + 2} `neighbor 10.9.9.9 timers 3 9`: % Specify remote-as" in text
    assert "hush" not in text
    assert list((tmp_path / "state" / "labs").iterdir()) == []


def test_a_daemon_that_dies_at_start_is_named_with_its_log(
    engine: EmbeddedEngine, environ: dict[str, str], tmp_path: Path
) -> None:
    """FRR_LIBDIR points to a bgpd that ends at once."""
    real = Path("/usr/lib/frr/zebra")
    libraries = tmp_path / "frr"
    libraries.mkdir()
    (libraries / "zebra").symlink_to(real)
    broken = libraries / "bgpd"
    broken.write_text("#!/bin/sh\necho no route to happiness >&2\nexit 5\n")
    broken.chmod(0o755)
    with pytest.raises(LabError) as caught:
        EmbeddedEngine({**environ, "FRR_LIBDIR": str(libraries)}).up(lab_spec("broken"))
    assert "bgpd ended with exit status 5 while starting" in str(caught.value)
    assert "no route to happiness" in str(caught.value)
    assert engine.names() == ()


def test_a_deadline_that_passes_names_what_is_missing(
    engine: EmbeddedEngine, environ: dict[str, str], tmp_path: Path
) -> None:
    libraries = tmp_path / "frr"
    libraries.mkdir()
    (libraries / "zebra").symlink_to("/usr/lib/frr/zebra")
    (libraries / "bgpd").write_text("#!/bin/sh\nexec sleep 1000\n")
    (libraries / "bgpd").chmod(0o755)
    slow = EmbeddedEngine({**environ, "FRR_LIBDIR": str(libraries)})
    with pytest.raises(
        LabError, match=r"not ready within 3 s; still missing: .*spine-1 \((zebra|bgpd) to take commands\)"
    ):
        slow.up(lab_spec("slow"), UpOptions(deadline_s=3))
    assert engine.names() == ()


def test_a_failed_lab_can_be_kept_for_a_look(engine: EmbeddedEngine) -> None:
    spec = lonely_router("kept", "frobnicate\n")
    with pytest.raises(LabError, match="frobnicate"):
        engine.up(spec, UpOptions(keep=True))
    status = engine.status("kept")
    assert status is not None
    assert status.phase == "failed"
    assert "zebra" in engine.vtysh("kept", "r1", ["show daemons"])
    with pytest.raises(LabError, match="was kept for a look"):
        engine.up(spec)
    assert engine.down("kept")


def test_a_daemon_that_ends_later_is_seen_and_can_be_restarted(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    engine.up(lab_spec())
    status = engine.status("tiny")
    assert status is not None
    bgpd = next(entry for entry in status.daemons if (entry.device, entry.daemon) == ("leaf-1", "bgpd"))
    engine.run("tiny", None, ("kill", "-KILL", str(bgpd.pid)))

    def ended() -> tuple[tuple[str, str, str | None], ...]:
        now = engine.status("tiny")
        assert now is not None
        return tuple((entry.device, entry.daemon, entry.ended) for entry in now.ended_daemons)

    wait_until(lambda: ended() == (("leaf-1", "bgpd", "signal SIGKILL"),), "the end of bgpd to be known")
    engine.restart("tiny", "leaf-1", "bgpd")
    assert ended() == ()
    wait_until(lambda: established(engine, "tiny", "leaf-1") == 2, "sessions of the new bgpd")
    with pytest.raises(LabError, match="runs no ospfd on leaf-1"):
        engine.restart("tiny", "leaf-1", "ospfd")


def test_a_visitor_who_leaves_early_does_not_end_the_lab(engine: EmbeddedEngine, tmp_path: Path) -> None:
    """Whoever asks for a restart may be interrupted before the answer comes."""
    engine.up(lonely_router("open"))
    pid = json.loads((tmp_path / "state" / "labs" / "open" / "status.json").read_text())["supervisor"][0]
    for request in (b"", b"nonsense", b'{"op": "restart", "device": "r1", "daemon": "zebra"}'):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
            visitor.connect(f"/proc/{pid}/root/run/fabric/door")
            if request:
                visitor.sendall(request)
    engine.restart("open", "r1", "zebra")
    status = engine.status("open")
    assert status is not None
    assert not status.ended_daemons


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b", "x" * 64])
def test_a_name_that_could_leave_its_directory_is_refused(engine: EmbeddedEngine, name: str) -> None:
    for use in (engine.down, engine.status, lambda name: engine.up(lonely_router(name))):
        with pytest.raises(InputError, match="is not usable"):
            use(name)
