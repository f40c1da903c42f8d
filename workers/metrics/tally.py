"""What the calls of one process came to since it began; Redis has it of the whole fleet (tasks/usage_books.py)."""

from dataclasses import dataclass, field, replace

from ...tasks.job import Attempt
from ...tasks.usage import OTHERS, Row, Sums, bucket_of, row_of
from ...tasks.usage_books import Histogram, Totals

#: Rows that are kept apart; jobs may bring names of models without end.
ROWS_KEPT = 2000


@dataclass(slots=True)
class Tally:
    """Used on the worker's loop only."""

    table: dict[Row, Sums] = field(default_factory=dict[Row, Sums])
    total: dict[Row, Histogram] = field(default_factory=dict[Row, Histogram])
    first_token: dict[Row, Histogram] = field(default_factory=dict[Row, Histogram])

    def count(self, attempt: Attempt, task_type: str) -> Attempt:
        """The attempt, counted."""
        row = row_of(attempt, task_type=task_type, agent="")
        if row not in self.table and len(self.table) >= ROWS_KEPT:
            row = replace(row, target=f"{row.provider}/{OTHERS}")
        self.table[row] = self.table.get(row, Sums()) + Sums.of(attempt)
        self.total.setdefault(row, Histogram()).counts[bucket_of(attempt.total_s)] += 1
        if attempt.first_token_s is not None:
            self.first_token.setdefault(row, Histogram()).counts[bucket_of(attempt.first_token_s)] += 1
        return attempt

    def totals(self) -> Totals:
        return Totals(self.table, self.total, self.first_token)
