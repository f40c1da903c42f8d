"""Problems with known results of models, from a file of JSON lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...tasks.errors import InvalidRequest, UnknownName


class SolvedProblem(BaseModel):
    """text: as a model sees it. pass_at_1: model -> share of right answers at the first try, 0 to 1."""

    model_config = ConfigDict(frozen=True)

    text: str
    pass_at_1: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(min_length=1)


def read_problems(path: Path) -> list[SolvedProblem]:
    """The problems of a file, one JSON object a line; blank lines are skipped.

    Raises InvalidRequest with the number of the first line that is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as failed:
        raise InvalidRequest(f"cannot read {path}: {failed.strerror}") from None
    problems = [_problem(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not problems:
        raise InvalidRequest(f"{path} holds no problems; it takes one JSON object a line, with `text` and `pass_at_1`")
    return problems


def _problem(line: bytes, place: str) -> SolvedProblem:
    try:
        return SolvedProblem.model_validate_json(line)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{place}: {f'{field}: ' if field else ''}{first['msg']}") from None


def model_named(name: str, problems: Sequence[SolvedProblem]) -> str:
    """The one model of the results that is called so, or whose name begins so; case does not matter.

    Raises UnknownName, with the models that have results for every problem.
    """
    known = [model for model in problems[0].pass_at_1 if all(model in problem.pass_at_1 for problem in problems)]
    if name in known:
        return name
    alike = [model for model in known if model.casefold().startswith(name.casefold())]
    if len(alike) != 1:
        raise UnknownName("model", name, known)
    return alike[0]
