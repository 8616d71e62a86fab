"""`fabric frr-k8s|metallb|rhoso …` as a user meets them: the controllers' verdicts, with file, line and exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fabric.kubernetes import admit, parse_documents, release
from tests.cli.command import TOPOLOGIES, fabric

_NODE = "{apiVersion: v1, kind: Node, metadata: {name: worker-0, labels: {kubernetes.io/hostname: worker-0}}}"
_NEIGHBOR = "{asn: 64513, address: 192.0.2.2, toAdvertise: {allowed: {mode: all}}}"
_METALLB = """apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: leaf-0, namespace: metallb-system}
spec: {myASN: 64512, peerASN: 64513, peerAddress: 192.0.2.2}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: pool, namespace: metallb-system}
spec: {addresses: [198.51.100.0/28]}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: all, namespace: metallb-system}
spec: {ipAddressPools: [pool], communities: ["64512:7"]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer}
status: {loadBalancer: {ingress: [{ip: 198.51.100.1}]}}
"""
_POD = """apiVersion: v1
kind: Pod
metadata:
  name: galera-0
  namespace: openstack
  annotations:
    k8s.v1.cni.cncf.io/networks: '[{"name": "internalapi"}]'
    k8s.v1.cni.cncf.io/network-status: '[{"name": "ovn-kubernetes"}, {"name": "internalapi", "ips": ["172.17.0.31"]}]'
spec: {nodeName: worker-0}
status: {phase: Running}
---
apiVersion: network.openstack.org/v1beta1
kind: BGPConfiguration
metadata: {name: bgp, namespace: openstack}
spec: {}
"""


def _configuration(neighbor: str = _NEIGHBOR, name: str = "one", selector: str = "{}") -> str:
    return f"""apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: {name}, namespace: openshift-frr-k8s}}
spec:
  nodeSelector: {selector}
  bgp:
    routers:
    - asn: 64512
      prefixes: [198.51.100.0/24]
      neighbors:
      - {neighbor}
