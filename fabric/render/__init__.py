"""Text from values: FRR's files and the directory they are written to. No decisions are made here."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.render._compare import FileChange, changed_files
    from fabric.render._frr import Confidential, FrrFiles, frr_files, frr_tree
    from fabric.render._manifest import Written, write_exports
    from fabric.render._tree import write_tree
    from fabric.render._yaml import to_yaml
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "Confidential",
    "FileChange",
    "FrrFiles",
    "Written",
    "changed_files",
    "frr_files",
    "frr_tree",
    "to_yaml",
    "write_exports",
    "write_tree",
]
