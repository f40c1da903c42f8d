"""The table of what follows each failure, written from the rules themselves: no document of it gets out of date."""

from collections.abc import Iterator, Sequence

from .action import FILTERED, RULES, Again, Rule
from .failure import Fault

HEAD = ("failure", "the same target again", "another target", "its breaker")

_AGAIN = {
    Again.NEVER: "no",
    Again.ONCE: "once, at once",
    Again.AT_ONCE: "once, at once; after a back-off if alone",
    Again.IF_ALONE: "after a back-off, if alone",
    Again.WHEN_ADMITTED: "after the wait, if alone; no attempt is used up",
}
_FIRST = {
    Fault.CONTEXT_OVERFLOW: "with a larger context",
    Fault.BAD_OUTPUT: "a stronger one first",
}


def rows() -> list[tuple[str, str, str, str]]:
    """One for each way to fail, in the order of `Fault`."""
    return [(str(fault), _AGAIN[rule.again], _others(fault, rule), _breaker(rule)) for fault, rule in _rules()]


def _rules() -> Iterator[tuple[Fault, Rule]]:
    return ((fault, RULES[fault]) for fault in Fault)


def _others(fault: Fault, rule: Rule) -> str:
    if fault is Fault.CONTENT_FILTERED:
        return f"as its route says (`filtered`): {', '.join(FILTERED)}"
    if rule.falls_back is not None:
        return f"{'one' if rule.falls_back == 1 else rule.falls_back} more"
    return _FIRST.get(fault, "yes")


def _breaker(rule: Rule) -> str:
    return "counts" if rule.breaks else "does not count"


def markdown() -> str:
    """The table for a document."""
    return "\n".join(
        [_line(HEAD), _line(["---"] * len(HEAD)), *(_line([f"`{name}`", *rest]) for name, *rest in rows())]
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
