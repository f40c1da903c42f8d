"""How a server of each dialect says the same answer, whole and streamed: what the contract of dialects is tried on."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Ask, Dialect
from workfleet.workers.providers.dialects import DIALECTS
from workfleet.workers.providers.endpoint import Api
from workfleet.workers.providers.rows import ROWS, DialectName

CHAT = Request.from_prompt("Say it.")
CALL = {"name": "f", "arguments": {"city": "Köln"}}


@dataclass(frozen=True)
class Speaker:
    """How a server of the dialect says the same answer, whole and streamed."""

    dialect: DialectName
    row: str
    whole: bytes
    stream: bytes
    error: bytes
    api: Api = field(default_factory=Api)

    def ask(self, *, stream: bool = False) -> Ask:
        return Ask(ROWS[self.row], "p", "m", CHAT, stream=stream, api=self.api)

    @property
    def speaks(self) -> Dialect:
        return DIALECTS[self.dialect]


def sse(*events: Any) -> bytes:
    return b"".join(
        b"data: " + (json.dumps(e, ensure_ascii=False) if e else "[DONE]").encode() + b"\r\n\r\n" for e in events
    )


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def openai_chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


OPENAI_CALL = {
    "id": "call_0",
    "type": "function",
    "function": {"name": "f", "arguments": json.dumps(CALL["arguments"])},
}
USAGE = {"prompt_tokens": 9, "completion_tokens": 6}
OPENAI = Speaker(
    "openai",
    "vllm",
    json.dumps(
        {
            "id": "c",
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"content": "Grüße 🙂", "reasoning": "Hm…", "tool_calls": [OPENAI_CALL]},
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": USAGE,
        }
    ).encode(),
    b": keep alive\n\n"
    + sse(
        openai_chunk(role="assistant", content=""),
        openai_chunk(reasoning="Hm…"),
        openai_chunk(content="Grüße"),
        openai_chunk(content=" 🙂"),
        openai_chunk(tool_calls=[{"index": 0, **OPENAI_CALL}]),
        openai_chunk("tool_calls"),
        {"id": "c", "model": "m", "choices": [], "usage": USAGE},
        None,
    ),
    sse({"error": {"message": "engine dead", "code": 500}}),
)


def ollama_line(content: str = "", **fields: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": content, **fields}, "done": False}


OLLAMA_END = {"model": "m", "done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 6}
OLLAMA = Speaker(
    "ollama",
    "ollama",
    json.dumps(
        {**OLLAMA_END, "message": {"content": "Grüße 🙂", "thinking": "Hm…", "tool_calls": [{"function": CALL}]}}
    ).encode(),
    ndjson(
        ollama_line(thinking="Hm…"),
        ollama_line("Grüße"),
        ollama_line(" 🙂", tool_calls=[{"function": CALL}]),
        {**OLLAMA_END, "message": {"role": "assistant", "content": ""}},
    ),
    ndjson({"error": "an error was encountered while running the model"}),
)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


ANTHROPIC_USAGE = {"input_tokens": 4, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2}
ANTHROPIC_END = {"stop_reason": "tool_use", "stop_sequence": None}
ANTHROPIC_CALL = {"type": "tool_use", "id": "call_0", "name": "f"}
ANTHROPIC = Speaker(
    "anthropic",
    "anthropic",
    json.dumps(
        {
            "id": "c",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [
                {"type": "thinking", "thinking": "Hm…", "signature": "s"},
                {"type": "text", "text": "Grüße 🙂"},
                {**ANTHROPIC_CALL, "input": CALL["arguments"]},
            ],
            **ANTHROPIC_END,
            "usage": {**ANTHROPIC_USAGE, "output_tokens": 6},
        }
    ).encode(),
    b": keep alive\n\n"
    + sse(
        event("message_start", message={"id": "c", "model": "m", "content": [], "usage": ANTHROPIC_USAGE}),
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        event("ping"),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm…"}),
        event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "s"}),
        event("content_block_stop", index=0),
        event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=1, delta={"type": "text_delta", "text": "Grüße"}),
        event("content_block_delta", index=1, delta={"type": "text_delta", "text": " 🙂"}),
        event("content_block_stop", index=1),
        event("content_block_start", index=2, content_block={**ANTHROPIC_CALL, "input": {}}),
        event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": ""}),
        event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"city": '}),
        event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '"Köln"}'}),
        event("something_new"),
        event("message_delta", delta=ANTHROPIC_END, usage={"input_tokens": None, "output_tokens": 6}),
        event("message_stop"),
    ),
    sse(event("error", error={"type": "api_error", "message": "Internal server error"})),
)


def candidate(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    content = {"content": {"parts": list(parts), "role": "model"}} if parts else {}
    return {"candidates": [{"index": 0, **content, **fields}], "modelVersion": "m", "responseId": "c"}


THOUGHT = {"text": "Hm…", "thought": True}
GEMINI_USAGE = {"promptTokenCount": 7, "toolUsePromptTokenCount": 2, "candidatesTokenCount": 2, "thoughtsTokenCount": 4}
GEMINI_CALL = {"functionCall": {"name": "f", "args": CALL["arguments"]}, "thoughtSignature": "s"}
GEMINI = Speaker(
    "gemini",
    "google",
    json.dumps(
        {
            **candidate(THOUGHT, {"text": "Grüße 🙂"}, GEMINI_CALL, finishReason="STOP"),
            "usageMetadata": GEMINI_USAGE,
        }
    ).encode(),
    b": keep alive\n\n"
    + sse(
        {**candidate(THOUGHT), "usageMetadata": {**GEMINI_USAGE, "promptTokenCount": 9}},
        candidate({"text": "Grüße"}),
        candidate({"text": " 🙂"}),
        {**candidate(GEMINI_CALL, finishReason="STOP"), "usageMetadata": GEMINI_USAGE},
    ),
    sse([{"error": {"code": 500, "message": "An internal error has occurred.", "status": "INTERNAL"}}]),
)


def content(index: int, **block: str) -> dict[str, Any]:
    return {"index": index, "delta": {"message": {"content": block}}}


COHERE_CALL = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": '{"city": "Köln"}'}}
COHERE_USAGE = {
    "billed_units": {"input_tokens": 1, "output_tokens": 5},
    "tokens": {"input_tokens": 9, "output_tokens": 6},
}
COHERE = Speaker(
    "cohere",
    "cohere",
    json.dumps(
        {
            "id": "c",
            "finish_reason": "TOOL_CALL",
            "message": {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Grüße 🙂"}],
                "tool_plan": "…",
                "tool_calls": [COHERE_CALL],
            },
            "usage": COHERE_USAGE,
        }
    ).encode(),
    b": keep alive\n\n"
    + sse(
        event("message-start", id="c", delta={"message": {"role": "assistant"}}),
        event("content-start", **content(0, type="thinking", thinking="")),
        event("content-delta", **content(0, thinking="Hm")),
        event("content-end", index=0),
        event("tool-plan-delta", delta={"message": {"tool_plan": "…"}}),
        event("content-start", **content(1, type="text", text="")),
        event("content-delta", **content(1, text="Grüße")),
        event("content-delta", **content(1, text=" 🙂")),
        event("content-end", index=1),
        event(
            "tool-call-start",
            index=0,
            delta={"message": {"tool_calls": {**COHERE_CALL, "function": {"name": "f", "arguments": ""}}}},
        ),
        event("tool-call-delta", index=0, delta={"message": {"tool_calls": {"function": {"arguments": '{"city": '}}}}),
        event("tool-call-delta", index=0, delta={"message": {"tool_calls": {"function": {"arguments": '"Köln"}'}}}}),
        event("tool-call-end", index=0),
        event("message-end", delta={"finish_reason": "TOOL_CALL", "usage": COHERE_USAGE}),
    ),
    sse(event("message-end", delta={"finish_reason": "ERROR", "error": "internal error"})),
)

AZURE = replace(OPENAI, dialect="azure", row="azure")
RUVLLM = replace(OPENAI, dialect="ruvllm", row="ruvllm", api=Api(form="openai"))

SPEAKERS = (OPENAI, OLLAMA, ANTHROPIC, GEMINI, COHERE, AZURE, RUVLLM)
