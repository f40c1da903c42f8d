"""One model of the registry, and under which names who offers it."""

from typing import Literal

from pydantic import Field, model_validator

from ..settings.part import Part

Capability = Literal["chat", "code", "reasoning", "vision", "tools", "json_mode", "embedding", "audio"]


class Offer(Part):
    """A model at the providers of one type. name: there. also: other names that mean it there.

    retired: asked for it, they answer that there is no such model. replaced_by: what to ask for instead, by its name
    there. digest: that its server lists for it, or the first 12 digits of that. tokens_per_s: of an answer, as
    published. context_tokens, max_output_tokens: None is as the model's.
    """

    name: str = Field(min_length=1)
    also: tuple[str, ...] = ()
    retired: bool = False
    replaced_by: str | None = None
    digest: str | None = Field(default=None, pattern=r"^(sha256:)?[0-9a-fA-F]{12,64}$")
    context_tokens: int | None = Field(default=None, ge=1)
    max_output_tokens: int | None = Field(default=None, ge=1)
    tokens_per_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


class ModelEntry(Part):
    """One model. The fields are explained at the head of `model_registry.yaml`; None is unknown."""

    id: str
    developer: str | None = None
    parameters_b: float | None = Field(default=None, gt=0)
    active_b: float | None = Field(default=None, gt=0)
    context_tokens: int | None = Field(default=None, ge=1)
    max_output_tokens: int | None = Field(default=None, ge=1)
    capabilities: frozenset[Capability] = frozenset()
    strengths: tuple[str, ...] = ()
    licence: str | None = None
    swe_bench: float | None = Field(default=None, ge=0, le=100)
    quality: float | None = Field(default=None, ge=0, le=1)
    offers: dict[str, Offer] = Field(default_factory=dict)