"""


def _write(directory: Path, *texts: str) -> Path:
    """A file of these documents; the line of a document is one more than those before it have, separators included."""
    file = directory / "resources.yaml"
    file.write_text("---\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts))
    return file


def _render(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return fabric("frr-k8s", "render", "--node", "worker-0", *arguments, stdin=stdin)


def _refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_the_configuration_goes_to_standard_output(tmp_path: Path) -> None:
    done = _render(_write(tmp_path, _NODE, _configuration()))
    assert (done.returncode, done.stderr) == (0, "")
    assert "hostname worker-0\n" in done.stdout
    assert "    network 198.51.100.0/24\n" in done.stdout


def test_directories_files_and_standard_input_are_one_set(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "node.yaml").write_text(_NODE)
    (tmp_path / "nodes" / "kustomization.yaml").write_text("resources: [node.yaml]\n")
    (tmp_path / "two.yaml").write_text(_configuration(_NEIGHBOR.replace("192.0.2.2", "192.0.2.3"), "two"))
    done = _render(tmp_path / "nodes", tmp_path / "two.yaml", "-", stdin=_configuration())
    assert done.returncode == 0, done.stderr
    assert "neighbor 192.0.2.2 remote-as" in done.stdout
    assert "neighbor 192.0.2.3 remote-as" in done.stdout


def test_the_daemons_options(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration())
    options = ("--always-block", "10.0.0.0/8", "--always-block", "fc00::/7", "--log-level", "debug")
    done = _render(file, *options, "--fallback-router-id", "192.0.2.99", "--release", "main")
    assert done.returncode == 0, done.stderr
    assert "log stdout debugging\n" in done.stdout
    assert "denied-inpl-ipv4 seq 1 permit 10.0.0.0/8 le 32\n" in done.stdout
    assert "permit fc00::/7 le 128\n" in done.stdout
    assert "  bgp router-id 192.0.2.99\n" in done.stdout
    derived = _render(file, "--fallback-router-id", "hostname", "--release", "main", "--namespace", "openshift-frr-k8s")
    assert "  bgp router-id 54.64.63.75\n" in derived.stdout


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--always-block", "10.0.0.0/33"), "'10.0.0.0/33' is no prefix"),
        (("--log-level", "loud"), "'loud' is none of all, debug"),
        (("--release", "3.11"), "the release '3.11'; allowed: 4.16"),
        (("--fallback-router-id", "192.0.2.9"), "release 4.20 has no fallback router id"),
        (("--fallback-router-id", "::1", "--release", "main"), "'::1' is no dotted quad"),
    ],
)
def test_options_that_the_daemon_would_not_start_with(tmp_path: Path, options: tuple[str, ...], part: str) -> None:
    _refused(_render(_write(tmp_path, _NODE, _configuration()), *options), part)


def test_releases_differ(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration())
    assert "log file /etc/frr/frr.log" in _render(file, "--release", "4.18").stdout
    assert "log stdout" in _render(file, "--release", "v0.0.25").stdout


def test_json_tells_where_a_configuration_comes_from(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration())
    answer = json.loads(_render(file, "--json").stdout)
    assert (answer["accepted"], answer["node"], answer["release"]) == (True, "worker-0", "4.20")
    assert answer["sources"] == [{"resource": "FRRConfiguration openshift-frr-k8s/one", "where": f"{file}:3"}]
    assert answer["frr_conf"] == _render(file).stdout


def test_two_resources_in_conflict_are_both_named(tmp_path: Path) -> None:
    other = _configuration(_NEIGHBOR.replace("64513", "64599"), "two")
    file = _write(tmp_path, _NODE, _configuration(), other)
    done = _render(file)
    _refused(done, f"one ({file}:13)", f"two ({file}:25)", "multiple asns specified for 192.0.2.2")
    assert done.stdout == ""
    answer = json.loads(_render(file, "--json").stdout)
    assert [origin["where"] for origin in answer["refusals"][0]["origins"]] == [f"{file}:13", f"{file}:25"]


def test_every_refusal_comes_at_once(tmp_path: Path) -> None:
    absent = "{asn: 64513, address: 192.0.2.2, passwordSecret: {name: nowhere}}"
    unknown = "{asn: 64513, address: 192.0.2.3, toAdvertise: {allowed: {prefixes: [203.0.113.0/24]}}}"
    profile = "{asn: 64513, address: 192.0.2.4, bfdProfile: fast}"
    text = _configuration(absent).rstrip("\n") + f"\n      - {unknown}\n      - {profile}\n"
    file = _write(tmp_path, _NODE, text)
    _refused(
        _render(file),
        f"{file}:13",
        "secret nowhere not found for neighbor 64513@192.0.2.2",
        f"{file}:14",
        "trying to advertise non configured prefix 203.0.113.0/24 to neighbor 64513@192.0.2.3",
        f"{file}:15",
        "referencing non existing BFDProfile fast",
    )


def test_a_secret_is_found_in_any_file(tmp_path: Path) -> None:
    secret = """apiVersion: v1
