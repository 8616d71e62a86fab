"""Reports to look at: one that has everything, and one of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fabric.check import Subject as CheckSubject
from fabric.check import check
from fabric.config import FabricConfig
from fabric.kubernetes import configure
from fabric.plan import Plan, build
from fabric.render import frr_files
from fabric.report.page import Answers, Made, Page, Subject, build_page
from fabric.simulate import budgets, load, overview, parse_sweeps, parse_traffic, simulate, sweep
from fabric.topology import load as load_topology
from fabric.topology import parse

TOPOLOGIES = Path(__file__).resolve().parents[3] / "topologies"
MADE = Made({"fabric": "1", "FRR": "8.4.4"}, "2026-01-01 00:00 UTC")
PROOF: dict[str, Any] = {
    "lab": "quickstart",
    "passed": False,
    "checks": [
        {"check": "BGP sessions", "compared": 2, "as_expected": 2, "note": "", "passed": True, "findings": []},
        {
            "check": "kernel FIB entries",
            "compared": 4,
            "as_expected": 3,
            "note": "",
            "passed": False,
            "findings": [{"where": "spine-1 10.0.0.1/32", "expected": "via <b>", "observed": "no route"}],
        },
    ],
    "reachability": [
        {
            "axis": "zone",
            "family": "ipv4",
            "cells": [
                {"from": "a", "to": "b", "pairs": 1, "flows_sent": 16, "flows_answered": 8},
                {"from": "b", "to": "a", "pairs": 1, "flows_sent": 16, "flows_answered": 16},
            ],
        }
    ],
}
SCENARIOS: dict[str, Any] = {
    "lab": "quickstart",
    "passed": True,
    "machine": {},
    "counts": {"passed": 1, "failed": 0},
    "cases": [
        {
            "name": "link-far",
            "title": "A far link goes down",
            "source": "RFC 7938 section 7.1",
            "outcome": "passed",
            "words": "",
            "noise_ms": 4.0,
            "parts": [
                {
                    "step": "fail link:a--b",
                    "outage_ms": 124.0,
                    "expected": {"outage_ms": 150.0},
                    "findings": [],
                    "etcd": {"acknowledged": 9, "failed": 0, "leaders": 1, "outage_ms": 3.0, "p99_ms": 2.0},
                },
                {"step": "heal", "outage_ms": None, "expected": {"outage_ms": None}, "findings": [], "etcd": None},
            ],
        }
    ],
}
ROUND_TRIPS: dict[str, Any] = {
    "lab": "quickstart",
    "relay": None,
    "round_trips": [{"zones": ["a", "b"], "asked_ms": 2.0, "median_ms": 2.1, "kept": True}],
}
MEASUREMENT: dict[str, Any] = {
    "lab": "quickstart",
    "target": "link:a--b",
    "expected": {"outage_ms": 150.0},
    "noise_ms": 5.0,
    "verdict": "within budget",
    "runs": [
        {"outage_ms": 123.0, "flows": [{"phase": "fault", "outage_ms": 900.0}, {"phase": "fault", "outage_ms": 123.0}]}
    ],
}


def subject_of(plan: Plan, fabric: FabricConfig, file: str = "x.yaml") -> Subject:
    """The design as the command reports on it."""
    chapters = ("prediction", "rules", "intents", "failures", "budget", "load")
    questions = {"file": file, **dict.fromkeys(chapters, f"fabric simulate {file}")}
    return Subject(plan, fabric, {d.name: frr_files(d).frr_conf for d in fabric}, questions)


def full_page() -> Page:
    """The report of the quickstart design with everything that can be asked."""
    plan = build(load_topology(TOPOLOGIES / "quickstart.yaml"))
    fabric = configure(plan)
    simulation = simulate(fabric)
    answers = Answers(
        prediction=overview(simulation),
        sweep=sweep(fabric, parse_sweeps("nodes=2,zones=1")),
        budgets=budgets(fabric),
        load=load(simulation, parse_traffic(fabric, "uniform=1"), 100.0),
        check=check(CheckSubject(plan)),
        observed=(PROOF, SCENARIOS, ROUND_TRIPS, MEASUREMENT),
    )
    return build_page(subject_of(plan, fabric), answers, MADE)


def large_page(switches: int) -> Page:
    """The report of a fabric with that many switches, four of them spines, and what is predicted for it."""
    racks = [{"name": f"r{number}"} for number in range((switches - 4) // 2)]
    values = {
        "version": 1,
        "name": "large",
        "spines": 4,
        "asn": {"width": 4},
        "zones": [{"name": f"zone-{part}", "racks": racks[part::4]} for part in range(4)],
    }
    plan = build(parse(yaml.safe_dump(values), "large.yaml"))
    fabric = configure(plan)
    return build_page(subject_of(plan, fabric), Answers(overview(simulate(fabric))), MADE)
