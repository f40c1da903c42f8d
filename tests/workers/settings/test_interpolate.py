from pathlib import Path

import pytest

from workfleet.workers.settings.environment import Environment
from workfleet.workers.settings.interpolate import interpolate
from workfleet.workers.settings.problems import Findings
from workfleet.workers.settings.reader import read_text
from workfleet.workers.settings.tree import Missing, nearest, plain

VARIABLES = {"NAME": "groq", "EMPTY": "", "PORT": "8000"}


def filled(value: str) -> object:
    tree = interpolate(read_text(f"a: ['{value}']", "x"), VARIABLES.get, Findings())
    return nearest(tree, ("a", 0)).value


@pytest.mark.parametrize(
    ("value", "result"),
    [
        pytest.param("${NAME}", "groq", id="a variable"),
        pytest.param("http://h:${PORT}/${NAME}", "http://h:8000/groq", id="several in one text"),
        pytest.param("${UNSET:-fallback}", "fallback", id="default for what is not set"),
        pytest.param("${EMPTY:-fallback}", "fallback", id="default for what is empty"),
        pytest.param("${NAME:-fallback}", "groq", id="a value wins over its default"),
        pytest.param("${UNSET:-}", "", id="an empty default"),
        pytest.param("${UNSET:-http://h:1/x}", "http://h:1/x", id="a default with colons"),
        pytest.param("$${NAME}", "${NAME}", id="escaped"),
        pytest.param("$NAME costs $5", "$NAME costs $5", id="a dollar alone is text"),
        pytest.param("${UNSET}", Missing(("UNSET",)), id="not set"),
        pytest.param("${UNSET}/${NAME}/${EMPTY}", Missing(("UNSET", "EMPTY")), id="every missing one is named"),
    ],
)
def test_references_are_replaced(value: str, result: object) -> None:
    assert filled(value) == result


@pytest.mark.parametrize("value", ["${", "${}", "${NAME", "${1X}", "${A B}"])
def test_a_broken_reference_is_an_error(value: str) -> None:
    findings = Findings()
    interpolate(read_text(f"a: '{value}'", "x"), VARIABLES.get, findings)
    assert [problem.message for problem in findings.errors] == [
        "`${` without a name and `}`; write ${NAME} or ${NAME:-default}"
    ]


def test_a_value_remembers_the_variables_that_it_came_from() -> None:
    tree = interpolate(read_text("a: '${NAME}-${PORT}'", "x"), VARIABLES.get, Findings())
    assert tree.fields["a"].variables == ("NAME", "PORT")


def test_numbers_and_null_are_left_alone() -> None:
    assert plain(interpolate(read_text("{a: 1, b: ~, c: [x]}", "x"), VARIABLES.get, Findings())) == {
        "a": 1,
        "b": None,
        "c": ["x"],
    }


def test_a_variable_that_is_not_set_is_read_from_the_file_that_its_twin_names(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-the-file\n")
    environment = Environment({"A_FILE": "secret", "B": "own", "B_FILE": "secret", "C_FILE": "gone", "D": ""}, tmp_path)
    assert [environment.get(name) for name in "ABCD"] == ["from-the-file", "own", None, None]
