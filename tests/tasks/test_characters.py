import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.tasks.characters import first_half, whole

#: Halves of characters among others.
UNITS = st.text(st.sampled_from("aé🙂\ud83d\ude00\udc00"))


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        pytest.param("plain", "plain", id="nothing to mend"),
        pytest.param("é🙂", "é🙂", id="whole characters"),
        pytest.param("a\ud83d\ude00b", "a😀b", id="two halves that meet"),
        pytest.param("a\ud83db", "a\ufffdb", id="a lone first half"),
        pytest.param("a\ude00", "a\ufffd", id="a lone second half"),
        pytest.param("\ude00\ud83d", "\ufffd\ufffd", id="the wrong way round"),
    ],
)
def test_halves_of_characters_are_made_whole(text: str, mended: str) -> None:
    assert whole(text) == mended


@given(UNITS)
def test_any_text_can_be_stored_afterwards(text: str) -> None:
    assert whole(whole(text).encode().decode()) == whole(text)


@pytest.mark.parametrize(("text", "ends"), [("a\ud83d", True), ("a\ude00", False), ("a", False), ("", False)])
def test_a_text_may_end_in_a_first_half(text: str, ends: bool) -> None:
    assert first_half(text) is ends
