"""How the work on a batch file stands."""

from dataclasses import dataclass


@dataclass(slots=True)
class RunProgress:
    """Counts of lines, for whoever shows them while they grow.

    finished_before: written by an earlier run. refused: no requests. submitted: jobs by now. all_submitted: no more
    will come.
    """

    batch: str = ""
    finished_before: int = 0
    refused: int = 0
    submitted: int = 0
    succeeded: int = 0
    failed: int = 0
    all_submitted: bool = False

    def note(self, *, succeeded: bool) -> None:
        """One more job has ended."""
        if succeeded:
            self.succeeded += 1
        else:
            self.failed += 1
