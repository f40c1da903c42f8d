"""The wheel is all that a fleet needs: it works where there is no checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
LARGEST_BYTES = 2_000_000

pytestmark = pytest.mark.skipif(int(version("setuptools").partition(".")[0]) < 80, reason="setuptools 80 builds it")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves folders of its own beside what it builds."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for top in ("routing", "tasks", "workers"):
        shutil.copytree(ROOT / top, copy / top, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", build, str(built)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture
def site(wheel: Path, tmp_path: Path) -> Path:
    """Where it is installed."""
    with ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    return tmp_path / "site"


_FLEET = """
import sys
from workfleet.workers.cli import main
sys.stderr.write(main.__file__)
main.main()
"""


def fleet(site: Path, folder: Path, *arguments: str) -> str:
    """What `fleet` of the installed wheel says; the checkout is not on its path."""
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(site), "FLEET_STATE": str(folder / ".fleet"), "COLUMNS": "160"}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", _FLEET, *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.startswith(str(site)), ran.stderr
    return ran.stdout


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_BYTES


def test_it_says_what_it_is(wheel: Path, site: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (info,) = site.glob("*.dist-info")
    told = (info / "METADATA").read_text()
    for line in (f"Version: {project['version']}", "License-Expression: Apache-2.0", "Classifier: Typing :: Typed"):
        assert line in told
    assert "fleet = workfleet.workers.cli.main:main" in (info / "entry_points.txt").read_text()


def test_it_writes_tests_with_its_own_redis_and_simulator(site: Path, tmp_path: Path) -> None:
    source = tmp_path / "shop.py"
    source.write_text('def price(cents: int) -> str:\n    """In dollars."""\n    return f"${cents / 100:.2f}"\n')
    assert "1 in tests-for-it" in fleet(site, tmp_path / "work", "testgen", str(source), "-o", "tests-for-it")


@pytest.mark.parametrize("arguments", [("models", "--known"), ("bench", "selection")])
def test_what_it_reads_from_files_is_in_it(site: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert fleet(site, tmp_path / "work", *arguments).count("\n") > 10
