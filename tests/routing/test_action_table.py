"""The documented table of failures is that of the rules."""

from pathlib import Path

from workfleet.routing.action import RULES
from workfleet.routing.action_table import markdown, rows
from workfleet.routing.failure import Fault

PAGE = Path(__file__).parents[2] / "docs" / "failures.md"


def test_every_failure_has_its_row() -> None:
    assert [name for name, *_ in rows()] == [str(fault) for fault in Fault]
    assert len(rows()) == len(RULES)


def test_what_the_rules_say_is_told() -> None:
    told = {name: rest for name, *rest in rows()}
    assert told["server"] == ["once, at once; after a back-off if alone", "yes", "counts"]
    assert told["rate_limited"] == ["after the wait, if alone; no attempt is used up", "yes", "does not count"]
    assert told["context_overflow"] == ["no", "with a larger context", "does not count"]
    assert told["bad_request"] == ["no", "one more", "does not count"]
    others = "as its route says (`filtered`): give_up, one_more, all, local"
    assert told["content_filtered"] == ["no", others, "does not count"]


def test_the_page_has_the_table_as_it_is() -> None:
    assert markdown() in PAGE.read_text(encoding="utf-8")
