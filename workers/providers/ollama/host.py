"""`OLLAMA_HOST`, as Ollama itself reads it (its `envconfig.Host`)."""

from urllib.parse import urlsplit

_PORT = 11434
#: Addresses to listen on, which are none to connect to.
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # the reason is the line above


def ollama_url(value: str) -> str:
    """The base URL that `OLLAMA_HOST` means: scheme, host and port may each be missing.

    A scheme without a port means the scheme's own (80, 443); neither means 11434.
    """
    text = value.strip().strip("'\"")
    parts = urlsplit(text if "://" in text else f"//{text}")
    default = {"http": 80, "https": 443}.get(parts.scheme, _PORT)
    host = parts.hostname or ""
    host = "localhost" if host in _ANY else host
    try:
        port = parts.port or default
    except ValueError:  # Ollama warns and takes its default
        port = _PORT
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme or 'http'}://{shown}:{port}{parts.path.rstrip('/')}"
