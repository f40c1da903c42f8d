import pytest

from workfleet.tasks.request import ImagePart, ImageURL, Message, Request
from workfleet.workers.providers.context_window import estimated_input, was_cut, window_for

SHORT = Request.from_prompt("word " * 100, max_tokens=100)
LONG = Request.from_prompt("word " * 10_000, max_tokens=1000)


@pytest.mark.parametrize(
    ("request_", "context_tokens", "at_least", "window"),
    [
        (SHORT, None, 0, 4096),
        (SHORT, 2048, 0, 2048),
        (LONG, None, 0, 16384),
        (LONG, 8192, 0, 8192),
        (LONG, 131072, 0, 16384),
        (SHORT, 131072, 16384, 16384),
        (SHORT, 8192, 16384, 8192),
        (Request.from_prompt("x", max_tokens=4096), None, 0, 8192),
        (Request.from_prompt("x"), None, 0, 4096),
    ],
    ids=[
        "at least Ollama's smallest",
        "never more than the model has",
        "a power of two that holds prompt and answer",
        "a prompt that does not fit gets all there is",
        "not all there is, if less will do",
        "it only grows",
        "but never beyond the model",
        "the answer needs room too",
        "an answer without a limit has one here",
    ],
)
def test_a_window_holds_prompt_and_answer(
    request_: Request, context_tokens: int | None, at_least: int, window: int
) -> None:
    assert window_for(request_, context_tokens=context_tokens, at_least=at_least) == window


def test_images_and_tools_take_room_too() -> None:
    image = Message(role="user", content=(ImagePart(image_url=ImageURL(url="data:image/png;base64,AA==")),))
    tool = {"type": "function", "function": {"name": "f", "description": "word " * 200}}
    plain = estimated_input(Request.from_prompt("x"))
    assert estimated_input(Request(messages=(image,))) > 1000
    assert estimated_input(Request.from_prompt("x", tools=(tool,))) > plain + 150


@pytest.mark.parametrize(
    ("counted", "window", "cut"),
    [
        (4096, 4096, True),
        (4090, 4096, True),
        (2050, 4096, True),
        (2048, 8192, True),
        (3000, 4096, False),
        (0, 4096, False),
        (10_000, 16384, False),
    ],
    ids=[
        "the window is full",
        "almost full",
        "half full, after a shift",
        "a smaller window that the server kept to",
        "an estimate may be wrong",
        "a cached prompt is not counted",
        "all of it was read",
    ],
)
def test_a_cut_prompt_fills_a_window_exactly(counted: int, window: int, cut: bool) -> None:
    assert was_cut(LONG, counted=counted, window=window) is cut


def test_a_short_prompt_is_never_taken_for_a_cut_one() -> None:
    assert not was_cut(SHORT, counted=105, window=4096)
