import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.tokens import estimate_tokens, most_tokens

ENGLISH = "Write unit tests for this function. Check an empty list, negative numbers and very long strings."
PYTHON = """def share(self, owner: str, *, at: float | None = None) -> Share:
    if owner not in self._shares:
        raise KeyError(f"unknown owner {owner!r}")
    return self._shares[owner].at(at or self._clock())
"""
JSON = '{"id": 17, "model": "llama3.2:3b", "usage": {"prompt_tokens": 128, "completion_tokens": 512}, "done": true}'
CHINESE = "请为这个函数编写单元测试。检查边界情况、空列表、负数和非常长的字符串。"
RUSSIAN = "Напишите модульные тесты для этой функции. Проверьте граничные случаи: пустой список, отрицательные числа."
HINDI = "इस फ़ंक्शन के लिए यूनिट परीक्षण लिखें। सीमा स्थितियों की जाँच करें।"


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (ENGLISH, 22),
        (PYTHON, 58),
        (JSON, 42),
        (CHINESE, 27),
        (RUSSIAN, 36),
        (HINDI, 52),
    ],
    ids=["English", "Python", "JSON", "Chinese", "Russian", "Hindi"],
)
def test_an_estimate_is_near_the_mean_count_of_real_vocabularies(text: str, counted: int) -> None:
    assert estimate_tokens(text) == pytest.approx(counted, rel=0.25)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), (" ", 1), ("a", 1)], ids=["nothing", "a blank", "a letter"])
def test_only_nothing_has_no_tokens(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_twice_the_text_is_twice_the_tokens() -> None:
    assert estimate_tokens(PYTHON * 2) == pytest.approx(2 * estimate_tokens(PYTHON), abs=1)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_an_estimate_lone_surrogates_too(text: str) -> None:
    assert bool(text) == (estimate_tokens(text) > 0)


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(text + " " + more) >= estimate_tokens(text)


@given(st.text(st.characters(exclude_categories=())) | st.text("a1(é中😀 "))
def test_no_text_has_more_tokens_than_its_length_allows(text: str) -> None:
    assert estimate_tokens(text) <= most_tokens(text)
