"""What a generation of Claude takes, by the model's name: names are all that a request has. Unknown ones are new."""

import re

#: Models before these can be held to a JSON schema only by a tool that they must call.
_BEFORE_SCHEMAS = re.compile(r"claude-(?:[123]|instant)|claude-(?:opus|sonnet)-4(?:-0|-2025\d{4}|$)")
#: Models whose thinking is given a budget; later ones are told an effort, and find the budget themselves.
_BUDGETED = re.compile(r"claude-3|claude-(?:opus|sonnet|haiku)-4(?:-[0-5]\b|-2025\d{4}|$)")
#: The first of the third generation answer with this many tokens at most.
_SHORT_ANSWERS = re.compile(r"claude-(?:[12]|instant|3-(?:opus|sonnet|haiku))")

_SHORT_TOKENS, _USUAL_TOKENS = 4096, 8192


def takes_schemas(model: str) -> bool:
    """Whether `output_config.format` holds the answer to a JSON schema."""
    return _BEFORE_SCHEMAS.search(model) is None


def thinks_by_budget(model: str) -> bool:
    """Whether `thinking` wants `budget_tokens`; else it is adaptive, with an effort."""
    return _BUDGETED.search(model) is not None


def usual_max_tokens(model: str) -> int:
    """The limit of an answer that is asked for without one: the API wants to be told, and every model can do it."""
    return _SHORT_TOKENS if _SHORT_ANSWERS.search(model) else _USUAL_TOKENS
