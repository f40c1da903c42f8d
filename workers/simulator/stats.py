"""What the simulator has served: counted by path, model and status, and by the id that clients give a request."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

#: Ids that are remembered; the oldest are forgotten first.
REMEMBERED_IDS = 200_000

#: Status of a request whose client went away before the answer was complete, as nginx logs it.
CLIENT_GONE = 499

#: Status of a request that a fault left without a complete answer.
SEVERED = 0


@dataclass(slots=True, eq=False)
class Visit:
    """One request while it is served. id: what the client calls it, from `x-workfleet-job` or `x-request-id`."""

    path: str
    id: str | None = None
    model: str = ""
    status: int = SEVERED
    prompt_tokens: int = 0
    completion_tokens: int = 0
    complete: bool = False
    refused: bool = False
    severed: bool = False


@dataclass(slots=True)
class _Seen:
    requested: int = 0
    served: int = 0


@dataclass(slots=True)
class Stats:
    """in_flight: requests that have come and are not answered, queued ones included. refused: answered 429 by the
    limits. aborted: the client went away. Tokens are those of complete answers.
    """

    visits: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    prompt_tokens: int = 0
    completion_tokens: int = 0
    complete: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    refused: int = 0
    aborted: int = 0
    _seen: OrderedDict[str, _Seen] = field(default_factory=OrderedDict[str, _Seen])

    def opened(self, visit: Visit) -> None:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        if visit.id:
            self._seen.setdefault(visit.id, _Seen()).requested += 1
            if len(self._seen) > REMEMBERED_IDS:
                self._seen.popitem(last=False)

    def closed(self, visit: Visit) -> None:
        self.in_flight -= 1
        self.visits[visit.path, visit.model, visit.status] += 1
        self.refused += visit.refused
        if not visit.complete:
            return
        self.complete += 1
        self.prompt_tokens += visit.prompt_tokens
        self.completion_tokens += visit.completion_tokens
        seen = self._seen.get(visit.id or "")
        if seen:
            seen.served += 1

    def served(self, id_: str) -> int:
        """How many complete answers that id has had."""
        return self._seen[id_].served if id_ in self._seen else 0

    def requested(self, id_: str) -> int:
        return self._seen[id_].requested if id_ in self._seen else 0

    def repeated(self) -> dict[str, int]:
        """Ids that had more than one complete answer, and how many."""
        return {id_: seen.served for id_, seen in self._seen.items() if seen.served > 1}

    def reset(self) -> None:
        """Begin anew; what is in flight stays so."""
        now = Stats(in_flight=self.in_flight, max_in_flight=self.in_flight)
        for name in self.__slots__:
            setattr(self, name, getattr(now, name))

    def snapshot(self) -> dict[str, object]:
        repeated = self.repeated()
        return {
            "requests": self.visits.total(),
            "by_path": self._by(0),
            "by_model": self._by(1),
            "by_status": self._by(2),
            "complete": self.complete,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "refused": self.refused,
            "aborted": self.aborted,
            "ids": {
                "requested": len(self._seen),
                "served": sum(seen.served > 0 for seen in self._seen.values()),
                "served_again": len(repeated),
                "examples": dict(list(repeated.items())[:20]),
            },
        }

    def _by(self, place: int) -> dict[str, int]:
        counted: Counter[str] = Counter()
        for key, count in self.visits.items():
            counted[str(key[place])] += count
        return dict(counted)
