"""Small resources and what each release makes of them: every rule of the translation once.

A case is `cases/NAME.yaml`; its first line says which rule it shows and for which releases. Beside it stands
`NAME.RELEASE.conf` or, where the controller refuses it, `NAME.RELEASE.err`. `--update-golden` writes them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fabric.kubernetes import admit, node_named, parse_documents, release
from fabric.kubernetes.frr_k8s import ConversionError, Options, translate
from tests.frr import assert_parses, needs_frr

_DIRECTORY = Path(__file__).resolve().parents[1] / "cases"
_NAMESPACE = re.compile(r"namespace: (frr-k8s-system|metallb-system)")


def _cases() -> list[tuple[Path, str]]:
    cases: list[tuple[Path, str]] = []
    for path in sorted(_DIRECTORY.glob("*.yaml")):
        first = path.read_text().partition("\n")[0]
        releases = first.partition("releases: ")[2].partition(";")[0]
        assert releases, f"{path.name} names no release"
        cases.extend((path, name) for name in releases.split())
    return cases


def _outcome(path: Path, name: str) -> tuple[str, str]:
    """Suffix and text of what the release makes of a case."""
    text, chosen = path.read_text(), release(name)
    resources = admit(parse_documents(text, path.name), chosen)
    blocked = text.partition("\n")[0].partition("always-block: ")[2].split()
    namespace = _NAMESPACE.search(text)
    options = Options(namespace[1] if namespace else None, always_block=tuple(blocked))
    try:
        return "conf", translate(node_named(resources, "worker-0"), resources, chosen, options).frr_conf
    except ConversionError as error:
        return "err", f"{error}\n"


@pytest.mark.parametrize(("path", "name"), _cases(), ids=lambda value: getattr(value, "stem", value))
def test_each_rule(path: Path, name: str, update_golden: bool) -> None:
    suffix, text = _outcome(path, name)
    expected = path.with_name(f"{path.stem}.{name}.{suffix}")
    if update_golden:
        expected.write_text(text)
    assert text == expected.read_text()


@needs_frr
@pytest.mark.parametrize("path", sorted(_DIRECTORY.glob("*.conf")), ids=lambda path: path.stem)
def test_frr_takes_each_configuration(path: Path) -> None:
    assert_parses(path.read_text())


def test_every_expectation_belongs_to_a_case() -> None:
    wanted = {f"{path.stem}.{name}" for path, name in _cases()}
    assert {path.stem for path in _DIRECTORY.iterdir() if path.suffix in (".conf", ".err")} == wanted
