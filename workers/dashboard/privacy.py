"""What Flower gets to see. Prompts and answers never enter its memory, so no page, search or API of it can show them.

Jobs travel by their ids alone; but a Celery producer of somebody else's hands in its prompt as an argument of
`workfleet.submit`, and workers report the arguments of every task.
"""

from collections.abc import Mapping
from typing import Any

from flower.events import Events
from flower.inspector import Inspector

from ..redaction import Redactor

#: Of task events and of workers' reports on tasks.
_CONTENT = ("args", "kwargs")
#: Shows places in Celery, whatever became of the job; one of a defect is in the worker's log.
_TRACEBACK = "traceback"

#: What a worker tells of tasks: lists of reports.
_TASK_REPORTS = ("active", "reserved", "scheduled")

#: A provider's words in an error may quote the prompt at length.
LONGEST_ERROR = 300

_REDACTOR = Redactor()


def without_content(report: Mapping[str, Any]) -> dict[str, Any]:
    """A task's event or report without what a user wrote; of errors, the beginning, without keys."""
    clean = dict(report)
    for name in _CONTENT:
        if name in clean:
            clean[name] = ""
    clean.pop(_TRACEBACK, None)
    if clean.get("exception"):
        clean["exception"] = _REDACTOR.text(str(clean["exception"]))[:LONGEST_ERROR]
    if "request" in clean:
        clean["request"] = without_content(clean["request"])
    return clean


class QuietEvents(Events):  # type: ignore[misc]  # Flower has no types
    """Flower's memory of tasks."""

    def on_event(self, event: dict[str, Any]) -> None:
        super().on_event(without_content(event))


class QuietInspector(Inspector):  # type: ignore[misc]  # Flower has no types
    """Flower's questions to workers. The hook is private to Flower; a test shows that it is still called."""

    def _on_update(self, workername: str, method: str, response: Any) -> None:
        if method in _TASK_REPORTS:
            response = [without_content(task) for task in response]
        super()._on_update(workername, method, response)
