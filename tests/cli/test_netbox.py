"""`fabric netbox push`: a dry run first, then the push, then nothing more to do; and no token anywhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import TOPOLOGIES, fabric
from tests.netbox.server import TOKEN, NetBox, serving

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


def test_dry_run_push_and_nothing_more(tmp_path: Path) -> None:
    netbox, token = NetBox(), tmp_path / "token"
    token.write_text(TOKEN)
    with serving(netbox) as url:
        asked = ("netbox", "push", QUICKSTART, "--url", url, "--token-file", token)
        dry = fabric(*asked)
        assert (dry.returncode, any(netbox.tables.values())) == (1, False)
        (counts,) = (line.split() for line in dry.stdout.splitlines() if line.startswith("devices "))
        assert counts == ["devices", "10", "0", "0", "0", "0"]
        assert "Run it again with --apply" in dry.stderr
        done = fabric(*asked, "--apply", "--json")
        assert (done.returncode, len(netbox.tables["dcim/devices"])) == (0, 10)
        assert json.loads(done.stdout)["applied"] is True
        again = fabric(*asked)
        assert (again.returncode, again.stderr) == (0, "")
        assert "Objects" not in again.stdout
        assert TOKEN not in dry.stdout + dry.stderr + done.stdout + done.stderr


def test_the_token_of_the_environment_is_used_and_never_shown() -> None:
    with serving(NetBox()) as url:
        environment = {"NETBOX_URL": url, "NETBOX_TOKEN": "not-the-token"}
        done = fabric("netbox", "push", QUICKSTART, env=environment)
        assert done.returncode == 3
        assert "Check the token" in done.stderr
        assert "not-the-token" not in done.stdout + done.stderr
        assert fabric("netbox", "push", QUICKSTART, env={"NETBOX_URL": url, "NETBOX_TOKEN": ""}).returncode == 2
