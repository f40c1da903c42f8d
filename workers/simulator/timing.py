"""How fast an answer comes, in seconds after the request got its slot."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """load_s: for loading the model. first_s: from then to the first token. token_s: from one token to the next."""

    load_s: float = 0.0
    first_s: float = 0.0
    token_s: float = 0.0

    def due_s(self, token: int) -> float:
        """When a token is there; the first is number 0."""
        return self.load_s + self.first_s + token * self.token_s

    def total_s(self, tokens: int) -> float:
        return self.due_s(max(tokens - 1, 0))
