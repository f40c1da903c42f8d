"""How the simulator counts and cuts tokens: four characters make one, everywhere."""

CHARACTERS_PER_TOKEN = 4


def count(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def cut(text: str, tokens: int) -> str:
    """The first tokens of a text."""
    return text[: tokens * CHARACTERS_PER_TOKEN]


def tail(text: str, tokens: int) -> str:
    """The last tokens of a text."""
    return text[max(len(text) - tokens * CHARACTERS_PER_TOKEN, 0) :]


def pieces(text: str) -> list[str]:
    """The tokens of a text, one by one."""
    return [text[start : start + CHARACTERS_PER_TOKEN] for start in range(0, len(text), CHARACTERS_PER_TOKEN)]