kind: Secret
metadata: {name: bgp, namespace: openshift-frr-k8s}
type: kubernetes.io/basic-auth
stringData: {password: word}
"""
    (tmp_path / "secret.yaml").write_text(secret)
    file = _write(tmp_path, _NODE, _configuration("{asn: 64513, address: 192.0.2.2, passwordSecret: {name: bgp}}"))
    assert "neighbor 192.0.2.2 password word\n" in _render(file, tmp_path / "secret.yaml").stdout


def test_unknown_fields_are_dropped_as_a_cluster_does_and_told(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration("{asn: 64513, address: 192.0.2.2, localASN: 64600, colour: red}"))
    done = _render(file, "--release", "4.18", "--namespace", "openshift-frr-k8s")
    _refused(done, f"{file}:13: spec.bgp.routers[0].neighbors[0].localASN", "neighbors[0].colour", "drops it silently")
    assert "neighbor 192.0.2.2 remote-as 64513\n" in done.stdout
    assert "64600" not in done.stdout


def test_a_selector_that_matches_nothing(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration(selector="{matchLabels: {rack: a}}"))
    done = _render(file)
    _refused(done, f"{file}:7: spec.nodeSelector", "does not select node worker-0", "kubernetes.io/hostname=worker-0")
    assert "router bgp" not in done.stdout


def test_a_configuration_in_a_namespace_that_nobody_reads(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration())
    done = _render(file, "--namespace", "frr-k8s-system")
    _refused(done, f"{file}:5: metadata.namespace: found openshift-frr-k8s", "frr-k8s-system")


def test_a_node_that_is_not_among_them(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _configuration())
    _refused(
        fabric("frr-k8s", "render", "--node", "worker-7", file),
        "--node: found the Node 'worker-7'",
        "allowed: worker-0",
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}", "found Deployment default/d"),
        (_METALLB, "BGPPeer metallb-system/leaf-0"),
        (_configuration().replace("FRRConfiguration", "FRRConfig"), "no matches for kind 'FRRConfig'"),
        (_configuration().replace("v1beta1", "v1"), "found frrk8s.metallb.io/v1"),
        (_configuration().replace("frrk8s.metallb.io/v1beta1", "v1"), "no matches for kind 'FRRConfiguration'"),
        ("- just\n- a list\n", "allowed: a Kubernetes object"),
    ],
)
def test_wrong_kinds(tmp_path: Path, text: str, part: str) -> None:
    _refused(_render(_write(tmp_path, _NODE, text)), str(tmp_path), part)


def test_other_kinds_beside_ours_are_passed_over(tmp_path: Path) -> None:
    deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}"
    assert _render(_write(tmp_path, _NODE, deployment, _configuration())).returncode == 0


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: [\n")
    (tmp_path / "b.yaml").write_text(_configuration().replace("asn: 64512", "asn: many"))
    (tmp_path / "c.yaml").write_text(_configuration(_NEIGHBOR.replace("64513", "-1"), "three"))
    _refused(
        _render(tmp_path),
        f"{tmp_path}/a.yaml:2: found YAML that cannot be parsed",
        f"{tmp_path}/b.yaml:8: spec.bgp.routers[0].asn: found 'many'",
        f"{tmp_path}/c.yaml:11: spec.bgp.routers[0].neighbors[0].asn: found -1",
    )


def test_durations_that_go_cannot_read_come_at_once(tmp_path: Path) -> None:
    first = _configuration("{asn: 64513, address: 192.0.2.2, holdTime: soon, keepaliveTime: 3s}")
    second = _configuration("{asn: 64513, address: 192.0.2.3, holdTime: 9s, keepaliveTime: later}", "two")
    _refused(_render(_write(tmp_path, _NODE, first, second)), "found 'soon'", "found 'later'")


def test_files_that_cannot_be_read_come_at_once() -> None:
    _refused(_render("no-such.yaml", "nor-this.yaml"), "no-such.yaml", "nor-this.yaml")


def test_lint_finds_nothing_in_sound_resources(tmp_path: Path) -> None:
    done = fabric("frr-k8s", "lint", _write(tmp_path, _NODE, _configuration()))
    assert (done.returncode, done.stdout) == (0, "")


def test_lint_finds_what_the_controllers_accept(tmp_path: Path) -> None:
    timers = "{asn: 64513, address: 192.0.2.2, holdTime: 180s, keepaliveTime: 30s, colour: red}"
    file = _write(tmp_path, _NODE, _configuration(timers))
    done = fabric("frr-k8s", "lint", file)
    assert done.returncode == 1
    assert f"{file}:13: error:" in done.stdout
    assert "[timers-lost]" in done.stdout
    found = json.loads(fabric("frr-k8s", "lint", file, "--json").stdout)["findings"]
    assert {(entry["rule"], entry["where"]) for entry in found} >= {
        ("timers-lost", f"{file}:13"),
        ("unknown-field", f"{file}:13"),
    }


def test_lint_sees_a_conflict_with_what_metallb_writes(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _METALLB, _configuration("{asn: 64513, address: 192.0.2.2, port: 1179}"))
    done = fabric("frr-k8s", "lint", file)
    assert done.returncode == 1
    assert "[frozen-node]" in done.stdout
    assert "multiple ports specified for 192.0.2.2" in done.stdout


def test_lint_reports_what_stops_metallb_and_the_infra_operator(tmp_path: Path) -> None:
    twice = _METALLB.replace("name: pool,", "name: other,").replace("name: leaf-0", "name: leaf-1")
    done = fabric("frr-k8s", "lint", _write(tmp_path, _NODE, _METALLB, *twice.split("---\n")[:2]))
    assert (done.returncode, "[metallb-refuses]" in done.stdout) == (1, True)
    done = fabric("frr-k8s", "lint", _write(tmp_path, _NODE, _POD))
    assert (done.returncode, "[pod-configuration]" in done.stdout) == (1, True)


def test_order_prints_steps_that_the_webhook_accepts(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(_configuration())
    new.write_text(_configuration().replace("198.51.100.0/24", "203.0.113.0/24"))
    done = fabric("frr-k8s", "order", old, new)
    assert (done.returncode, done.stdout) == (0, f"update FRRConfiguration openshift-frr-k8s/one ({new}:1)\n")
    assert fabric("frr-k8s", "order", old, old).stdout == "Nothing changes.\n"


def test_order_says_why_there_is_none(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(_configuration() + "---\n" + _configuration(name="two"))
    new.write_text(old.read_text().replace("asn: 64513", "asn: 64599"))
    done = fabric("frr-k8s", "order", old, new)
    assert done.returncode == 1
    assert "No order leads further" in done.stdout
    assert "multiple asns specified for 192.0.2.2" in done.stdout
    assert "would open the way" in done.stdout
    answer = json.loads(fabric("frr-k8s", "order", old, new, "--json").stdout)
    assert (answer["complete"], len(answer["blocked"]), len(answer["delete_first"])) == (False, 2, 2)


def test_order_knows_that_pods_hold_a_peers_timers(tmp_path: Path) -> None:
    """Neither MetalLB nor infra-operator can write first what the other one's objects contradict."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    metallb = _METALLB.replace(', communities: ["64512:7"]', "")
    old.write_text("---\n".join((f"{_NODE}\n", metallb, _POD)))
    new.write_text(old.read_text().replace("192.0.2.2}", "192.0.2.2, holdTime: 9s, keepaliveTime: 3s}"))
    done = fabric("frr-k8s", "order", old, new)
    assert done.returncode == 1
    assert "multiple hold times specified for 192.0.2.2" in done.stdout
    assert "Deleting FRRConfiguration openshift-frr-k8s/" in done.stdout


