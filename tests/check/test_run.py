"""What a check runs over: shipped topologies, files of others, and what can be no object at all."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.check import RULES, RuleInfo, Subject, UnknownRuleError, check, info
from fabric.check.rules import _controllers
from fabric.errors import InputError
from fabric.kubernetes import lint as lint_module
from fabric.kubernetes import parse_documents, release, resources_of
from fabric.kubernetes.emit import kubernetes_files
from fabric.kubernetes.lint import lint_cluster
from fabric.topology import load, parse
from tests.check.examples import HERE, files

TOPOLOGIES = sorted((Path(__file__).parents[2] / "topologies").glob("*.yaml"))


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.stem)
def test_a_shipped_topology_is_clean_or_says_why_not(path: Path) -> None:
    report = check(Subject(plan.build(load(path))))
    assert [str(finding) for finding in report.findings if finding.suppressed is None] == []
    assert all(finding.suppressed for finding in report.findings)
    assert {rule.over for rule in report.ran} == {"design", "resources", "frr", "suppressions"}


def test_ids_are_unique_and_in_their_hundreds() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    hundreds = {rule.id: rule.over for rule in RULES}
    expected = {
        "0": "suppressions",
        **dict.fromkeys("1234", "design"),
        **dict.fromkeys("5678", "resources"),
        "9": "frr",
    }
    assert all(over == expected[name[4]] for name, over in hundreds.items())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_told_in_sentences(rule: RuleInfo) -> None:
    entry = info(rule.id)
    assert entry.why.endswith(".")
    assert entry.why[:1] in string.ascii_letters + "`"
    assert entry.fix.endswith(".")
    assert entry.source
    assert not entry.title.endswith(".")


def test_lint_and_check_agree_on_rules_and_severities() -> None:
    """Every rule that `frr-k8s lint` has is one here, with the same severity in each of its examples."""
    names = {rule.find.args[0]: rule for rule in _controllers.RULES if hasattr(rule.find, "args")}
    for name, rule in names.items():
        texts = {path.name: path.read_text() for path in files(rule.id, "bad")}
        chosen = release("main" if "# release: main" in "".join(texts.values()) else "4.20")
        found = [f for f in lint_cluster(resources_of(texts, chosen)) if f.rule == name]
        assert {f.severity for f in found} == {rule.severity}, name
    source = "".join(path.read_text() for path in Path(lint_module.__file__).parent.glob("*.py"))
    assert set(re.findall(r"[Ff]inding\(\s*\"([a-z0-9-]+)\"", source)) == set(names)


def test_an_unknown_rule_is_named_with_its_neighbors() -> None:
    with pytest.raises(UnknownRuleError, match="allowed: FAB-001 to FAB-922"):
        info("FAB-1O1")


def test_a_file_that_is_no_yaml_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"a\.yaml:\d"):
        check(Subject(texts={"a.yaml": "a: [", "b.yaml": "kind: Node"}))


def test_documents_that_are_no_objects_are_passed_over() -> None:
    texts = {"values.yaml": "replicas: 3\n---\n- a\n- b\n---\njust text\n", "c.yaml": "kind: 3\n"}
    assert check(Subject(texts=texts)).findings == ()


def test_a_design_with_resources_says_what_these_do_to_it() -> None:
    path = next(path for path in TOPOLOGIES if path.stem == "rhoso-bgp-dt01")
    value = plan.build(load(path))
    texts = {name: text for name, text in kubernetes_files(value).items() if name.startswith("kubernetes/bgp/")}
    texts = {name: text for name, text in texts.items() if "kustomization" not in name}
    assert check(Subject(value, texts), lambda name: name in ("FAB-301", "FAB-302")).findings == ()
    peers = texts["kubernetes/bgp/bgppeer.yaml"].replace("peerASN: 64999", "peerASN: 64998", 1)
    changed = {**texts, "kubernetes/bgp/bgppeer.yaml": peers}  # our FRRConfigurations say otherwise of that session
    (found,) = check(Subject(value, changed), lambda name: name in ("FAB-301", "FAB-302")).findings
    assert found.rule.id == "FAB-302"
    assert found.where.startswith(str(path))


_ALL_BAD = sorted(path for path in HERE.glob("FAB-[5678]*/bad.yaml"))


@pytest.mark.parametrize("path", _ALL_BAD, ids=lambda path: path.parent.name)
def test_no_mutation_of_a_resource_ends_in_a_traceback(path: Path) -> None:
    """Each value of an example in turn becomes something that nobody expects there."""
    documents = [document.value for document in parse_documents(path.read_text(), "m.yaml")]
    odd: list[object] = [None, 7, "x", [], {}, [None, {"a": []}], True]
    for number in range(0, 60, 6):
        mutated = [_plain(document) for document in documents]
        _replace(mutated, number, odd[number % len(odd)])
        try:
            check(Subject(texts={"m.yaml": yaml.safe_dump_all(mutated)}))
        except InputError:
            continue


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _replace(value: object, number: int, new: object) -> int:
    """Put `new` in place of the value that is the `number`th in depth-first order."""
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, entry in pairs:
        if number == 0:
            value[key] = new  # type: ignore[index]
            return -1
        number = _replace(entry, number - 1, new)
        if number < 0:
            return -1
    return number


_LINES = st.sampled_from(
    ["router bgp 65000", "router bgp", " neighbor", " neighbor a", " neighbor a peer-group", " neighbor a remote-as",
     " neighbor b peer-group a", " address-family ipv4 unicast", " exit-address-family", "exit", "!", " bgp router-id",
     "interface", " ip address", "frr version", "debug", " maximum-paths", " redistribute connected", "hostname"]
)  # fmt: skip


@given(st.lists(_LINES, max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_frr_file_ends_in_a_traceback(lines: list[str]) -> None:
    check(Subject(texts={"a/frr.conf": "\n".join(lines), "b/frr.conf": "router bgp 65000\n"}))


_FIVE_STAGES = """\
version: 1
name: five

super_spines: 2
pods:
  - {name: p1, spines: 3}
  - name: p2
    spines: 2
zones:
  - {name: a, pod: p1, racks: [{name: a1, leaves: 2}]}
  - {name: b, pod: p2, racks: [{name: b1, leaves: 2}]}
"""
_PLANES = """\
version: 1
name: planes

planes: 2
super_spines: 4
borders: {routers: 1}
pods: [{name: p1, spines: 2}, {name: p2, spines: 2}]
zones:
  - {name: a, pod: p1, racks: [{name: a1, leaves: 1}]}
  - {name: b, pod: p2, racks: [{name: b1, leaves: 1}]}
"""


@pytest.mark.parametrize(
    ("text", "place"), [(_FIVE_STAGES, ("five.yaml:8", "p2")), (_PLANES, ("five.yaml:4", "planes"))]
)
def test_two_failures_in_five_stages_point_at_the_switches_that_are_too_few(text: str, place: tuple[str, str]) -> None:
    """They pointed at the file's first line, for `spines`, which such a file does not have."""
    report = check(Subject(plan.build(parse(text, "five.yaml"))), lambda rule: rule == "FAB-404")
    assert {(finding.where, finding.subject) for finding in report.findings} == {place}
