"""What is shipped is what is there."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TOPS = ("routing", "tasks", "workers")


@pytest.fixture(scope="module")
def setuptools() -> dict[str, Any]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tables: dict[str, Any] = pyproject["tool"]["setuptools"]
    return tables


def test_every_package_is_shipped(setuptools: dict[str, Any]) -> None:
    found = {path.parent for top in TOPS for path in (ROOT / top).rglob("*.py")}
    assert sorted(setuptools["packages"]) == sorted(f"workfleet.{'.'.join(p.relative_to(ROOT).parts)}" for p in found)


def test_every_file_that_is_no_code_is_shipped(setuptools: dict[str, Any]) -> None:
    shipped = {
        path
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.removeprefix("workfleet.")).glob(pattern)
    }
    files = (path for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file())
    data = {path for path in files if path.suffix != ".py" and "__pycache__" not in path.parts}
    assert sorted(data - shipped) == []


@pytest.mark.parametrize("top", TOPS)
def test_type_checkers_see_the_packages_under_their_import_names(top: str) -> None:
    assert (ROOT / ".typing" / "workfleet" / top).resolve() == ROOT / top
