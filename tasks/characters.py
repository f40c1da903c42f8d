"""Halves of characters: JSON can carry `\\ud83d` without its other half, and nothing that is written as UTF-8 can."""


def whole(text: str) -> str:
    """The text with two halves that meet as the character they are, and each lone one as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def first_half(text: str) -> bool:
    """Whether the text ends in the first half of a character."""
    return "\ud800" <= text[-1:] <= "\udbff"
