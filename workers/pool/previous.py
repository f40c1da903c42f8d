"""What a job of a Celery chain or chord gets from the jobs before it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

#: Stands in a message, prompt or input for the text of the job before, or of all jobs of the chord's header.
PLACEHOLDER = "{{previous}}"


def filled_in(spec: Mapping[str, Any], previous: Sequence[object]) -> dict[str, Any]:
    """The spec with every placeholder replaced; without previous results it stays as it is."""
    if not previous:
        return dict(spec)
    text = "\n\n".join(_text_of(item) for item in previous)
    return {name: _replace(value, text) for name, value in spec.items()}


def _replace(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, text)
    if isinstance(value, Mapping):
        return {name: _replace(item, text) for name, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_replace(item, text) for item in cast("Sequence[Any]", value)]
    return value


def _text_of(result: object) -> str:
    """An answer's text; other Celery results as they are, or as JSON."""
    # Defaults are left out of a stored answer; these two are always there.
    if isinstance(result, Mapping) and "provider" in result and "model" in result:
        return str(cast("Mapping[str, Any]", result).get("text", ""))
    if isinstance(result, list | tuple):
        return "\n\n".join(_text_of(item) for item in cast("Sequence[Any]", result))
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
