"""Names that documents use where a real model belongs."""

import re

_KNOWN = frozenset(
    {"creative-tuned-model", "your-model", "your_model", "model-name", "model_name", "custom-model", "changeme"}
)
_MARKED = re.compile(r"<[^>]*>|\[[^\]]*\]")


def is_placeholder(model: str) -> bool:
    """Whether a model's name stands for one that somebody still has to choose."""
    name = model.rsplit("/", 1)[-1].strip().lower()
    return name in _KNOWN or _MARKED.fullmatch(name) is not None