@pytest.mark.parametrize(("command", "files"), [("lint", 1), ("order", 2)])
def test_resources_that_no_controller_reads(tmp_path: Path, command: str, files: int) -> None:
    file = _write(tmp_path, _NODE, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}")
    _refused(fabric("frr-k8s", command, *[file] * files), f"{file}:3: kind: found Deployment default/d")


def test_order_refuses_what_no_cluster_would_store(tmp_path: Path) -> None:
    bad = _write(tmp_path, _configuration("{asn: 64513, port: 70000, address: 192.0.2.2}"))
    _refused(fabric("frr-k8s", "order", bad, bad), f"{bad}:11: spec.bgp.routers[0].neighbors[0].port")


def test_metallb_writes_what_frr_k8s_reads(tmp_path: Path) -> None:
    made = fabric("metallb", "render", _write(tmp_path, _NODE, _METALLB))
    assert (made.returncode, made.stderr) == (0, "")
    chosen = release("4.20")
    (written,) = admit(parse_documents(made.stdout, "made"), chosen).items
    assert (written.name, written.namespace) == ("metallb-worker-0", "openshift-frr-k8s")
    done = _render("-", stdin=made.stdout)
    assert "    network 198.51.100.1/32\n" in done.stdout
    assert "  set community 64512:7 additive\n" in done.stdout


