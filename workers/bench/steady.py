"""What a process does under steady load, from looks at it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression


@dataclass(frozen=True, slots=True)
class Look:
    """A process at one moment. at_s: of any clock. done: jobs so far. cpu_s: user and system time so far."""

    at_s: float
    done: int
    cpu_s: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    jobs_per_s: float
    cpu_ms_per_job: float
    rss_mb: float

    def to_json(self) -> dict[str, float]:
        return {
            "jobs_per_s": round(self.jobs_per_s, 1),
            "cpu_ms_per_job": round(self.cpu_ms_per_job, 3),
            "rss_mb": round(self.rss_mb, 1),
        }


def load_of(looks: Sequence[Look]) -> Load:
    """The load that the looks show; the most memory of all.

    The rate is the slope of the line through all looks: jobs of equal length end in waves, and where in a wave the
    first and the last look fall must not matter. Raises ValueError unless a job ended between these.
    """
    first, last = looks[0], looks[-1]
    if last.done <= first.done:
        raise ValueError("no job ended between the first look and the last")
    rate = linear_regression([look.at_s - first.at_s for look in looks], [look.done for look in looks]).slope
    return Load(
        jobs_per_s=rate,
        cpu_ms_per_job=1000 * (last.cpu_s - first.cpu_s) / (last.done - first.done),
        rss_mb=max(look.rss_bytes for look in looks) / 1e6,
    )
