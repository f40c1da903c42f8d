"""OpenAI bodies become requests, or say which field is at fault."""

from typing import Any

import pytest

from workfleet.tasks.openai_request import Kind, UnusableBody, openai_request
from workfleet.tasks.request import ImagePart, ImageURL, Message, Request, ResponseFormat, TextPart

HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
HELLO_MESSAGES = (Message(role="user", content="hello"),)


def chat(**fields: Any) -> Request:
    return Request(messages=HELLO_MESSAGES, keep_body=True, **fields)


def test_a_chat_body_keeps_every_parameter_that_a_request_knows() -> None:
    body: dict[str, Any] = {
        **HELLO,
        "model": "tiny",
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "seed": 3,
        "stop": ["a", "b"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "auto",
        "reasoning_effort": "low",
    }
    assert openai_request("chat", body) == chat(
        max_tokens=7,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        seed=3,
        stop=("a", "b"),
        frequency_penalty=0.1,
        presence_penalty=0.2,
        response_format=ResponseFormat(type="json_object"),
        tools=({"type": "function", "function": {"name": "f"}},),
        tool_choice="auto",
        reasoning_effort="low",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"min_p": 0.1, "n": 2}, {"extra": {"min_p": 0.1, "n": 2}}, id="other parameters pass through"),
        pytest.param({"max_tokens": None, "stop": None, "user": None}, {}, id="null is absent"),
        pytest.param({"stop": "END"}, {"stop": ("END",)}, id="one stop text is a list of one"),
        pytest.param({"max_completion_tokens": 9}, {"max_tokens": 9}, id="the newer name of max_tokens"),
        pytest.param({"max_tokens": 5, "max_completion_tokens": 9}, {"max_tokens": 9}, id="the newer name wins"),
        pytest.param({"stream": False}, {}, id="not streaming is the default"),
    ],
)
def test_a_chat_body_may_spell_it_so(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert openai_request("chat", HELLO | fields) == chat(**expected)


def test_an_echoed_answer_loses_the_fields_that_say_nothing() -> None:
    echoed: dict[str, Any] = {
        "role": "assistant",
        "content": "4",
        "refusal": None,
        "annotations": [],
        "reasoning_content": "2+2",
    }
    request = openai_request("chat", {"messages": [echoed, {"role": "user", "content": "why?"}]})
    assert request.messages[0] == Message(role="assistant", content="4", reasoning="2+2")


def test_texts_and_images_stay_parts() -> None:
    parts: list[Any] = [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]
    request = openai_request("chat", {"messages": [{"role": "user", "content": parts}]})
    assert request.messages[0].content == (
        TextPart(text="what is it?"),
        ImagePart(image_url=ImageURL(url="data:image/png;base64,AA")),
    )


@pytest.mark.parametrize("prompt", ["once", ["once"]], ids=["text", "list of one"])
def test_a_completion_takes_one_prompt(prompt: str | list[str]) -> None:
    expected = Request(kind="completion", prompt="once", keep_body=True, extra={"echo": True})
    body: dict[str, Any] = {"prompt": prompt, "echo": True}
    assert openai_request("completion", body) == expected


@pytest.mark.parametrize(
    ("given", "texts"), [("a", ("a",)), (["a", "b"], ("a", "b"))], ids=["one text", "several texts"]
)
def test_an_embedding_takes_texts(given: str | list[str], texts: tuple[str, ...]) -> None:
    body: dict[str, Any] = {"model": "m", "input": given, "dimensions": 8, "encoding_format": "float"}
    expected = Request(kind="embedding", input=texts, dimensions=8, keep_body=True, extra={"encoding_format": "float"})
    assert openai_request("embedding", body) == expected


REFUSED: list[tuple[Kind, dict[str, Any], str, str | None]] = [
    ("chat", {}, "messages is empty; a chat request needs at least one message", None),
    ("chat", {"messages": []}, "messages is empty; a chat request needs at least one message", None),
    ("chat", {"messages": "hello"}, "messages: should be a list", "messages"),
    ("chat", {"messages": ["hello"]}, "messages.0: should be an object", "messages.0"),
    ("chat", {"messages": [{"content": "a"}]}, "messages.0.role: is missing", "messages.0.role"),
    (
        "chat",
        HELLO | {"max_tokens": -5},
        "max_tokens: input should be greater than or equal to 1, not -5",
        "max_tokens",
    ),
    (
        "chat",
        HELLO | {"temperature": 3},
        "temperature: input should be less than or equal to 2, not 3",
        "temperature",
    ),
    ("chat", HELLO | {"stop": [1]}, "stop.0: input should be a valid string, not 1", "stop.0"),
    (
        "chat",
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        (
            "messages.0.content.0: "
            "input tag 'input_audio' found using 'type' does not match any of the expected tags: 'text', 'image_url'"
        ),
        "messages.0.content.0",
    ),
    (
        "chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        "messages.0.content.0.image_url.url: is missing",
        "messages.0.content.0.image_url.url",
    ),
    (
        "chat",
        {"messages": [{"role": "user", "content": "a", "weight": 1}]},
        "messages.0.weight: unknown field",
        "messages.0.weight",
    ),
    (
        "chat",
        HELLO | {"stream": True},
        "stream: a line of a batch cannot be streamed; leave `stream` out",
        "stream",
    ),
    ("completion", {}, "prompt is empty; a completion request needs one", None),
    ("completion", {"prompt": []}, "prompt is empty; a completion request needs one", None),
    ("completion", {"prompt": ["a", "b"]}, "prompt: holds 2 texts; give each its own line", "prompt"),
    ("completion", {"prompt": [1, 2]}, "prompt: token ids are not supported; give the text", "prompt"),
    ("embedding", {"input": []}, "input is empty; an embedding request needs at least one text", None),
    (
        "embedding",
        {"input": [[1, 2]]},
        "input: token ids are not supported; give a text or a list of texts",
        "input",
    ),
]


@pytest.mark.parametrize(
    ("kind", "body", "message", "parameter"),
    REFUSED,
    ids=[
        "no messages",
        "empty messages",
        "messages are no list",
        "a message is no object",
        "a message without a role",
        "negative max_tokens",
        "temperature above 2",
        "a stop that is no text",
        "a part of an unknown kind",
        "an image without a url",
        "an unknown field of a message",
        "a stream",
        "no prompt",
        "empty list of prompts",
        "several prompts",
        "prompt of token ids",
        "no input",
        "input of token ids",
    ],
)
def test_a_body_that_is_no_request_names_the_field(
    kind: Kind, body: dict[str, Any], message: str, parameter: str | None
) -> None:
    with pytest.raises(UnusableBody) as refused:
        openai_request(kind, body)
    assert (str(refused.value), refused.value.parameter) == (message, parameter)
