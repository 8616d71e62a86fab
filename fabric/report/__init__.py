"""Values to text: tables, JSON, YAML, CSV and Markdown."""

from fabric.report._diff import diff_document, diff_tables, value_changes_document, value_changes_table
from fabric.report._html import to_html
from fabric.report._plan import plan_document, plan_files, plan_tables
from fabric.report._table import Table, table, to_csv, to_markdown, to_rich, to_text
from fabric.report._verdict import start_document, status_document, status_tables, verdict_document, verdict_tables

__all__ = [
    "Table",
    "diff_document",
    "diff_tables",
    "plan_document",
    "plan_files",
    "plan_tables",
    "start_document",
    "status_document",
    "status_tables",
    "table",
    "to_csv",
    "to_html",
    "to_markdown",
    "to_rich",
    "to_text",
    "value_changes_document",
    "value_changes_table",
    "verdict_document",
    "verdict_tables",
]
