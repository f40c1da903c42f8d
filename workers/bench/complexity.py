"""Whether the complexity score predicts what a model needs: measured on problems with known results."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from ...routing.complexity import Complexity, score
from ...routing.lanes import Band
from ...tasks.errors import InvalidRequest
from .problems import SolvedProblem, model_named
from .ranking import auroc, spearman

CHEAP_MODEL = "GPT-4O-mini"


@dataclass(frozen=True, slots=True)
class BandResult:
    """problems: how many the scorer puts into the band. cheap, all_models: mean pass rates, None without problems."""

    band: Band
    problems: int
    cheap: float | None
    all_models: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the scorer is worth on a set of problems.

    failing: problems on which the cheap model fails. auroc: area under the ROC curve of `Complexity.raw` for that.
    auroc_score: of the score 1 to 10. auroc_length: of the prompt's length in characters. spearman: rank correlation of
    raw with the mean pass rate over all models; the nearer to -1, the better. spearman_length: of the length.
    """

    model: str
    problems: int
    failing: int
    auroc: float
    auroc_score: float
    auroc_length: float
    spearman: float
    spearman_length: float
    bands: tuple[BandResult, ...]


def evaluate(problems: Sequence[SolvedProblem], cheap_model: str = CHEAP_MODEL) -> Evaluation:
    """Score the problems and compare with the results.

    A model fails on a problem if its first answers are not all right (pass_at_1 below 1). Only the text is scored.
    Raises UnknownName for a model without results, InvalidRequest if it fails on all problems or on none.
    """
    model = model_named(cheap_model, problems)
    fails = [problem.pass_at_1[model] < 1 for problem in problems]
    if all(fails) or not any(fails):
        raise InvalidRequest(f"{model} fails on {sum(fails)} of {len(fails)} problems; there is nothing to tell apart")
    scored = [score(problem.text) for problem in problems]
    raws = [complexity.raw for complexity in scored]
    lengths = [len(problem.text) for problem in problems]
    pass_rates = [mean(problem.pass_at_1.values()) for problem in problems]
    return Evaluation(
        model=model,
        problems=len(problems),
        failing=sum(fails),
        auroc=auroc(raws, fails),
        auroc_score=auroc([complexity.score for complexity in scored], fails),
        auroc_length=auroc(lengths, fails),
        spearman=spearman(raws, pass_rates),
        spearman_length=spearman(lengths, pass_rates),
        bands=_by_band(problems, scored, model),
    )


def _by_band(problems: Sequence[SolvedProblem], scored: Sequence[Complexity], model: str) -> tuple[BandResult, ...]:
    members: defaultdict[Band, list[SolvedProblem]] = defaultdict(list)
    for problem, complexity in zip(problems, scored, strict=True):
        members[complexity.band].append(problem)
    return tuple(
        BandResult(
            band=band,
            problems=len(members[band]),
            cheap=_mean([problem.pass_at_1[model] for problem in members[band]]),
            all_models=_mean([mean(problem.pass_at_1.values()) for problem in members[band]]),
        )
        for band in Band
    )


def _mean(rates: Sequence[float]) -> float | None:
    return mean(rates) if rates else None
