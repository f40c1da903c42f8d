"""Judges accept an answer, or say why not."""

from typing import Any

import pytest

from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.errors import UnknownName
from workfleet.tasks.request import FunctionCall, Request, ResponseFormat, ToolCall
from workfleet.workers.judging.judges import Verdict, judge

REQUEST = Request.from_prompt("go")
CALL = ToolCall(id="1", function=FunctionCall(name="f", arguments="{}"))


def asking(kind: Any, schema: Any = None) -> Request:
    shape = {"name": "shape", "schema": schema} if schema is not None else None
    return Request.from_prompt("go", response_format=ResponseFormat(type=kind, json_schema=shape))


@pytest.mark.parametrize(
    ("name", "text", "rejection"),
    [
        ("python-tests", "```python\ndef test_a(): ...\n```", None),
        ("Python_Tests", "def test_a(): ...", None),
        ("python-tests", "```python\ndef add(a, b): ...\n```", "the Python holds no test"),
        ("python-tests", "```python\ndef test_a(:\n```", "not Python: line 1: invalid syntax"),
        ("python-tests", "no", "there is no Python in the answer"),
        ("python", "x = 1", None),
        ("python", "", "there is no Python in the answer"),
        ("json", '{"a": 1}', None),
        ("json", '{"a": ', "not JSON: EOF while parsing a value at line 1 column 6"),
        ("nonempty", "yes", None),
        ("nonempty", " \n", "the answer is empty"),
    ],
    ids=[
        "a test",
        "the name spelled otherwise",
        "no test",
        "broken tests",
        "no code",
        "code",
        "nothing for code",
        "an object",
        "a torn object",
        "a word",
        "white space",
    ],
)
def test_the_text_decides(name: str, text: str, rejection: str | None) -> None:
    assert judge(name, Answer(text=text), REQUEST) == Verdict(rejection)


@pytest.mark.parametrize(
    "answer", [Answer(tool_calls=(CALL,)), Answer(embeddings=((0.5,),))], ids=["tool call", "vector"]
)
def test_an_answer_without_text_may_still_say_something(answer: Answer) -> None:
    assert judge("nonempty", answer, REQUEST).accepted


AGE = {
    "type": "object",
    "properties": {"age": {"$ref": "#/$defs/age"}},
    "required": ["age"],
    "$defs": {"age": {"type": "integer"}},
}


@pytest.mark.parametrize(
    ("request_", "text", "rejection"),
    [
        (asking("json_object"), '{"a": 1}', None),
        (asking("json_object"), "[1]", "the JSON is not an object"),
        (asking("json_schema", AGE), '{"age": 5}', None),
        (asking("json_schema", AGE), '{"age": "five"}', "age: does not satisfy type 'integer'"),
        (asking("json_schema", AGE), "{}", "does not satisfy required ['age']"),
        (asking("json_schema"), "{}", None),
    ],
    ids=["object", "list for an object", "of the shape", "of another type", "a key is missing", "no schema given"],
)
def test_json_has_the_shape_that_was_asked_for(request_: Request, text: str, rejection: str | None) -> None:
    assert judge("json", Answer(text=text), request_) == Verdict(rejection)


@pytest.mark.parametrize(
    "schema",
    [{"type": "nonsense"}, {"$ref": "#/$defs/none"}, {"$ref": "http://localhost:1/schema.json"}, {"$ref": "#"}],
    ids=["no schema", "a reference to nothing", "a reference to another document", "an endless reference"],
)
def test_a_faulty_schema_is_not_held_against_the_answer(schema: dict[str, Any]) -> None:
    assert judge("json", Answer(text='{"a": 1}'), asking("json_schema", schema)).accepted


def test_a_rejection_says_that_the_answer_was_cut_off() -> None:
    answer = Answer(text="```python\ndef test_a(", finish_reason=FinishReason.LENGTH)
    reason = "not Python: line 1: '(' was never closed (the answer was cut off at max_tokens)"
    assert judge("python-tests", answer, REQUEST) == Verdict(reason)


def test_an_unknown_judge_names_the_known() -> None:
    with pytest.raises(UnknownName, match="unknown judge 'taste'; known: json, nonempty, python, python-tests"):
        judge("taste", Answer(), REQUEST)
