"""A package's own code is found; what is not, is left out."""

from pathlib import Path

import pytest

from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.testgen.files import python_files


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() for file in python_files(root)]


def test_code_is_found_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a/__init__.py", "a/z.py", "a/sub/deep.py", "_private.py", "notes.txt")
    assert found(tmp_path) == ["_private.py", "a/__init__.py", "a/sub/deep.py", "a/z.py", "b.py"]


@pytest.mark.parametrize(
    "name",
    [
        "test_a.py",
        "a_test.py",
        "conftest.py",
        "setup.py",
        "__main__.py",
        "api_pb2.py",
        "api_pb2_grpc.py",
        ".hidden.py",
        "tests/a.py",
        "sub/test/a.py",
        ".venv/a.py",
        "__pycache__/a.py",
        "build/a.py",
        "pkg.egg-info/a.py",
        "site-packages/a.py",
        "migrations/0001.py",
    ],
)
def test_what_is_not_the_packages_own_code_is_left_out(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "own.py", name)
    assert found(tmp_path) == ["own.py"]


def test_a_virtual_environment_is_left_out_whatever_its_name(tmp_path: Path) -> None:
    tree(tmp_path, "own.py", "env311/pyvenv.cfg", "env311/lib/a.py")
    assert found(tmp_path) == ["own.py"]


def test_a_file_is_taken_by_its_name_even_if_it_is_a_test(tmp_path: Path) -> None:
    tree(tmp_path, "tests/test_a.py")
    assert python_files(tmp_path / "tests" / "test_a.py") == [tmp_path / "tests" / "test_a.py"]


def test_code_below_a_folder_of_tests_is_found_when_that_is_what_was_named(tmp_path: Path) -> None:
    tree(tmp_path, "tests/support.py")
    assert found(tmp_path / "tests") == ["support.py"]


def test_links_in_a_circle_are_followed_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/own.py")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "broken.py").symlink_to(tmp_path / "nowhere.py")
    assert found(tmp_path) == ["a/own.py"]


@pytest.mark.parametrize(
    ("make", "path", "message"),
    [
        ([], "missing", "missing does not exist"),
        (["notes.txt"], "notes.txt", "notes.txt is not a Python file"),
        (["tests/test_a.py"], "", "holds no Python files besides tests"),
    ],
    ids=["nothing there", "another kind of file", "only tests"],
)
def test_a_path_without_code_is_a_clear_error(tmp_path: Path, make: list[str], path: str, message: str) -> None:
    tree(tmp_path, *make)
    with pytest.raises(InvalidRequest, match=message):
        python_files(tmp_path / path)
