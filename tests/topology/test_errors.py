"""Each `errors/NAME.yaml` is wrong in some way, and `errors/NAME.txt` is all that a user is told about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from fabric.errors import FabricError, InputError, Problem, TopologyError
from fabric.topology import Topology, json_schema, load, parse

CASES = sorted((Path(__file__).parent / "errors").glob("*.yaml"))
QUICK = [case for case in CASES if case.stem != "alias-bomb"]  # it takes seconds to count to the limit


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_message_is_the_expected_one(case: Path, update_golden: bool) -> None:
    with pytest.raises(TopologyError) as caught:
        parse(case.read_text(), case.name)
    expected = case.with_suffix(".txt")
    if update_golden:
        expected.write_text(f"{caught.value}\n")
    assert f"{caught.value}\n" == expected.read_text()


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.stem)
def test_every_problem_says_where_what_and_what_to_do(case: Path) -> None:
    with pytest.raises(TopologyError) as caught:
        parse(case.read_text(), case.name)
    lines = case.read_text().count("\n") + 1
    for problem in caught.value.problems:
        file, _, line = problem.where.partition(":")
        assert file == case.name
        assert not line or 1 <= int(line) <= lines
        assert problem.found
        assert problem.allowed
        assert problem.action.endswith((".", "?"))


def plain_values(case: Path) -> Any:
    """The case as plain JSON values; `None` where it is no YAML that a schema could judge."""
    try:
        return json.loads(json.dumps(yaml.safe_load(case.read_text())))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


PLAIN = [case for case in QUICK if plain_values(case) is not None]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.stem)
def test_the_schema_rejects_what_the_model_rejects(case: Path) -> None:
    value = plain_values(case)
    valid = not list(jsonschema.Draft202012Validator(json_schema()).iter_errors(value))
    try:
        Topology.model_validate(value)
    except ValidationError:
        assert not valid
    else:
        assert valid


def test_problems_come_in_the_order_of_the_file() -> None:
    with pytest.raises(TopologyError) as caught:
        parse((Path(__file__).parent / "errors" / "several-mistakes.yaml").read_text(), "t.yaml")
    lines = [int(problem.where.partition(":")[2]) for problem in caught.value.problems]
    assert lines == sorted(lines)
    assert len(lines) >= 8


def test_a_huge_text_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TopologyError, match=r"found 8000001 bytes; allowed: at most 8000000 bytes"):
        parse("x" * 8_000_001, "big.yaml")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(8_000_001)
    with pytest.raises(InputError, match=r"big\.yaml: found 8000001 bytes; allowed: at most 8000000"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read \(No such file or directory\)"):
        load(tmp_path / "none.yaml")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        load(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    with pytest.raises(InputError, match="not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_control_characters_are_no_yaml() -> None:
    with pytest.raises(TopologyError, match="special characters are not allowed"):
        parse("version: 1\nname: \x00\n", "t.yaml")


def test_an_error_is_one_sentence_a_problem() -> None:
    problems = [Problem("t.yaml:3", "spines", "0", "at least one", "Set it."), Problem("t.yaml", "", "a", "b", "C.")]
    text = "t.yaml:3: spines: found 0; allowed: at least one. Set it.\nt.yaml: found a; allowed: b. C."
    assert str(TopologyError(problems)) == text
    assert issubclass(TopologyError, FabricError)
    assert TopologyError.exit_code == 2
