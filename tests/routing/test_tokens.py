import pytest

from workfleet.routing.tokens import estimate_tokens

YAML = "name: test\nversion: 1.0.0\ndependencies:\n  - name: numpy\n    version: '>=1.26'\n"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" ", 1),
        ("hello world", 2),
        ("internationalization", 3),
        ("1234567", 3),
        ("def f(x):\n    return x + 1\n", 12),
        ("日本語", 3),
    ],
    ids=["nothing", "a blank", "words", "a long word", "digits in threes", "code", "each character of other scripts"],
)
def test_tokens_are_counted_by_pieces(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_twice_the_text_is_twice_the_tokens() -> None:
    assert estimate_tokens(YAML * 2) == 2 * estimate_tokens(YAML)
