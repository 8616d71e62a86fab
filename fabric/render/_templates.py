"""The FRR templates, compiled at most once on a machine."""

from __future__ import annotations

import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from fabric import resources


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Jinja's cache of compiled templates, which checks each entry against the template's text and the Python.

    A disk that takes no more is no reason to fail: the templates are compiled the next time too.
    """

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The environment that holds the templates of `frr_templates/`."""
    cache = resources.cache_directory(f"templates-{_fingerprint():08x}")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.directory("frr_templates")),
        bytecode_cache=None if cache is None else _Compiled(str(cache)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - router configuration, not HTML
        auto_reload=False,
    )


def _fingerprint() -> int:
    """Changes with the options above and with the installed Jinja, neither of which an entry of the cache names."""
    changed = [Path(file).stat().st_mtime_ns for file in (__file__, jinja2.__file__)]
    return zlib.crc32(str(changed).encode())
