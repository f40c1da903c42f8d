"""What the fleet has learned of its estimates of prompts, in Redis; workers/calibration writes it."""

from collections.abc import Mapping

from ..routing.calibration import Calibration, Kind
from .connection import AsyncRedis


async def calibrations(redis: AsyncRedis, *, namespace: str = "wf") -> dict[Kind, Calibration]:
    """By kind of prompt; errors of Redis pass through as they are."""
    found: Mapping[bytes, bytes] = await redis.hgetall(f"{namespace}:estimates:ratios")
    return {Kind.parse(kind.decode()): Calibration(tuple(map(int, ratios.split()))) for kind, ratios in found.items()}
