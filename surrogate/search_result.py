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
from surrogate.deposition.embryos import EmbryoShare
from surrogate.prediction import Applicability
from surrogate.search_config import SearchConfig

SCHEMA_VERSION = 1

LEAST_WEIGHT: Final = 0.01
"""Share of the atoms of a condition below which an embryo is not worth simulating for it."""


class RankedConditions(Settings):
    """One recommended way to plate.

    Attributes:
        glassy_share: Share of the atoms in embryos not ordered by the horizon; ensemble mean.
        glassy_share_interval: 90 %, epistemic: what other training data could have said.
        applicability: Of all its embryos together; `distance` is the largest of theirs.
        clipped_share: Share of the atoms whose embryo lies outside what the model was trained on.
        clipped: What was changed to stay inside, one sentence each.
        embryos: What the deposition map expects, weights summing to 1.
    """

    rank: int = Field(ge=1)
    conditions: DepositionConditions
    local_current_density_mA_cm2: float
    capacity_mAh_cm2: float
    deposited_atoms_per_nm2: float
    glassy_share: float = Field(ge=0, le=1)
    glassy_share_interval: tuple[float, float]
    applicability: Applicability
    clipped_share: float
    clipped: tuple[str, ...]
    embryos: tuple[EmbryoShare, ...]


class LeastViolation(Settings):
    """The trial that came nearest to meeting every requirement, where none did.

    Attributes:
        violations: How far each requirement is missed, by its name; at most 0 where it holds.
        sentence: The same for people.
    """

    conditions: DepositionConditions
    violations: dict[str, float]
    sentence: str


class HorizonCheck(Settings):
    """Does the order of conditions hold at another horizon?

    Attributes:
        kendall_tau: Rank correlation of the feasible trials' mean glassy shares at this horizon and
            at the search's; 1: same order. None where there is no order to compare.
    """

    horizon_ps: float
    kendall_tau: float | None


class SearchResult(Settings):
    """The answer of a search, with everything it rests on.

    Attributes:
        model: Name and short hash of the model package.
        horizon_ps: Horizon of every glassy share here, ps.
        horizon_statement: What such a share says and what it does not.
        assumption: Of the deposition map.
        n_feasible: Trials that met every requirement.
        ranked: Best first; empty where no trial was feasible.
        notes: What a reader should know before acting on the ranking.
    """

    schema_version: int = SCHEMA_VERSION
    config: SearchConfig
    model: str
    horizon_ps: float
    horizon_statement: str
    assumption: str
    n_trials: int
    n_feasible: int
    ranked: tuple[RankedConditions, ...]
    least_violation: LeastViolation | None
    horizon_checks: tuple[HorizonCheck, ...]
    notes: tuple[str, ...]


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
