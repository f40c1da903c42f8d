"""Code is found where models put it: in fences, in bare answers, between sentences."""

import pytest

from workfleet.workers.judging.answer_code import NothingFound, json_in, python_in
from workfleet.workers.judging.python_source import collected_tests

CODE = "import pytest\n\n\ndef test_one():\n    assert True\n"
DOCUMENTED = 'def test_one():\n    """Like so:\n\n    ```\n    x\n    ```\n    """\n    assert True\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"```python\n{CODE}```", id="a fence"),
        pytest.param(f"Here you are:\n\n```python\n{CODE}```\n\nThis doesn't cover errors.", id="sentences around"),
        pytest.param(f"```Python3 title=test.py\n{CODE}```", id="a fence with a title"),
        pytest.param(f"```\n{CODE}```", id="a fence without a language"),
        pytest.param(f"~~~~py\n{CODE}~~~~", id="tildes"),
        pytest.param("1. The tests:\n\n   ```python\n   " + CODE.replace("\n", "\n   ") + "```", id="in a list item"),
        pytest.param(f"```python\n{CODE}", id="a fence that is never closed"),
        pytest.param(f"```bash\npip install pytest\n```\n```python\n{CODE}```", id="another language before it"),
        pytest.param(f"```python\nimport os\n```\n```python\n{CODE}```", id="the longer of two"),
        pytest.param(f"<think>```python\nx = 1 if\n```</think>\n```python\n{CODE}```", id="after thinking aloud"),
        pytest.param(f"```python\r\n{CODE}```".replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(CODE, id="bare"),
        pytest.param(f"Sure! Here is the file.\n\n{CODE}", id="bare after a sentence"),
        pytest.param(f"{CODE}\nThis doesn't cover errors.\n", id="bare before a sentence"),
    ],
)
def test_python_is_found(text: str) -> None:
    assert python_in(text).strip() == CODE.strip()


def test_code_may_hold_fences_itself() -> None:
    assert python_in(f"```python\n{DOCUMENTED}```\nDone.") == DOCUMENTED


def test_the_piece_that_is_wanted_wins_over_a_longer_one() -> None:
    text = f"```python\ndef code():\n    return '{'x' * 500}'\n```\n```python\n{CODE}```"
    assert python_in(text, lambda tree: bool(collected_tests(tree))) == CODE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no Python in the answer"),
        ("I cannot help with that.", "there is no Python in the answer"),
        ("yes", "there is no Python in the answer"),
        ("```python\nyes\n```", "there is no Python in the answer"),
        ("```javascript\nlet x = 1\n```", "there is no Python in the answer"),
        ("```python\ndef f(:\n```", "not Python: line 1: invalid syntax"),
        ("```python\nx = '\0'\n```", "not Python: source code string cannot contain null bytes"),
        ("```python\n" + "(" * 500 + ")" * 500 + "\n```", "not Python: line 1: too many nested parentheses"),
        ("def f():\n    return (\n\ndef g():\n    pass\n", "not Python: line 2: '(' was never closed"),
    ],
    ids=[
        "nothing",
        "a sentence",
        "a word that parses",
        "a fenced word",
        "another language",
        "a fault",
        "a null byte",
        "too deep",
        "a bare file with a fault in the middle",
    ],
)
def test_no_python_says_why(text: str, reason: str) -> None:
    with pytest.raises(NothingFound) as nothing:
        python_in(text)
    assert str(nothing.value) == reason


@pytest.mark.parametrize(
    "text",
    ['{"a": [1]}', ' {"a": [1]}\n', 'Here:\n```json\n{"a": [1]}\n```\nDone.', '```\n{"a": [1]}\n```'],
    ids=["bare", "with space around", "fenced with sentences around", "fenced without a language"],
)
def test_json_is_found(text: str) -> None:
    assert json_in(text) == {"a": [1]}


def test_null_is_json() -> None:
    assert json_in("null") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ('{"a": NaN}', "not JSON: expected value at line 1 column 7"),
        ('```json\n{"a": \n```', "not JSON: EOF while parsing a value at line 2 column 0"),
    ],
    ids=["nothing", "NaN", "a torn object"],
)
def test_no_json_says_why(text: str, reason: str) -> None:
    with pytest.raises(NothingFound) as nothing:
        json_in(text)
    assert str(nothing.value) == reason
