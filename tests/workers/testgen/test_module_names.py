"""Files are named as tests import them."""

from pathlib import Path

import pytest

from workfleet.workers.testgen.module_names import ModuleNames

RENAMED = '[tool.setuptools.package-dir]\n"fleet.tasks" = "tasks"\n"" = "src"\n'


@pytest.mark.parametrize(
    ("files", "pyproject", "root", "file", "name"),
    [
        (["pkg/__init__.py", "pkg/a.py"], "", "pkg", "pkg/a.py", "pkg.a"),
        (["pkg/__init__.py"], "", "pkg", "pkg/__init__.py", "pkg"),
        (["src/pkg/__init__.py", "src/pkg/sub/__init__.py"], "", "src/pkg/sub", "src/pkg/sub/a.py", "pkg.sub.a"),
        (["scripts/tool.py"], "", "scripts", "scripts/tool.py", "tool"),
        (["scripts/more/tool.py"], "", "scripts", "scripts/more/tool.py", "more.tool"),
        (["scripts/tool.py"], "", "scripts/tool.py", "scripts/tool.py", "tool"),
        (["tasks/__init__.py"], RENAMED, "tasks", "tasks/a.py", "fleet.tasks.a"),
        (["tasks/__init__.py", "tasks/in/__init__.py"], RENAMED, "tasks/in/a.py", "tasks/in/a.py", "fleet.tasks.in.a"),
        (["src/pkg/__init__.py"], RENAMED, ".", "src/pkg/a.py", "pkg.a"),
        (["pkg/__init__.py"], "[tool", "pkg", "pkg/a.py", "pkg.a"),
    ],
    ids=[
        "module of a package",
        "the package itself",
        "sub-package in src",
        "file in no package",
        "file in a folder in no package",
        "one file in no package",
        "package that the project renames",
        "sub-package of a renamed one",
        "package that is not renamed beside one that is",
        "broken pyproject.toml",
    ],
)
def test_a_file_is_named_from_its_package(
    tmp_path: Path, files: list[str], pyproject: str, root: str, file: str, name: str
) -> None:
    for each in [*files, file]:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    (tmp_path / "pyproject.toml").write_text(pyproject)
    assert ModuleNames(tmp_path / root).of(tmp_path / file) == name
