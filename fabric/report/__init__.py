"""Values to text: tables, JSON, YAML, CSV and Markdown."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.report._budget import budget_document, budget_tables
    from fabric.report._check import check_document, check_text, rule_document, rule_text, rules_markdown, rules_table
    from fabric.report._ci import to_github, to_junit, to_sarif
    from fabric.report._diff import diff_document, diff_tables, value_changes_document, value_changes_table
    from fabric.report._glance import glance_document, glance_tables
    from fabric.report._html import to_html
    from fabric.report._impairment import (
        impairment_document,
        impairment_text,
        impairment_words,
        round_trip_documents,
        round_trip_table,
    )
    from fabric.report._intents import intent_documents, intent_tables, intents_document
    from fabric.report._kubernetes import (
        configuration_document,
        findings_document,
        order_document,
        problem_documents,
        refusals_document,
        resource_documents,
        resources_yaml,
    )
    from fabric.report._load import load_document, load_tables
    from fabric.report._measurement import measurement_document, measurement_tables, timeline_table
    from fabric.report._netbox import push_document, push_tables
    from fabric.report._outcome import (
        Outcome,
        Remark,
        Test,
        check_outcome,
        drift_outcome,
        input_document,
        input_outcome,
        intents_outcome,
        overview_outcome,
        scenario_outcome,
        sweep_outcome,
        verdict_outcome,
    )
    from fabric.report._plan import plan_document, plan_files, plan_tables
    from fabric.report._routes import explanation_document, explanation_tables, trace_document, trace_text, tree_lines
    from fabric.report._scenarios import scenario_document, scenario_markdown, scenario_tables
    from fabric.report._schema import schema_markdown
    from fabric.report._simulation import (
        fib_document,
        fib_tables,
        overview_document,
        overview_tables,
        rib_document,
        rib_tables,
    )
    from fabric.report._sweep import sweep_document, sweep_tables
    from fabric.report._table import Table, table, to_csv, to_markdown, to_rich, to_text
    from fabric.report._trace import lab_mtu_document, lab_mtu_text, lab_trace_document, lab_trace_table
    from fabric.report._verdict import (
        fault_change_document,
        start_document,
        status_document,
        status_tables,
        verdict_document,
        verdict_tables,
    )
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "Outcome",
    "Remark",
    "Table",
    "Test",
    "budget_document",
    "budget_tables",
    "check_document",
    "check_outcome",
    "check_text",
    "configuration_document",
    "diff_document",
    "diff_tables",
    "drift_outcome",
    "explanation_document",
    "explanation_tables",
    "fault_change_document",
    "fib_document",
    "fib_tables",
    "findings_document",
    "glance_document",
    "glance_tables",
    "impairment_document",
    "impairment_text",
    "impairment_words",
    "input_document",
    "input_outcome",
    "intent_documents",
    "intent_tables",
    "intents_document",
    "intents_outcome",
    "lab_mtu_document",
    "lab_mtu_text",
    "lab_trace_document",
    "lab_trace_table",
    "load_document",
    "load_tables",
    "measurement_document",
    "measurement_tables",
    "order_document",
    "overview_document",
    "overview_outcome",
    "overview_tables",
    "plan_document",
    "plan_files",
    "plan_tables",
    "problem_documents",
    "push_document",
    "push_tables",
    "refusals_document",
    "resource_documents",
    "resources_yaml",
    "rib_document",
    "rib_tables",
    "round_trip_documents",
    "round_trip_table",
    "rule_document",
    "rule_text",
    "rules_markdown",
    "rules_table",
    "scenario_document",
    "scenario_markdown",
    "scenario_outcome",
    "scenario_tables",
    "schema_markdown",
    "start_document",
    "status_document",
    "status_tables",
    "sweep_document",
    "sweep_outcome",
    "sweep_tables",
    "table",
    "timeline_table",
    "to_csv",
    "to_github",
    "to_html",
    "to_junit",
    "to_markdown",
    "to_rich",
    "to_sarif",
    "to_text",
    "trace_document",
    "trace_text",
    "tree_lines",
    "value_changes_document",
    "value_changes_table",
    "verdict_document",
    "verdict_outcome",
    "verdict_tables",
]
