"""Where a call goes: a provider's base URL as people write it, and the path of the call."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from .rows import DialectName, Row

#: What a base URL without a path gets, and which last segments of a path are the API's, not the server's.
_PREFIX: Mapping[DialectName, str] = {"openai": "/v1", "gemini": "/v1beta", "ruvllm": "/v1"}
_API_SEGMENTS: Mapping[DialectName, tuple[str, ...]] = {
    "openai": ("/v1",),
    "ollama": ("/v1", "/api"),
    "anthropic": ("/v1",),
    "gemini": ("/v1beta",),
    "cohere": ("/v1", "/v2"),
    "azure": ("/v1", "/openai"),
    "ruvllm": ("/v1",),
}


def url_of(row: Row, base_url: str, path: str) -> str:
    """The URL of a call. `/x` is taken from the server's root, `x` from the API's base.

    `http://host:8000` and `http://host:8000/v1` are the same base; any other path is taken as written, because
    gateways have their own (`/openai/v1`, `/api`). In a package's dialect the root is the base as it is written.
    """
    base = base_url.strip().rstrip("/")
    if "://" not in base:
        base = f"http://{base}"
    if path.startswith("/"):
        return _root(row.dialect, base) + path
    prefix = "" if urlsplit(base).path else _PREFIX.get(row.dialect, "")
    return f"{base}{prefix}/{path}"


def _root(dialect: DialectName, base: str) -> str:
    for segment in _API_SEGMENTS.get(dialect, ()):
        base = base.removesuffix(segment)
    return base
