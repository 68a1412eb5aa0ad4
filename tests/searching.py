"""A search of share over current and time, as tests ask it."""

from nucleation import NucleationModel

from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.forecast import Question
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.search.config import SearchConfig


def config(**changes: object) -> SearchConfig:
    """For the largest share, nothing else required, unless changed."""
    values: dict[str, object] = {
        "n_trials": 30,
        "objective": "glassy_share",
        "min_capacity_mAh_cm2": None,
        "also_maps": (),
        "current_density_mA_cm2": {"min": 0.1, "max": 5.0},
        "deposition_time_min": {"min": 1.0, "max": 600.0},
    }
    return SearchConfig.model_validate(values | changes)


def asked_of(model: NucleationModel, asked: SearchConfig) -> Question:
    """What the search asks of the model about any conditions."""
    bridge = HorizonBridge(horizon_ps=asked.horizon_ps)
    return Question.of(model, DEPOSITION_MAPS[asked.deposition_map], bridge)
