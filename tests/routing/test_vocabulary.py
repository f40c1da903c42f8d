import pytest

from workfleet.routing.vocabulary import group_sizes, unspaced_words, variables, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", set[bytes]()),
        ("Swap, swap; SWAP!", {b"swap"}),
        ("don't", {b"dont"}),
        ("A_i[3] = x1", {b"a", b"i", b"3", b"x1"}),
        ("naïve café", {"naïve".encode(), "café".encode()}),
        ("\ud800", {b"\xed\xa0\x80"}),
    ],
    ids=[
        "nothing",
        "case and punctuation",
        "an apostrophe",
        "names and numbers",
        "letters with accents",
        "a lone surrogate",
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text: str, words: set[bytes]) -> None:
    assert words_of(text) == words


def test_a_group_counts_its_different_words_and_keeps_its_place() -> None:
    text = "An undirected graph: choose vertices, swap edges, and count the edges modulo 7"
    assert list(group_sizes(words_of(text)).items()) == [("operations", 2), ("counting", 2), ("graphs", 4)]


def test_names_of_one_letter_are_variables_but_for_english_words() -> None:
    assert variables(words_of("I have a box of n items and k keys; N > K")) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("plain", 0), ("x ≤ 10 — ever", 0), ("请为这个函数编写单元测试", 3), ("тест", 0)],
    ids=["ASCII", "signs", "Chinese", "Cyrillic has blanks"],
)
def test_scripts_without_blanks_are_counted_by_their_characters(text: str, words: int) -> None:
    assert unspaced_words(text) == words
