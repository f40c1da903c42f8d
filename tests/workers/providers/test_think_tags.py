import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.workers.providers.think_tags import Split, ThinkSplitter, split_think


@pytest.mark.parametrize(
    ("answer", "split"),
    [
        ("<think>\nHm.</think>\n\nBlue.", Split("Blue.", "Hm.")),
        ("\n<think></think>Blue.", Split("Blue.", "")),
        ("<think>Hm, the limit", Split("", "Hm, the limit")),
        ("Blue.", Split("Blue.", "")),
        ("  Blue. ", Split("  Blue. ", "")),
        ("Use <think>x</think> tags.", Split("Use <think>x</think> tags.", "")),
        ("<think>a</think>b<think>c</think>", Split("b<think>c</think>", "a")),
        ("<thin", Split("<thin", "")),
        ("<think>a</thi", Split("", "a</thi")),
        ("", Split("", "")),
    ],
    ids=[
        "reasoning comes before the answer",
        "empty reasoning",
        "an answer that ends while it reasons has no text",
        "no reasoning",
        "blanks of an answer are kept",
        "a tag further on is part of the answer",
        "only the first is reasoning",
        "half a tag is text",
        "half a closing tag is reasoning",
        "nothing",
    ],
)
def test_reasoning_before_the_answer_is_taken_apart(answer: str, split: Split) -> None:
    assert split_think(answer) == split


@given(st.lists(st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "a", " ", "\n", "b<"]), max_size=12))
def test_the_pieces_of_a_stream_add_up_to_the_split_of_the_whole(pieces: list[str]) -> None:
    splitter = ThinkSplitter()
    splits = [*map(splitter.feed, pieces), splitter.close()]
    added = Split("".join(s.text for s in splits), "".join(s.reasoning for s in splits))
    assert added == split_think("".join(pieces))
