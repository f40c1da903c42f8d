"""What a provider's error says, in whichever of the shapes in use it says it.

`{"error": {"message", "type", "param", "code"}}` (OpenAI and most others), the same without the envelope (older vLLM,
Mistral, Cerebras), `{"error": "text"}` (Ollama, vLLM's 401), `{"detail": …}` (FastAPI), the envelope in a list
(Gemini), and plain text or HTML from whatever stands before the provider.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .json_fields import first, mapping, mappings, parse, sequence, text

#: Characters of a message that are kept; some quote the whole request.
_KEPT = 300

#: Documented last resort: the parameter where it is named in the sentence only (OpenAI, Groq).
_NAMED_PARAMETER = re.compile(
    r"(?:Unrecognized request arguments? supplied|(?:Unknown|Unsupported) (?:parameter|value)|property)[:\s]+"
    r"['\"`]?([\w.\[\]]*\w)"
)


_STATUS = re.compile(r"[345]\d\d")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """message: shortened. codes: the provider's code and type, as sent, the more exact first. status: the HTTP status
    that the body repeats. parameter: what of the request is wrong. details: the whole error object.
    """

    message: str
    codes: tuple[str, ...] = ()
    status: int | None = None
    parameter: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_bare(self) -> bool:
        """Whether an HTTP framework says so, rather than the API behind it."""
        return not self.codes and "error" not in self.details and "message" not in self.details


def read_error(body: bytes) -> ErrorBody:
    """The error of a reply that is known to be one."""
    value = parse(body)
    found = error_in(value)
    if found is not None:
        return found
    if fields := mapping(value):
        return _from_fields(fields)
    return ErrorBody(_plain(body.decode("utf-8", "replace")))


def error_in(value: object) -> ErrorBody | None:
    """The error in a JSON value, None if it is an answer: for replies with status 200, and events of a stream."""
    fields = mapping(value) or first(mappings(value))
    error = fields.get("error")
    if isinstance(error, str) and error:
        # Ollama passes on what its runner says, an error within the error.
        inner = mapping(mapping(parse(error)).get("error"))
        return _from_fields(inner) if inner else ErrorBody(_plain(error), details=fields)
    if mapping(error):
        return _from_fields(mapping(error))
    return _from_fields(fields) if text(fields.get("object")).lower() == "error" else None


def _from_fields(fields: dict[str, Any]) -> ErrorBody:
    message, parameter = _said(fields)
    code, status = fields.get("code"), fields.get("status_code", fields.get("statusCode"))
    codes = tuple(word for word in (code, fields.get("status"), fields.get("type")) if isinstance(word, str) and word)
    number = int(code) if isinstance(code, str) and _STATUS.fullmatch(code) else code  # Azure: "429"
    number = number if isinstance(number, int) else status
    return ErrorBody(
        message=message,
        codes=codes,
        status=number if isinstance(number, int) and 300 <= number < 600 else None,
        parameter=text(fields.get("param")) or parameter or _named(message),
        details=fields,
    )


def _said(fields: dict[str, Any]) -> tuple[str, str | None]:
    """The message, and the parameter if the message is FastAPI's list of what is wrong."""
    message = fields.get("message", fields.get("detail"))
    wrong = mappings(mapping(message).get("detail", message))
    if wrong:
        places = [str(part) for part in sequence(wrong[0].get("loc")) if part != "body"]
        return _plain(text(wrong[0].get("msg"))), ".".join(places) or None
    upstream = text(mapping(fields.get("metadata")).get("raw"))
    said = text(message) or "the provider gives no reason"
    return _plain(f"{said}: {upstream}" if upstream else said), None


def _named(message: str) -> str | None:
    found = _NAMED_PARAMETER.search(message)
    return found[1] if found else None


def _plain(message: str) -> str:
    """One line of text out of anything, shortened."""
    if "<" in message and re.search(r"<(?:html|!doctype|head|body)\b", message, re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", message, re.IGNORECASE | re.DOTALL)
        message = f"an HTML page: {title[1]}" if title else "an HTML page"
    line = " ".join(message.split()) or "an empty body"
    return line if len(line) <= _KEPT else f"{line[:_KEPT]}…"
