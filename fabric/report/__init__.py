"""Values to text: tables, JSON, YAML, CSV and Markdown."""

from fabric.report._plan import plan_document, plan_files, plan_tables
from fabric.report._table import Table, table, to_csv, to_markdown, to_rich, to_text

__all__ = [
    "Table",
    "plan_document",
    "plan_files",
    "plan_tables",
    "table",
    "to_csv",
    "to_markdown",
    "to_rich",
    "to_text",
]
