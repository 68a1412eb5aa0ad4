"""What is answered of deposits, and what each answer carries with it."""

from typing import Self

from pydantic import Field

from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge
from surrogate.deposition.conditions import DepositionConditions, Series
from surrogate.deposition.embryos import EmbryoShare
from surrogate.deposition.registry import ChosenMap, Numbers
from surrogate.prediction import Applicability


class DeclaredMap(Settings):
    """A deposition map as every answer declares it.

    Attributes:
        assumption: In words and numbers.
        source: Whose trends it follows, with DOI.
        numbers: Where its numbers come from, in a word.
        said: The same in a sentence.
    """

    name: str
    assumption: str
    source: str
    numbers: Numbers
    said: str

    @classmethod
    def of(cls, chosen: ChosenMap) -> Self:
        """A map that was chosen for a model."""
        found = chosen.deposition_map
        return cls(
            name=found.name,
            assumption=found.assumption,
            source=found.source,
            numbers=chosen.numbers,
            said=chosen.said,
        )


class DepositionForecast(Settings):
    """What is said of one set of conditions.

    Attributes:
        glassy_share: Share of the atoms in embryos not ordered by the horizon; mean over members,
            and over draws of the map where it is drawn.
        glassy_share_interval: 90 %: what other training data, and other draws, could have said.
        embryos: What the deposition map expects by the numbers that agree best with what was seen,
            weights summing to 1.
        packing_density_g_cm3_range: 5 and 95 % over draws of the map of their mean packing density,
            as the model was asked; None: the map is not drawn, or an answer of an older release.
        median_atoms_range: The same of the size that half of the atoms do not exceed.
        clipped_share: Share of the atoms whose embryo lies outside what the model was trained on;
            mean over draws of the map where it is drawn.
        clipped: What was changed to stay inside, one sentence each; of all draws likewise.
        damkohler: Arrival over waiting time; None where the bridge has no arrivals.
        applicability: Of all embryos together, over draws of the map where it is drawn; `distance`
            is the largest of theirs.
    """

    conditions: DepositionConditions
    capacity_mAh_cm2: float
    local_current_density_mA_cm2: float
    deposited_atoms_per_nm2: float
    glassy_share: float = Field(ge=0, le=1)
    glassy_share_interval: tuple[float, float]
    embryos: tuple[EmbryoShare, ...]
    packing_density_g_cm3_range: tuple[float, float] | None = None
    median_atoms_range: tuple[float, float] | None = None
    clipped_share: float
    clipped: tuple[str, ...]
    damkohler: float | None = None
    applicability: Applicability


class DepositionReply(Settings):
    """How glassy deposits are, and what the answer rests on.

    Attributes:
        bridge: From nanoseconds to minutes, as it was used.
        statement: What a glassy share here says, and what it does not.
        interval_statement: What the intervals hold, and what they leave out.
        limits: What no such answer says, a sentence each.
        forecasts: In the order of the conditions.
    """

    deposition_map: DeclaredMap
    bridge: AnyBridge
    statement: str
    interval_statement: str
    limits: tuple[str, ...]
    forecasts: tuple[DepositionForecast, ...]


class SurfaceReply(Settings):
    """Mean glassy shares over current density and plating time.

    The map is taken as given, without its draws: that is what a picture of it shows. The answer
    for a single point is a mean over draws, too.

    Attributes:
        bridge, statement, limits: As in `DepositionReply`.
        glassy_share: A row for each time, shape ``(n_times, n_currents)``.
        clipped_share: Of the atoms, in embryos outside what the model was trained on; rows alike.
    """

    deposition_map: DeclaredMap
    bridge: AnyBridge
    statement: str
    limits: tuple[str, ...]
    current_density_mA_cm2: tuple[float, ...]
    deposition_time_min: tuple[float, ...]
    glassy_share: tuple[tuple[float, ...], ...]
    clipped_share: tuple[tuple[float, ...], ...]


class Observed(Settings):
    """What was seen of a deposit, for whoever draws it beside a forecast.

    Attributes:
        seen: In words, as close to the source's as is short.
        citation: Where in the paper.
        readings: Ends of the crystalline share as it was read; None: only an order was seen. Of
            statements the ends are ours: the source names no number.
        crystalline_share: Of the area, where the source names it.
    """

    name: str
    series: Series
    seen: str
    citation: str
    readings: tuple[float, float] | None
    crystalline_share: float | None
    conditions: tuple[DepositionConditions, ...]


class MapsReply(Settings):
    """The deposition maps a model can be asked under, and what was seen of deposits.

    Attributes:
        maps: The first is asked when none is named.
        source: Of the observations, with DOI.
        temperature_K: Least and largest that were sampled; others are refused.
        longest_horizon_ps: Longer ones are refused; the growth bridge goes further.
    """

    maps: tuple[DeclaredMap, ...]
    observations: tuple[Observed, ...]
    source: str
    temperature_K: tuple[float, float]
    longest_horizon_ps: float
