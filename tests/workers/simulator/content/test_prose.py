from random import Random

import pytest

from workfleet.workers.simulator import tokens
from workfleet.workers.simulator.content.prose import passage


@pytest.mark.parametrize("length", [1, 20, 200, 2_000, 100_000])
def test_a_passage_has_about_the_length_asked_for(length: int) -> None:
    written = tokens.count(passage(Random(3), length))
    assert length - 1 <= written <= length + 40


def test_a_passage_is_whole_sentences() -> None:
    text = passage(Random(3), 50)
    assert text[0].isupper()
    assert text.endswith(".")


def test_long_passages_have_characters_of_several_bytes() -> None:
    assert not passage(Random(3), 2_000).isascii()
