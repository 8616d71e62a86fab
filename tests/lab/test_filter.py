"""The nftables rules of silent loss, as nft reads them."""

from __future__ import annotations

import subprocess

from fabric.lab._filter import Filter, ruleset


def test_rules_replace_the_ones_before_and_none_are_left_for_nothing() -> None:
    assert ruleset(Filter()) == "table netdev fabric\ndelete table netdev fabric\n"
    text = ruleset(Filter(deaf=frozenset({"eth1", "eth2"})))
    assert text.startswith(ruleset(Filter()))
    assert text.count('ingress device "eth') == 2


def test_nft_reads_the_rules() -> None:
    alone = ("unshare", "--user", "--map-root-user", "--net", "nft", "--check", "-f", "-")
    read = subprocess.run(alone, input=ruleset(Filter()), text=True, capture_output=True, check=False)
    assert read.stderr == ""
    assert read.returncode == 0
