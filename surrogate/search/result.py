"""What a search answers, and the files it is written to.

OUT/search.json        the resolved config and the answer
OUT/proposals.jsonl    the embryos of the ranked conditions, ready to be simulated
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import Field

from simulate.design import EmbryoDesign
from simulate.files import canonical_json, write_atomically
from simulate.settings import Settings
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.registry import Numbers
from surrogate.deposition.reply import DepositionForecast
from surrogate.search.config import SCHEMA_VERSION, SearchConfig
from surrogate.search.importance import Sensitivity

LEAST_WEIGHT: Final = 0.01
"""Share of the atoms of a condition below which an embryo is not worth simulating for it."""


class Trial(Settings):
    """Conditions that were tried, and what they are worth.

    Attributes:
        glassy_share: Mean over members, and over draws of the map where it is drawn.
        assured_share: Reached with the asked confidence.
        p_enough: P(glassy share >= what is asked); None where nothing is.
    """

    conditions: DepositionConditions
    glassy_share: float = Field(ge=0, le=1)
    assured_share: float = Field(ge=0, le=1)
    p_enough: float | None
    cost_mA_cm2: float
    is_feasible: bool


class RankedConditions(DepositionForecast):
    """One recommended way to plate.

    Attributes:
        assured_share: Reached with the asked confidence.
        p_enough: P(glassy share >= what is asked); None where nothing is.
    """

    rank: int = Field(ge=1)
    assured_share: float = Field(ge=0, le=1)
    p_enough: float | None = None
    cost_mA_cm2: float = 0.0


class LeastViolation(Settings):
    """The trial that came nearest to meeting every requirement, where none did.

    Attributes:
        violations: How far each requirement is missed, by its name; at most 0 where it holds.
        sentence: The same for people.
    """

    conditions: DepositionConditions
    violations: dict[str, float]
    sentence: str


class UnderMap(Settings):
    """What another map answers, and what it says of our best conditions.

    Attributes:
        said: Where its numbers come from.
        numbers: The same in a word; None: not written down.
        best: Its own optimum; None where nothing is feasible under it.
        ours: The optimum of the leading map, judged by this one; None where there is none.
    """

    name: str
    assumption: str
    said: str
    numbers: Numbers | None = None
    n_feasible: int
    best: RankedConditions | None
    least_violation: LeastViolation | None
    ours: Trial | None


class HorizonCheck(Settings):
    """Does the answer hold at another horizon?

    Attributes:
        is_extrapolation: Longer than any design of the training data was watched.
        kendall_tau: Rank correlation of the mean glassy shares of the conditions compared, at this
            horizon and by the search's own bridge; 1: same order. None: no order to compare.
        n_compared: Of the conditions.
        ours: Our best conditions at this horizon; None where nothing was feasible.
        best: The best trial at this horizon; None where none is feasible.
        n_outside_only: Trials that are not feasible there for one thing alone: too many of their
            atoms are in embryos outside what was simulated; None: an answer of an older release.
    """

    horizon_ps: float
    is_extrapolation: bool
    kendall_tau: float | None
    n_compared: int
    ours: Trial | None
    best: Trial | None
    n_outside_only: int | None = None

    @property
    def nothing(self) -> str:
        """Why nothing is feasible there, in a few words; empty where something is."""
        if self.best is not None:
            return ""
        if self.n_outside_only is None:
            return "nothing feasible"
        return "only what was not simulated" if self.n_outside_only else "nothing glassy enough"


class Change(Settings):
    """One condition changed, all others as in the best.

    Attributes:
        missed: Names of requirements that are missed then.
        is_better: Whether nothing is missed and what is asked for is surely better than in the
            best, within the bounds of the search: then the search has not found the best.
    """

    variable: str
    value: float
    glassy_share: float
    assured_share: float
    p_enough: float | None
    missed: tuple[str, ...]
    is_better: bool = False


class Robustness(Settings):
    """What becomes of the best conditions when every condition is a tenth off.

    Attributes:
        by: Relative change.
        changes: One condition at a time, down and up.
        worst: All of them at once, in the worst of all combinations.
    """

    by: float
    changes: tuple[Change, ...]
    worst: Trial


class VariancePart(Settings):
    """One source of doubt about the glassy share of the best conditions.

    Attributes:
        variance: Of the share; None: not known.
        part: Of the sum of what counts; None: not in it, since not known, or since it is no doubt
            about the share but the scatter of a check.
        said: What was varied, or why it is not known.
    """

    source: str
    variance: float | None
    part: float | None
    said: str


class Surface(Settings):
    """Mean glassy share over current density and plating time, all else as in the best conditions.

    Attributes:
        share: A row for each time, shape ``(n_times, n_currents)``.
    """

    map_name: str
    current_density_mA_cm2: tuple[float, ...]
    deposition_time_min: tuple[float, ...]
    share: tuple[tuple[float, ...], ...]


class SearchResult(Settings):
    """The answer of a search, with everything it rests on.

    Attributes:
        asked: The question in a sentence.
        model: Name and short hash of the model package.
        horizon_ps: Horizon of every glassy share here, ps.
        horizon_statement: What such a share says and what it does not.
        map_name: Of the deposition map that leads.
        assumption: Of that map.
        map_said: Where the numbers of that map come from.
        map_numbers: The same in a word; None: not written down.
        n_feasible: Trials that met every requirement.
        ranked: Best first; empty where no trial was feasible.
        front: Trials that no other one beats in share, speed and cost; fastest last.
        trials: All, in the order they were made.
        notes: What a reader should know before acting on the ranking.
        limits: What no such answer says.
    """

    schema_version: int = SCHEMA_VERSION
    config: SearchConfig
    asked: str
    model: str
    horizon_ps: float
    horizon_statement: str
    map_name: str
    assumption: str
    map_said: str
    map_numbers: Numbers | None = None
    n_trials: int
    n_feasible: int
    ranked: tuple[RankedConditions, ...]
    least_violation: LeastViolation | None
    front: tuple[Trial, ...] = ()
    under_maps: tuple[UnderMap, ...] = ()
    horizon_checks: tuple[HorizonCheck, ...] = ()
    robustness: Robustness | None = None
    variance: tuple[VariancePart, ...] = ()
    sensitivity: Sensitivity = Sensitivity()
    surfaces: tuple[Surface, ...] = ()
    trials: tuple[Trial, ...] = ()
    notes: tuple[str, ...]
    limits: tuple[str, ...] = ()


def write_result(
    out: Path, result: SearchResult, can_be_judged: Callable[[EmbryoDesign], bool]
) -> None:
    """Write `search.json` and `proposals.jsonl` into `out`.

    Proposed are embryos that fresh molecular dynamics can judge and that matter: large enough for
    order to be told surely, and at least `LEAST_WEIGHT` of the atoms of their conditions.

    Args:
        out: Folder of the study.
        result: The answer.
        can_be_judged: Whether order can be told surely in an embryo.
    """
    lines = [
        canonical_json(
            {
                "design": embryo.design.model_dump(mode="json"),
                "conditions": ranked.conditions.model_dump(mode="json"),
                "rank": ranked.rank,
                "weight": embryo.weight,
                "glassy_share": ranked.glassy_share,
            }
        )
        for ranked in result.ranked
        for embryo in ranked.embryos
        if embryo.weight >= LEAST_WEIGHT and can_be_judged(embryo.design)
    ]
    write_atomically(out / "proposals.jsonl", "".join(f"{line}\n" for line in lines))
    write_atomically(out / "search.json", result.model_dump_json(indent=1) + "\n")
