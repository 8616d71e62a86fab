"""Fuzzing that is led by coverage: `python -m tests.fuzz.guided SUBJECT [RUNS]`, with atheris from the group `fuzz`.

An input that does not end in a sentence ends the run with a traceback and is kept as `crash-…` in the current folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fabric"]):
    from tests.fuzz.subjects import read, subjects

_RUNS = 20_000


def main(name: str, runs: int) -> None:
    """Search around the good files of the subject; never returns, for libFuzzer ends the process."""
    subject = next(subject for subject in subjects() if subject.name == name)
    place = Path(tempfile.mkdtemp())
    corpus = place / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(subject.seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup(
        [sys.argv[0], f"-runs={runs}", "-max_len=20000", str(corpus)], lambda content: read(subject, content, place)
    )
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.stdout.write("".join(f"{subject.name}\n" for subject in subjects()))
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else _RUNS)
