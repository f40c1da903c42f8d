import json
import math
from dataclasses import replace

import pytest

from workfleet.workers.simulator import tokens
from workfleet.workers.simulator.answer import Answer, Call, Finish
from workfleet.workers.simulator.ask import Ask, Operation, Tool
from workfleet.workers.simulator.content.compose import compose
from workfleet.workers.simulator.settings import Settings

PLAIN = Settings(answer_tokens=50)

WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def ask(last: str = "What is a queue?", operation: Operation = Operation.CHAT) -> Ask:
    return Ask(operation, "m", last, tokens.count(last), last=last)


def test_the_same_request_has_the_same_answer() -> None:
    assert compose(ask(), PLAIN) == compose(ask(), PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((ask("What is a stack?"), PLAIN), id="another prompt"),
        pytest.param((replace(ask(), model="n"), PLAIN), id="another model"),
        pytest.param((replace(ask(), seed=1), PLAIN), id="another seed of the request"),
        pytest.param((ask(), PLAIN.changed({"seed": 1})), id="another seed of the simulator"),
    ],
)
def test_another_request_has_another_answer(other: tuple[Ask, Settings]) -> None:
    assert compose(*other).choices != compose(ask(), PLAIN).choices


def test_streaming_changes_nothing_of_the_answer() -> None:
    assert compose(replace(ask(), stream=True), PLAIN) == compose(ask(), PLAIN)


def test_lengths_are_skewed_around_their_median() -> None:
    lengths = sorted(compose(ask(f"question {n}"), Settings()).completion_tokens for n in range(500))
    assert 100 < lengths[250] < 160
    assert lengths[475] > 2 * lengths[250]


def test_tokens_are_those_of_the_text() -> None:
    answer = compose(ask(), PLAIN)
    assert (answer.prompt_tokens, answer.completion_tokens) == (4, tokens.count(answer.choices[0].text))


def test_an_answer_longer_than_max_tokens_is_cut_there() -> None:
    answer = compose(replace(ask(), max_tokens=7), PLAIN)
    assert (answer.completion_tokens, answer.choices[0].finish) == (7, Finish.LENGTH)


def test_a_stop_sequence_ends_the_answer_before_it() -> None:
    whole = compose(ask(), PLAIN).choices[0].text
    word = whole.split()[3]
    assert compose(replace(ask(), stop=(word,)), PLAIN).choices[0].text == whole[: whole.index(word)]


def test_several_choices_differ() -> None:
    answer = compose(replace(ask(), choices=3), PLAIN)
    assert len({choice.text for choice in answer.choices}) == 3
    assert answer.completion_tokens == sum(tokens.count(choice.text) for choice in answer.choices)


def test_reasoning_comes_before_the_answer_and_counts() -> None:
    answer = compose(ask(), Settings(answer_tokens=50, reasoning_tokens=30))
    choice = answer.choices[0]
    assert answer.reasoning_tokens == tokens.count(choice.reasoning) >= 30
    assert answer.completion_tokens == answer.reasoning_tokens + tokens.count(choice.text)


def test_reasoning_may_use_up_all_of_max_tokens() -> None:
    answer = compose(replace(ask(), max_tokens=10), Settings(reasoning_tokens=30))
    assert (answer.choices[0].text, answer.choices[0].finish, answer.completion_tokens) == ("", Finish.LENGTH, 10)


def test_who_asks_not_to_think_gets_no_reasoning() -> None:
    assert compose(replace(ask(), think=False), Settings(reasoning_tokens=30)).reasoning_tokens == 0


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        pytest.param({"tools": (WEATHER,), "forced": WEATHER}, True, id="a forced tool"),
        pytest.param({"tools": (WEATHER,), "last": "Call weather for Rome."}, True, id="a tool that is named"),
        pytest.param({"tools": (WEATHER,)}, False, id="a tool that is not asked for"),
        pytest.param(
            {"tools": (WEATHER,), "forced": WEATHER, "last_role": "tool"}, False, id="after the tool's result"
        ),
    ],
)
def test_a_tool_is_called_when_it_is_asked_for(changes: dict[str, object], called: bool) -> None:
    choice = compose(replace(ask(), **changes), PLAIN).choices[0]  # type: ignore[arg-type]  # fields by name
    expected = (Call("weather", {"city": "as asked"}), Finish.TOOL_CALLS) if called else (None, Finish.STOP)
    assert (choice.call, choice.finish) == expected


def test_json_is_of_the_schema_that_was_asked() -> None:
    schema = {"properties": {"ok": {"type": "boolean"}}}
    assert json.loads(compose(replace(ask(), schema=schema), PLAIN).choices[0].text) == {"ok": True}


def test_a_prompt_for_tests_gets_python() -> None:
    assert "```python" in compose(ask("Write pytest tests for f."), PLAIN).choices[0].text


def test_the_share_of_bad_output_is_prose_where_code_was_asked() -> None:
    settings = Settings(bad_output=0.2)
    texts = [compose(ask(f"pytest {n}"), settings).choices[0].text for n in range(1_000)]
    assert sum("```" not in text for text in texts) == pytest.approx(200, abs=40)


def test_loading_a_model_says_nothing() -> None:
    loading = replace(ask(""), load_only=True)
    assert compose(loading, PLAIN).choices[0].finish is Finish.LOAD
    assert compose(replace(loading, keep_alive=0), PLAIN).choices[0].finish is Finish.UNLOAD


def embedded(*texts: str, dimensions: int | None = None) -> Answer:
    inputs = Ask(Operation.EMBEDDING, "m", "", 0, inputs=texts, dimensions=dimensions)
    return compose(inputs, PLAIN)


def test_equal_texts_have_equal_vectors_and_others_have_others() -> None:
    a, b, again = embedded("a", "b", "a").vectors
    assert a == again != b


def test_vectors_have_the_length_asked_for_and_norm_one() -> None:
    assert [len(embedded("a").vectors[0]), len(embedded("a", dimensions=8).vectors[0])] == [256, 8]
    assert math.hypot(*embedded("a").vectors[0]) == pytest.approx(1, abs=1e-6)
