"""The command `fabric`: parse, call one library function, hand the value to report.

Nothing heavy is imported before a command runs, so that `fabric --help` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any


def main() -> None:
    """Run the command; ends the process with 0 ok, 1 findings, 2 bad input or 3 environment."""
    ended: list[object] = []
    _leave_at_once(ended)
    _without_plugins()
    gc.set_threshold(5_000_000)  # values live until the command ends; looking for garbage among them finds none
    try:
        _run()
    except SystemExit as end:
        ended.append(end.code)
        raise
    finally:
        gc.freeze()  # nor does the interpreter's last look for garbage, which took a tenth of a short command


def _run() -> None:
    from fabric.cli._app import app
    from fabric.cli._console import tell
    from fabric.errors import FabricError

    try:
        app(prog_name="fabric")
    except FabricError as error:
        tell(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)  # the reader of our output has seen enough


def _leave_at_once(ended: Sequence[object]) -> None:
    """Once a command has `ended`, the process does too, before Python takes apart all that was loaded: 6 ms.

    Registered first, this runs after all threads and all other handlers. Where somebody registered one before, such
    as a tool that measures coverage, and where output cannot be written, Python ends the process as ever.
    """

    def leave() -> None:
        if ended and isinstance(code := ended[-1] or 0, int):
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)

    if not getattr(atexit, "_ncallbacks", lambda: 1)():
        atexit.register(leave)


def _without_plugins() -> None:
    """No plugins of pydantic, unless the environment asks for some: looking for them costs more than our validation.

    Even where none are wanted pydantic loads what looks for them, and with it `importlib.metadata` and `email`: 7 ms.
    """
    if os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__") == "__all__":
        loader: Any = ModuleType("pydantic.plugin._loader")
        loader.get_plugins = tuple
        sys.modules[loader.__name__] = loader
