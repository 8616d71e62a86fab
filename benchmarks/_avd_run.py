"""Runs inside pyavd's own environment: AVD inputs of every device (JSON) to a file of EOS configuration each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyavd import get_avd_facts, get_device_config, get_device_structured_config, validate_inputs


def main(source: Path, target: Path) -> None:
    """The four steps of pyavd's documentation: validate, facts, structured configuration, configuration."""
    inputs = json.loads(source.read_text())
    validated = {name: validate_inputs(values).validated_data for name, values in inputs.items()}
    facts = get_avd_facts(validated)
    target.mkdir()
    for name, values in validated.items():
        structured = get_device_structured_config(name, values, facts)
        (target / f"{name}.cfg").write_text(get_device_config(structured))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
