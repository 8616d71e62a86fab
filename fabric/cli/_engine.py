"""Where the scenarios of a sweep are computed: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fabric._values import dataclass

Mapper = Callable[..., Iterable[Any]]
"""`map`, wherever it works."""

_ALLOWED = "local, dask, or dask://HOST:PORT of a Dask scheduler"


@dataclass(frozen=True, slots=True)
class Engine:
    """Some processes on this machine, or a Dask cluster."""

    jobs: int = 1
    dask: bool = False
    address: str | None = None
    """Of the scheduler; `None` starts a cluster of `jobs` workers on this machine, and ends it."""

    @contextmanager
    def mapper(self) -> Iterator[Mapper]:
        """A `map` that works there and keeps the order."""
        if self.dask:
            with _dask(self.jobs, self.address) as mapper:
                yield mapper
        elif self.jobs == 1:
            yield map
        else:
            with _processes(self.jobs) as mapper:
                yield mapper


HERE = Engine()


def engine(text: str, jobs: int) -> Engine:
    """The engine that `--engine` names; raises `InputError` for what is none."""
    from fabric.errors import InputError

    name, separator, address = text.partition("://")
    if name == "dask" and (address or not separator):
        return Engine(jobs, dask=True, address=f"tcp://{address}" if address else None)
    if text == "local":
        return Engine(jobs)
    raise InputError(f"--engine: found {text!r}; allowed: {_ALLOWED}. Leave it out to compute here.")


@contextmanager
def _processes(jobs: int) -> Iterator[Mapper]:
    import gc
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # The progress bar has a thread, and a process with threads must not be forked.
    clean = get_context("forkserver")
    with ProcessPoolExecutor(jobs, clean, initializer=gc.set_threshold, initargs=(gc.get_threshold()[0],)) as pool:
        yield pool.map


@contextmanager
def _dask(jobs: int, address: str | None) -> Iterator[Mapper]:
    from fabric.errors import MachineError

    try:
        from distributed import Client, LocalCluster
    except ImportError:
        hint = "pip install 'fabric-spineleaf[dask]', here and on the workers."
        raise MachineError(f"--engine dask needs distributed, which is not installed. Install it: {hint}") from None
    if address is None:
        with (
            LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield _on(client)
        return
    try:
        found = Client(address, timeout="10s")
    except OSError as error:
        text = f"--engine: no Dask scheduler answers at {address}: {error}. Start one, or leave the address out."
        raise MachineError(text) from error
    with found as client:
        yield _on(client)


def _on(client: Any) -> Mapper:
    """A `map` over the workers of the cluster. The work, which carries the fabric, is sent to each of them once."""

    def mapper(work: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[Any]:
        there = client.scatter(work, broadcast=True)
        for future in client.map(_apply, list(chunks), work=there, pure=False):
            yield future.result()

    return mapper


def _apply(chunk: Any, work: Callable[[Any], Any]) -> Any:
    return work(chunk)
