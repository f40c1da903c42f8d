"""What is asked of a model, free of any provider's spelling."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Role = Literal["system", "developer", "user", "assistant", "tool"]


_NOTHING: frozenset[str] = frozenset()


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextPart(_Value):
    type: Literal["text"] = "text"
    text: str


class ImageURL(_Value):
    url: str  #: https URL or data URL with base64
    detail: str | None = None


class ImagePart(_Value):
    type: Literal["image_url"] = "image_url"
    image_url: ImageURL


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class FunctionCall(_Value):
    name: str
    arguments: str  #: JSON text, as OpenAI has it


class ToolCall(_Value):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class Message(_Value):
    role: Role
    content: str | tuple[Part, ...] | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_call_id: str | None = None
    reasoning: str | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content's parts; none if it is plain text."""
        return self.content if isinstance(self.content, tuple) else ()

    @property
    def text(self) -> str:
        """The message's text without images."""
        if self.content is None:
            return ""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


class ResponseFormat(_Value):
    """`json_schema` holds OpenAI's object: name, schema, strict."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, JsonValue] | None = None


class Request(_Value):
    """One request to a model.

    kind: `chat` takes messages, `completion` a prompt, `embedding` one or more inputs.
    extra: parameters beyond the normal ones, passed through to OpenAI-compatible servers as they stand
    (`logprobs`, `n`, vLLM's `min_p`, `chat_template_kwargs` …). keep_body: keep the provider's own response body,
    for callers that want OpenAI's format back.
    """

    kind: Literal["chat", "completion", "embedding"] = "chat"
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    input: tuple[str, ...] = ()
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    response_format: ResponseFormat | None = None
    tools: tuple[dict[str, JsonValue], ...] = ()
    tool_choice: str | dict[str, JsonValue] | None = None
    reasoning_effort: str | None = None
    dimensions: int | None = Field(default=None, ge=1)
    extra: dict[str, Any] = Field(default_factory=dict)
    stream: bool = False
    keep_body: bool = False

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.kind == "chat" and not self.messages:
            raise ValueError("messages is empty; a chat request needs at least one message")
        if self.kind == "completion" and not self.prompt:
            raise ValueError("prompt is empty; a completion request needs one")
        if self.kind == "embedding" and not self.input:
            raise ValueError("input is empty; an embedding request needs at least one text")
        return self

    @property
    def needs(self) -> frozenset[str]:
        """Capabilities that a target must have to serve this: `tools`, `vision`, `json_mode`, `embedding`,
        `several_choices`.
        """
        if (
            self.kind == "chat"
            and not (self.tools or self.response_format or self.extra)
            and not [message for message in self.messages if not isinstance(message.content, str)]
        ):
            return _NOTHING
        needs = {
            "embedding": self.kind == "embedding",
            "tools": bool(self.tools),
            "json_mode": self.response_format is not None and self.response_format.type != "text",
            "vision": any(part.type == "image_url" for message in self.messages for part in message.parts),
            "several_choices": self.extra.get("n") not in (None, 1),
        }
        return frozenset(name for name, needed in needs.items() if needed)

    @property
    def text(self) -> str:
        """All text of the request, for estimates of tokens and complexity."""
        if self.kind == "chat":
            return "\n".join([message.text for message in self.messages])
        return self.prompt if self.prompt is not None else "\n".join(self.input)

    @classmethod
    def from_prompt(cls, prompt: str, *, system: str | None = None, **fields: Any) -> Self:
        """A chat request of one user message, and a system message before it if given."""
        messages = [Message(role="system", content=system)] if system else []
        return cls(messages=(*messages, Message(role="user", content=prompt)), **fields)

    def to_json(self) -> str:
        """Compact JSON without defaults; `model_validate_json` reads it back."""
        return json.dumps(
            self.model_dump(mode="json", exclude_defaults=True), separators=(",", ":"), ensure_ascii=False
        )
