"""What every part of a configuration is."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Frozen, strict about names, and never shows a value that it refuses: it may be a key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)
