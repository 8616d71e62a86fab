"""Options of the test run, and what a skipped test means in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

from tests import uml

_MAY_BE_ABSENT = (
    "the controllers' test cases are not here",
    "the definitions that the package does not carry are not at hand",
    "kustomize is not installed",
    "mgmtd configures some daemons of this FRR",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files from what the code gives now")


def pytest_configure() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """True when golden files are to be written, not compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one, unless it needs what only some checkouts or FRRs have."""
    report = yield
    if report.skipped and os.environ.get("CI") and not any(text in str(report.longrepr) for text in _MAY_BE_ABSENT):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    uml.keep(item, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that this kernel cannot run is run by another kernel."""
    if not uml.needs_other_kernel(pyfuncitem):
        return None
    uml.run_there(pyfuncitem)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Under another kernel, the results for the run that asked for them."""
    for line in uml.told(terminalreporter.config):
        terminalreporter.write_line(line)
