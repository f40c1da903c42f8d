"""What was asked in a recording, in whichever words, is read as far as its tokens depend on it."""

from typing import Any

import pytest

from workfleet.tasks.request import ImagePart, Message
from workfleet.workers.providers.recorded_request import recorded_chat, recorded_embedding

TOOL = {"name": "add", "description": "Adds."}
PICTURE = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}


@pytest.mark.parametrize(
    ("request_", "messages", "tools"),
    [
        pytest.param(
            {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
            (Message(role="system", content="Be brief."), Message(role="user", content="Hi")),
            0,
            id="OpenAI",
        ),
        pytest.param(
            {
                "system": [{"type": "text", "text": "Be brief."}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
                "tools": [TOOL],
            },
            (Message(role="system", content="Be brief."), Message(role="user", content="Hi")),
            1,
            id="Anthropic",
        ),
        pytest.param(
            {
                "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
                "contents": [{"role": "model", "parts": [{"text": "Hi", "thoughtSignature": "c2ln"}]}],
                "tools": [{"functionDeclarations": [TOOL]}],
            },
            (Message(role="system", content="Be brief."), Message(role="user", content="Hi")),
            1,
            id="Gemini",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "x", "name": "add", "input": {"a": "1"}}],
                    }
                ]
            },
            (Message(role="assistant", content="add\n1"),),
            0,
            id="a tool's call",
        ),
        pytest.param({"prompt": "Hi"}, (Message(role="user", content='{"prompt": "Hi"}'),), 0, id="no messages"),
    ],
)
def test_a_chat_is_its_messages_and_tools(request_: dict[str, Any], messages: tuple[Message, ...], tools: int) -> None:
    found = recorded_chat(request_)
    assert (found.messages, len(found.tools)) == (messages, tools)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "text", "text": "Who?"}, PICTURE]},
        {"role": "user", "parts": [{"text": "Who?"}, {"inlineData": {"data": "AAAA"}}]},
        {"role": "user", "content": "Who?", "images": ["AAAA"]},
        {"role": "user", "content": [{"type": "text", "text": "Who?"}, {"type": "document", "source": {"data": "AA"}}]},
    ],
    ids=["a picture", "in Gemini's words", "in Ollama's", "a file"],
)
def test_what_is_no_text_stands_as_a_picture(message: dict[str, Any]) -> None:
    (found,) = recorded_chat({"messages": [message]}).messages
    assert found.text == "Who?"
    assert sum(isinstance(part, ImagePart) for part in found.parts) == 1


@pytest.mark.parametrize(
    ("request_", "inputs"),
    [
        ({"input": "one"}, ("one",)),
        ({"input": ["one", "two"]}, ("one", "two")),
        ({"texts": ["one"]}, ("one",)),
        ({"content": {"parts": [{"text": "one"}]}}, ("one",)),
        ({"requests": [{"content": {"parts": [{"text": "one"}]}}]}, ("one",)),
        ({"input": [[1, 2, 3]]}, ("…",)),
    ],
    ids=["a text", "texts", "Cohere", "Gemini", "several of Gemini's", "tokens"],
)
def test_an_embedding_is_its_texts(request_: dict[str, Any], inputs: tuple[str, ...]) -> None:
    assert recorded_embedding(request_).input == inputs