def test_metallb_tells_what_it_drops_and_does_not_announce(tmp_path: Path) -> None:
    elsewhere = _METALLB.replace("198.51.100.1}", "203.0.113.1}").replace("myASN:", "colour: red, myASN:")
    file = _write(tmp_path, _NODE, elsewhere)
    done = fabric("metallb", "render", file, "--json")
    _refused(done, f"{file}:6: spec.colour", "Service shop/web is not announced (noPool) by worker-0")
    assert json.loads(done.stdout)["resources"][0]["kind"] == "FRRConfiguration"


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("peerAddress: 192.0.2.2", "peerAddress: here", ":6): parsing peer leaf-0 invalid BGPPeer address"),
        ("peerAddress: 192.0.2.2", "peerAddress: 192.0.2.2, passwordSecret: {name: nowhere}", "secret ref not found"),
        ("[198.51.100.0/28]", "[198.51.100.9-198.51.100.1]", "198.51.100.9"),
        ("ipAddressPools: [pool]", "aggregationLength: 8", "aggregation length"),
        ("kind: BGPPeer", "kind: BGPeer", "no matches for kind 'BGPeer'"),
        ("192.0.2.2}", "192.0.2.2, nodeSelectors: [{matchLabels: {rack: a}}]}", "match no node"),
    ],
)
def test_what_metallb_refuses(tmp_path: Path, old: str, new: str, part: str) -> None:
    file = _write(tmp_path, _NODE, _METALLB.replace(old, new))
    _refused(fabric("metallb", "render", file), str(file), part)


def test_metallb_needs_nodes_and_its_own_kinds(tmp_path: Path) -> None:
    _refused(fabric("metallb", "render", _write(tmp_path, _METALLB)), "hold no Node")
    file = _write(tmp_path, _NODE, _configuration())
    _refused(fabric("metallb", "render", file), f"{file}:4: kind: found FRRConfiguration")


def test_pods_get_a_configuration_each(tmp_path: Path) -> None:
    file = _write(tmp_path, _NODE, _METALLB.replace(', communities: ["64512:7"]', ""), _POD)
    done = fabric("rhoso", "pod-config", file)
    assert done.returncode == 0, done.stderr
    (written,) = admit(parse_documents(done.stdout, "made"), release("4.20")).items
    assert written.name == "openstack-galera-0"
    assert written.spec["bgp"]["routers"][0]["prefixes"] == ["172.17.0.31/32"]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("spec: {nodeName: worker-0}", "spec: {}", "has no spec.nodeName"),
        ('\'[{"name": "internalapi"}]\'', "internalapi", "is no JSON"),
        ("nodeName: worker-0", "nodeName: worker-1", "no FRRConfiguration has exactly the nodeSelector"),
        ("kind: BGPConfiguration", "kind: NetConfig", "hold no BGPConfiguration"),
    ],
)
def test_what_stops_the_infra_operator(tmp_path: Path, old: str, new: str, part: str) -> None:
    file = _write(tmp_path, _NODE, _METALLB, _POD.replace(old, new))
    _refused(fabric("rhoso", "pod-config", file), part)


@pytest.mark.parametrize(("group", "command"), [("frr-k8s", "order"), ("metallb", "render"), ("rhoso", "pod-config")])
def test_help_names_the_commands(group: str, command: str) -> None:
    done = fabric(group, "--help")
    assert (done.returncode, command in done.stdout) == (0, True)


def test_commands_take_the_rendered_directory(tmp_path: Path) -> None:
    assert fabric("render", TOPOLOGIES / "rhoso-dz.yaml", "-o", tmp_path, "--export", "kubernetes").returncode == 0
    directory = tmp_path / "kubernetes"
    lint = fabric("frr-k8s", "lint", directory)
    assert (lint.returncode, lint.stdout.count("\n")) == (0, 1), "what pods hold cannot change, and nothing else"
    assert "settled-by-bgp-configuration" in lint.stdout
    render = fabric("frr-k8s", "render", "--node", "rack-0-worker-0", directory)
    assert (render.returncode, render.stderr) == (0, "")
    assert "router bgp 64999" in render.stdout
    order = fabric("frr-k8s", "order", directory, directory)
    assert (order.returncode, order.stdout) == (0, "Nothing changes.\n")
