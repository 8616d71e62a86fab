"""The inside of the tests' world of containers: runs a command for each line of JSON, and says how it ended.

Started by `scripts/containerlab`; Docker, and with it every container, ends when the input does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys


def main() -> None:
    """Serve until the input ends."""
    _say("ready")
    for line in sys.stdin:
        argv, environ, cwd = json.loads(line)
        try:
            done = subprocess.run(
                argv,
                env={**os.environ, **environ},
                cwd=cwd,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=300,
            )
            answer = [done.returncode, done.stdout, done.stderr]
        except (OSError, subprocess.TimeoutExpired) as error:
            answer = [-1, "", str(error)]
        _say(answer)


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
