"""Tests are those that pytest would collect."""

import pytest

from workfleet.workers.judging.python_source import NotPython, collected_tests, parse


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def test_a(): ...", ["test_a"]),
        ("async def test_a(): ...", ["test_a"]),
        ("class TestA:\n    def test_b(self): ...\n    def help(self): ...", ["TestA.test_b"]),
        ("class Checks(unittest.TestCase):\n    def test_b(self): ...", ["Checks.test_b"]),
        ("class Checks(IsolatedAsyncioTestCase):\n    async def test_b(self): ...", ["Checks.test_b"]),
        ("if True:\n    def test_a(): ...\nelse:\n    def test_b(): ...", ["test_a", "test_b"]),
        ("try:\n    import x\nexcept ImportError:\n    def test_a(): ...", ["test_a"]),
        ("class Helper:\n    def test_b(self): ...", []),
        ("def helper():\n    def test_a(): ...", []),
        ("x = 1", []),
    ],
    ids=[
        "function",
        "coroutine",
        "method of a Test class",
        "method of a TestCase",
        "coroutine of a TestCase",
        "under if",
        "under except",
        "method of another class",
        "within a function",
        "none",
    ],
)
def test_tests_are_found_where_a_runner_looks(source: str, names: list[str]) -> None:
    assert collected_tests(parse(source)) == names


def test_odd_escapes_parse_in_silence() -> None:
    assert parse(r"x = '\d'").body


def test_a_fault_names_its_line() -> None:
    with pytest.raises(NotPython, match="line 2: invalid syntax") as fault:
        parse("x = 1\ny = = 2\n")
    assert fault.value.line == 2
