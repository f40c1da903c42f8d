"""Where Gemini's calls go: the model is part of the path."""

from urllib.parse import quote


def resource(model: str) -> str:
    """`models/x`, whether the model was named with its collection or without."""
    return model if "/" in model else f"models/{model}"


def path(model: str, method: str) -> str:
    return f"{quote(resource(model))}:{method}"
