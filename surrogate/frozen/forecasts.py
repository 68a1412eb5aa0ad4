"""Frozen forecasts as a file: what was asked, of which model, and what it said.

For the best conditions of a search, and for as many drawn at random from the same space, embryos
are drawn from what the deposition map expects, and the model says of each whether it will still be
disordered. The file is sealed and never written again:

    OUT/forecasts.json     what was asked, of which model, and what it said
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import Field, ValidationError

from simulate.design import EmbryoDesign, parse_json
from simulate.errors import GlassyLiError, MisuseError
from simulate.files import canonical_json, read_text, sha256_of
from simulate.plan import Plan, each_once
from simulate.protocol import Protocol
from simulate.settings import Settings, explain
from surrogate.deposition.conditions import DepositionConditions

if TYPE_CHECKING:
    from surrogate.search.result import SearchResult

FORECASTS: Final = "forecasts.json"
SEEDS: Final = (1_000_000, 800_000_000)
"""First seeds of verifications lie here; campaigns count from 1. Which one is decided by the model
and the question, so that a model trained on a verification is never verified on the same runs."""

Group = Literal["top", "random"]


class VerificationQuestion(Settings):
    """What is to be verified; a folder holds one such question.

    Attributes:
        search_sha256: Of the `search.json` whose answer is verified.
    """

    search_sha256: str
    model: str
    n_top: int = Field(3, ge=1, le=100)
    n_embryos: int = Field(50, ge=2, le=10_000)
    seed: int = Field(1, ge=0)

    @property
    def first_seed(self) -> int:
        """Of the trajectories."""
        low, high = SEEDS
        return low + int(sha256_of(canonical_json(self.model_dump()))[:12], 16) % (high - low)


class DrawnEmbryo(Settings):
    """An embryo to be simulated, and what the model says of it.

    Attributes:
        p_glassy: P(not ordered at `FrozenForecasts.judged_ps`), full road, mean of the members.
        is_decidable: Whether order could be told surely in so few atoms.
    """

    design: EmbryoDesign
    seed: int
    trajectory_id: str
    p_glassy: float
    is_decidable: bool


class FrozenConditions(Settings):
    """One set of conditions and its forecast, of the embryos that were drawn for it.

    Attributes:
        rank: In the search; None for conditions drawn at random.
        searched_share: What the search said by its own bridge and the fast road; None likewise.
        members: Glassy share by each member, full road, at the judged horizon.
        glassy_share, interval: Their mean, and 90 %, epistemic.
        fast_share: The same mean by the fast road.
        clipped_share: Share of the atoms whose embryo lies outside what the model was trained on.
    """

    group: Group
    rank: int | None
    conditions: DepositionConditions
    searched_share: float | None
    members: tuple[float, ...]
    glassy_share: float
    interval: tuple[float, float]
    fast_share: float
    clipped_share: float
    embryos: tuple[DrawnEmbryo, ...]


class FrozenForecasts(Settings):
    """Everything that was said before the first trajectory began.

    Attributes:
        horizon_ps: Of the search.
        judged_ps: Where embryos are judged: the horizon, or the last time that a hold of this
            protocol can show, which is shorter by the time order must last.
        assumption: Of the deposition map.
        horizon_statement: Of the search: what its own shares say.
        is_of_minutes: Whether those are of minutes, which no simulation here reaches.
        n_drawn: Conditions drawn at random until enough of them met the search's requirements.
        sha256: Of all the rest.
    """

    question: VerificationQuestion
    deposition_map: str
    assumption: str
    horizon_statement: str
    is_of_minutes: bool
    horizon_ps: float
    judged_ps: float
    protocol: Protocol
    frozen_at: str
    n_drawn: int
    conditions: tuple[FrozenConditions, ...]
    sha256: str = ""

    def sealed(self) -> Self:
        """The same with its checksum."""
        return self.model_copy(update={"sha256": self._checksum})

    @property
    def _checksum(self) -> str:
        return sha256_of(canonical_json(self.model_dump(mode="json", exclude={"sha256"})))

    @property
    def is_sealed(self) -> bool:
        """Whether it is as it was written."""
        return self.sha256 == self._checksum

    def of(self, group: Group) -> list[FrozenConditions]:
        """The conditions of one group."""
        return [each for each in self.conditions if each.group == group]

    def plans(self) -> list[Plan]:
        """The trajectories, each once: conditions that expect the same embryo share it."""
        return each_once(
            Plan(embryo.design, self.protocol, embryo.seed)
            for each in self.conditions
            for embryo in each.embryos
        )


def read_search(folder: Path, model: str) -> tuple["SearchResult", str]:
    """The answer of a search, and the checksum of its file.

    Args:
        folder: Of the search.
        model: Label of the model that it must have asked.

    Raises:
        MisuseError: No finished search lies there, it asked another model, or nothing was feasible.
    """
    path = folder / "search.json"
    if not path.is_file():
        raise MisuseError(
            f"the folder of a finished search must hold a search.json, but {folder} has none. "
            "Search first: `glassyli search CONFIG --out FOLDER`."
        )
    text = read_text(path, "the answer of a search")
    values = parse_json(text, str(path))
    asked = values.get("model") if isinstance(values, dict) else None
    if asked != model:
        raise MisuseError(
            f"a search must be verified with the model that it asked, {asked}, but got {model}. "
            "Name that model with --model, or search again with this one."
        )
    if not values.get("ranked"):
        raise MisuseError(
            f"a search must rank some conditions for them to be verified, but {path} found none "
            "feasible. Search again with looser requirements."
        )
    from surrogate.search.result import SearchResult  # its settings know Optuna's samplers

    try:
        return SearchResult.model_validate(values), sha256_of(text)
    except ValidationError as error:
        raise MisuseError(
            f"{path} is damaged or from another release: {explain(error)} Search anew."
        ) from error


def read_forecasts(path: Path) -> FrozenForecasts:
    """Forecasts as they were written.

    Raises:
        GlassyLiError: Damaged, or changed since.
    """
    try:
        found = FrozenForecasts.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else f"{error.strerror}."
        raise GlassyLiError(
            f"{path} must be readable, but: {reason} Verify anew with another --out."
        ) from error
    if not found.is_sealed:
        raise GlassyLiError(
            f"{path} was changed after it was frozen: content and checksum disagree. "
            "Restore it, or verify anew with another --out."
        )
    return found
