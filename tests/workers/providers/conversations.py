"""Requests that the tests of several dialects write out."""

from typing import Any

from workfleet.tasks.request import FunctionCall, ImagePart, ImageURL, Message, Request, TextPart, ToolCall

PIXEL = "data:image/png;base64,iVBORw0KGgo="
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "Of a city.", "parameters": PARAMETERS},
}
NAMED = {"type": "function", "function": {"name": "weather"}}


def called(id_: str, city: str) -> ToolCall:
    return ToolCall(id=id_, function=FunctionCall(name="weather", arguments=f'{{"city": "{city}"}}'))


#: A conversation with all there is: two system prompts, an image, parallel calls and their results.
TALK = (
    Message(role="system", content="Be brief."),
    Message(role="developer", content="Be kind."),
    Message(role="user", content=(TextPart(text="Where is this?"), ImagePart(image_url=ImageURL(url=PIXEL)))),
    Message(role="assistant", content="Let me see.", tool_calls=(called("c1", "Köln"), called("c2", "Bonn"))),
    Message(role="tool", tool_call_id="c1", content='{"sky": "grey"}'),
    Message(role="tool", tool_call_id="c2", content="rain"),
    Message(role="user", content="And now?"),
)


def chat(**fields: Any) -> Request:
    return Request.model_validate({"messages": [{"role": "user", "content": "Hi"}], **fields})


def shaped(kind: str) -> dict[str, Any]:
    """A response format."""
    schema = {"json_schema": {"name": "answer", "schema": SCHEMA}} if kind == "json_schema" else {}
    return {"response_format": {"type": kind, **schema}}
