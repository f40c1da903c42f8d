import asyncio

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.request import FunctionCall, ToolCall
from workfleet.workers.cli.answer_view import may_be_left, print_answer

CALLS = (
    ToolCall(id="a", function=FunctionCall(name="weather", arguments='{"city": "Köln"}')),
    ToolCall(id="b", function=FunctionCall(name="now", arguments="{}")),
)


@pytest.mark.parametrize(
    ("answer", "printed", "noted"),
    [
        pytest.param(Answer(text="Blue."), "Blue.\n", "", id="a text"),
        pytest.param(Answer(), "\n", "", id="nothing"),
        pytest.param(Answer(tool_calls=CALLS), 'weather({"city": "Köln"})\nnow({})\n', "", id="calls of tools"),
        pytest.param(
            Answer(text="Let me see.", tool_calls=CALLS[1:]), "Let me see.\nnow({})\n", "", id="a text and a call"
        ),
        pytest.param(
            Answer(embeddings=((0.5, 1.0),)), "", "one vector of 2 numbers; `--json` prints them\n", id="a vector"
        ),
        pytest.param(
            Answer(embeddings=((0.5,), (1.0,))), "", "2 vectors of 1 numbers; `--json` prints them\n", id="vectors"
        ),
    ],
)
def test_people_see_all_that_an_answer_has(
    capsys: pytest.CaptureFixture[str], answer: Answer, printed: str, noted: str
) -> None:
    print_answer(answer)
    assert capsys.readouterr() == (printed, noted)


async def test_who_leaves_is_told_how_to_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    async def waits() -> None:
        with may_be_left("j1", "stream"):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(waits())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    told = "\njob j1 goes on: `fleet stream j1` comes back to it, `fleet cancel j1` ends it\n"
    assert capsys.readouterr().err == told
