"""What is built for users carries the data that the package reads, and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
DATA = ("frr_templates", "topologies", "lab")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the wheel and the source distribution of this checkout."""
    target = tmp_path_factory.mktemp("dist")
    _hatchling(CHECKOUT, "sdist", target)
    _hatchling(CHECKOUT, "wheel", target)
    return target


def _hatchling(source: Path, kind: str, target: Path) -> Path:
    """The file that the build backend made from `source`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (path,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return path


def _wheel_names(directory: Path) -> set[str]:
    (wheel,) = directory.glob("*.whl")
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def _versioned(directory: str) -> set[str]:
    """The files that git knows below `directory`, and those it would take: what a build must carry."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", directory]
    listing = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    return {name for name in listing.splitlines() if (CHECKOUT / name).is_file()}


def test_the_wheel_carries_the_package_and_nothing_else(built: Path) -> None:
    names = _wheel_names(built)
    assert _versioned("fabric") <= names
    assert "fabric/py.typed" in names
    assert {PurePosixPath(name).parts[0].split("-")[0] for name in names} == {"fabric", "fabric_spineleaf"}


@pytest.mark.parametrize("directory", DATA)
def test_the_wheel_carries_every_data_file(built: Path, directory: str) -> None:
    expected = {f"fabric/_data/{name}" for name in _versioned(directory)}
    assert expected
    assert expected <= _wheel_names(built)


def test_the_wheel_carries_licence_and_command(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with ZipFile(wheel) as archive:
        (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        (commands,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        assert "Apache License" in archive.read(licence).decode()
        assert "fabric = fabric.cli:main" in archive.read(commands).decode()


def test_the_source_distribution_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    subprocess.run(["tar", "-xf", source, "-C", tmp_path], check=True)
    (unpacked,) = tmp_path.iterdir()
    _hatchling(unpacked, "wheel", tmp_path / "dist")
    assert _wheel_names(tmp_path / "dist") == _wheel_names(built)


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment that holds the wheel and sees our dependencies, but not the checkout."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=True, with_pip=False)
    (site_packages,) = home.glob("lib/python*/site-packages")
    # A path in a .pth file is searched, but the .pth files there are not read: the editable install stays unseen.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (wheel,) = built.glob("*.whl")
    python = home / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return python


@pytest.mark.parametrize("directory", DATA)
def test_an_installed_package_finds_its_data(installed: Path, tmp_path: Path, directory: str) -> None:
    script = f"from fabric.resources import directory; print(directory({directory!r}))"
    answer = subprocess.run([installed, "-I", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    found = Path(answer.stdout.strip())
    assert found.is_relative_to(installed.parent.parent)
    assert {path.name for path in found.rglob("*") if path.is_file()} == {Path(n).name for n in _versioned(directory)}


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    command = [str(installed.parent / "fabric"), "--help"]
    answer = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Usage" in answer.stdout
