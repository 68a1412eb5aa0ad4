"""What a search can ask for: its objectives, with names and units for people."""

from dataclasses import dataclass
from typing import Final

from surrogate.search.config import SearchConfig
from surrogate.study import Direction


@dataclass(frozen=True, slots=True)
class Metric:
    """One objective.

    Attributes:
        name: With unit, as shown beside a study.
        direction: Which way is better.
    """

    name: str
    direction: Direction


SPEED: Final = Metric("current density, mA/cm2", "maximize")
NET_SPEED: Final = Metric("current density less area cost, mA/cm2", "maximize")
SHARE: Final = Metric("assured glassy share", "maximize")
COST: Final = Metric("cost of collector area, mA/cm2", "minimize")


def metrics_of(config: SearchConfig) -> tuple[Metric, ...]:
    """The objectives of a question, in order."""
    if config.objective == "glassy_share":
        return (SHARE,)
    if config.objective == "fastest_plating":
        return (NET_SPEED,) if _has_cost(config) else (SPEED,)
    return (SHARE, SPEED, COST) if _has_cost(config) else (SHARE, SPEED)


def _has_cost(config: SearchConfig) -> bool:
    """Whether conditions differ in what their collector costs."""
    return config.area_cost_mA_cm2 > 0.0 and not config.area_factor.is_fixed
