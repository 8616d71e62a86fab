"""Commands that predict: `simulate`, `trace`, `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli import _answers as answers
from fabric.cli._asking import Asked, Traffic, ask, asker
from fabric.cli._console import answer_json, say, show, told
from fabric.cli._engine import engine as engine_of
from fabric.cli._options import FileArgument, Format, FormatOption, JsonOption, form_of
from fabric.cli._planning import LedgerOption, PinsOption

if TYPE_CHECKING:
    from fabric.config import Address, Family, Prefix
    from fabric.errors import InputError
    from fabric.simulate import Endpoint, Simulation, Trace

FailOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fail",
        metavar="TARGET",
        help="What is broken: link:DEVICE:PORT, link:A--B, node:DEVICE, rack:RACK, zone:ZONE, tier:ROLE, "
        "session:DEVICE->PEER; or drained: drain:DEVICE. May repeat.",
    ),
]
LoadOption = Annotated[
    str | None,
    typer.Option(
        metavar="MATRIX",
        help="Put traffic on the links, with --sweep after every failure too: uniform=GBPS, ROLE>ROLE=GBPS,... or "
        "a CSV file of source,destination,gbps.",
    ),
]
SpeedOption = Annotated[
    float | None, typer.Option("--link-gbps", min=0.001, help="Speed of links whose switch model says none.")
]


def simulate(
    file: FileArgument,
    *,
    rib: Annotated[str | None, typer.Option(metavar="DEVICE", help="Print the BGP table of a device.")] = None,
    fib: Annotated[str | None, typer.Option(metavar="DEVICE", help="Print the kernel routes of a device.")] = None,
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    sweep: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="Try every failure, such as links=1,nodes=2,racks=1,zones=1."),
    ] = None,
    intents: Annotated[
        bool, typer.Option("--intents", help="Judge the file's intents, at rest and after every failure they name.")
    ] = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="Say how long single failures cut off what survives them, by class.")
    ] = False,
    load: LoadOption = None,
    link_gbps: SpeedOption = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes for --sweep, --intents and --budget.")] = 1,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="What runs them: local, dask (--jobs workers), dask://HOST:PORT.")
    ] = "local",
    form: FormatOption = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Predict sessions, routes and reachability, or what failures do. Exit code 1 if something does not work.

    Example: fabric simulate topologies/rhoso-dz.yaml --sweep zones=1,nodes=1
    """
    chosen = _one({"--rib": rib, "--fib": fib, "--sweep": sweep, "--intents": intents, "--budget": budget})
    _refuse_idle(chosen, load, link_gbps)
    form = _form_for(chosen, form_of(form, as_json), load)
    traffic = None if load is None else Traffic(load, link_gbps)
    ways: dict[str | None, Callable[[Asked], bool]] = {
        "--rib": lambda asked: answers.rib(asked, str(rib)),
        "--fib": lambda asked: answers.fib(asked, str(fib)),
        "--sweep": lambda asked: answers.sweep(asked, str(sweep), traffic),
        "--intents": answers.intents,
        "--budget": answers.budget,
        None: lambda asked: answers.overview(asked) if traffic is None else answers.load(asked, traffic),
    }
    with told(form, "fabric simulate", str(file)):
        asked = replace(ask(file, fail, ledger, pins), engine=engine_of(engine, jobs), form=form)
        sound = ways[chosen](asked)
    raise typer.Exit(0 if sound else 1)


def _refuse_idle(chosen: str | None, load: str | None, link_gbps: float | None) -> None:
    """Raises `InputError` for options that the answer would not heed."""
    from fabric.errors import InputError

    if load is not None and chosen not in (None, "--sweep"):
        raise InputError(f"Found --load and {chosen}; allowed: --load alone or with --sweep. Leave one out.")
    if link_gbps is not None and load is None:
        raise InputError("Found --link-gbps without --load; allowed: a speed for the links of --load. Add --load.")


_TESTS = (None, "--sweep", "--intents")
"""What passes or fails, and so has an answer for CI."""


def _form_for(chosen: str | None, form: Format, load: str | None) -> Format:
    """The form of the answer; `InputError` where a table is asked for as if it were a test."""
    from fabric.errors import InputError

    if form in (Format.text, Format.json) or (chosen in _TESTS and (load is None or chosen is not None)):
        return form
    raise InputError(
        f"--format {form}: found {chosen or '--load'}, which passes or fails no test. Choose text or json."
    )


