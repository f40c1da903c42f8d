"""How large a context window Ollama is asked for, and how a prompt that was cut all the same is noticed.

Ollama's default window is small, and a prompt that does not fit is cut, oldest messages first, with status 200. Every
other size of the window loads the model anew, so sizes are powers of two (C.1, traps 1 and 2).
"""

import json

from ...routing.tokens import estimate_tokens
from ...tasks.request import ImagePart, Request

_SMALLEST = 4096
#: What an answer without a limit of its own is given.
_ANSWER_TOKENS = 2048
#: The estimate may be too low by this much.
_MARGIN = 1.2
#: The template's own tokens for a message, and what the usual vision models make of an image.
_MESSAGE_TOKENS = 8
_IMAGE_TOKENS = 1024
#: A cut prompt fills the window to within this many tokens.
_NEAR = 16


def estimated_input(request: Request) -> int:
    """About how many tokens the prompt is, with template, tools and images."""
    images = sum(isinstance(part, ImagePart) for m in request.messages for part in (m.content or ()))
    tools = estimate_tokens(json.dumps(request.tools)) if request.tools else 0
    return estimate_tokens(request.text) + tools + _MESSAGE_TOKENS * len(request.messages) + _IMAGE_TOKENS * images


def window_for(request: Request, *, context_tokens: int | None, at_least: int = 0) -> int:
    """`num_ctx` for the request: prompt and answer fit, if the model's own context allows.

    at_least: what the last request was given. The window only grows, so that small and large requests in turn do not
    load the model anew each time.
    """
    needed = round(estimated_input(request) * _MARGIN) + (request.max_tokens or _ANSWER_TOKENS)
    size = max(_SMALLEST, at_least, 1 << (needed - 1).bit_length())
    return size if context_tokens is None else min(size, context_tokens)


def was_cut(request: Request, *, counted: int, window: int) -> bool:
    """Whether the server read only part of the prompt.

    counted: the prompt's tokens as the server reports them; 0 is what a cached prompt gives. It must be far below the
    estimate and fill a window exactly: the one asked for, or a smaller power of two that the server kept to. A window
    that was shifted is left half full, which is a power of two again.
    """
    if counted == 0 or counted >= 0.7 * estimated_input(request):
        return False
    sizes = {window, *(1 << bits for bits in range(10, window.bit_length()))}
    return any(abs(size - counted) <= _NEAR for size in sizes)
