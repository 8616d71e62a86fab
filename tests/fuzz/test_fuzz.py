"""Whatever a file holds, the command ends with 0, 1 or 2 and a sentence: no traceback, no hang, no gigabyte.

The test run tries about 2,000 inputs, `make fuzz` 100,000 (`FABRIC_FUZZ_INPUTS`) and then lets atheris look for more.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated
from tests.fuzz.subjects import NotASentenceError, Subject, limits, read, subjects

SUBJECTS = subjects()
INPUTS = int(os.environ.get("FABRIC_FUZZ_INPUTS", "2000"))


@pytest.mark.timeout(0 if INPUTS > 2000 else 300)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_mutated_files_end_in_a_sentence(subject: Subject, tmp_path: Path) -> None:
    @settings(
        max_examples=INPUTS // len(SUBJECTS),
        deadline=None,
        database=None,
        derandomize=INPUTS <= 2000,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # mutants are small already, and shrinking one takes minutes
    )
    @given(st.data())
    def each(data: st.DataObject) -> None:
        read(subject, data.draw(mutated(subject.seeds)), tmp_path)

    each()


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_seeds_are_read(subject: Subject, tmp_path: Path) -> None:
    assert subject.seeds
    assert {read(subject, seed, tmp_path) for seed in subject.seeds} & {0, 1}


def spin() -> None:
    """Goes on for ever, in Python's own code, where a signal is heard."""
    while True:
        pass


def test_a_traceback_a_hang_and_a_gigabyte_are_told() -> None:
    with pytest.raises(NotASentenceError, match="longer than"), limits():
        spin()
    with pytest.raises(MemoryError), limits():
        bytearray(3 << 30)