def trace(
    file: FileArgument,
    source: Annotated[str, typer.Argument(metavar="A", help="Device or address that sends.")],
    destination: Annotated[
        str, typer.Argument(metavar="B", help="Device or address that is sent to; any address is traced.")
    ],
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every path from A to B and back, hop by hop. Exit code 1 if packets or answers do not all arrive.

    An address that no device has is traced too, one way: where packets to it end.

    Example: fabric trace topologies/quickstart.yaml a1-server-1 b1-server-2 --fail node:spine-1
    """
    from fabric.report import trace_document, trace_text
    from fabric.simulate import DELIVERED

    simulation = ask(file, fail, ledger, pins).simulation()
    with asker("trace"):
        found = list(traces(simulation, source, destination))
    if as_json:
        answer_json(trace_document(found))
    else:
        say("\n".join(map(trace_text, found)).rstrip())
    ends = {path.fate for item in found for path in (*item.forward, *item.back)}
    raise typer.Exit(0 if ends == DELIVERED and all(item.back for item in found) else 1)


def explain(
    file: FileArgument,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Device whose route is asked about.")],
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Prefix, or an address in it.")],
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a device has its route for a prefix, or none: each path with the step that rejected it.

    Example: fabric explain topologies/quickstart.yaml a1-server-1 10.240.0.132
    """
    from fabric.report import explanation_document, explanation_tables
    from fabric.simulate import explain as explained

    simulation = ask(file, fail, ledger, pins).simulation()
    with asker("explain"):
        found = explained(simulation, device, _prefix(prefix))
    if as_json:
        answer_json(explanation_document(found))
    else:
        show(explanation_tables(found))


def _one(options: Mapping[str, object]) -> str | None:
    """The option that is given; raises `InputError` for several."""
    from fabric.errors import InputError

    given = [name for name, value in options.items() if value not in (None, False)]
    if len(given) > 1:
        raise InputError(f"Found {' and '.join(given)}; allowed: one of {', '.join(options)} at a time. Leave one out.")
    return given[0] if given else None


def traces(simulation: Simulation, source: str, destination: str) -> Iterator[Trace]:
    """One trace for each family that both ends have, or for the family of an address.

    An address that no living device has is traced one way: where packets to it end.
    """
    from fabric.simulate import trace as traced

    address = _address(destination)
    if address is not None and simulation.owner(address) is None:
        here = _place(simulation, source, _family(address))
        if here is None:
            raise _no_common_family(source, destination)
        yield traced(simulation, *here, address)
        return
    for here, there in ends_of(simulation, source, destination):
        yield traced(simulation, *here, there.address)


def ends_of(simulation: Simulation, source: str, destination: str) -> Iterator[tuple[Endpoint, Endpoint]]:
    """The two ends that words stand for, in each family that both have, or in the family of an address."""
    from fabric.simulate import FAMILIES

    found = False
    for family in FAMILIES:
        here = _place(simulation, source, family)
        there = _place(simulation, destination, family)
        if here is not None and there is not None:
            found = True
            yield here, there
    if not found:
        raise _no_common_family(source, destination)


def _no_common_family(source: str, destination: str) -> InputError:
    from fabric.errors import InputError

    return InputError(f"trace {source} {destination}: found no common address family. Name two of one family.")


def _address(word: str) -> Address | None:
    from ipaddress import ip_address

    try:
        return ip_address(word)
    except ValueError:
        return None


def _family(address: Address) -> Family:
    return "ipv4" if address.version == 4 else "ipv6"


def _place(simulation: Simulation, name: str, family: Family) -> Endpoint | None:
    """The device and address that a word stands for in a family; `None` where it has none of that family."""
    from fabric.errors import InputError
    from fabric.simulate import Endpoint, UnknownDeviceError, loopback

    devices = simulation.fabric.by_name
    if name in devices:
        address = loopback(devices[name], family)
        return None if address is None else Endpoint(name, address)
    given = _address(name)
    if given is None:
        raise UnknownDeviceError(name, devices, "trace")
    if _family(given) != family:
        return None
    owner = simulation.owner(given)
    if owner is None:
        raise InputError(f"trace: found the address {name}, which no living device has. Name a device, or its address.")
    return Endpoint(owner, given)


def _prefix(text: str) -> Prefix | Address:
    from ipaddress import ip_address, ip_network

    from fabric.errors import InputError

    try:
        return ip_network(text) if "/" in text else ip_address(text)
    except ValueError as error:
        raise InputError(
            f"explain: found the prefix {text!r}: {error}. Write a prefix such as 10.240.0.1/32, or an address."
        ) from None
