"""How glassy is a deposit plated so? The one answer that Python, terminal and HTTP give alike.

The share and its interval are those of a search (`surrogate.search.judging`): what a search says of
its ranked conditions, this says of any.
"""

from typing import Final, Self

from pydantic import Field, model_validator

from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge, FastPredictor, HorizonBridge, TimeBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.confidence import Floats, interval
from surrogate.deposition.drawn import drawn_shares
from surrogate.deposition.embryos import EmbryoShare, check_plated
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.registry import ChosenMap, Numbers, bridge_or_default, choose_map
from surrogate.prediction import INTERVAL_LEVEL, Applicability

MOST_CONDITIONS: Final = 256


class Assumed(Settings):
    """What is assumed between a cell and a simulation, chosen by whoever asks."""

    deposition_map: str = Field(
        "paper", description="From conditions to embryos: a name, or the file of a calibrated map."
    )
    horizon_ps: float | None = Field(
        None,
        gt=0.0,
        description="MD horizon of the glassy share, ps; empty: that of the calibrated map, else "
        "the model's own hold.",
    )
    bridge: AnyBridge | None = Field(
        None, description="From nanoseconds to minutes, instead of a horizon."
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if self.horizon_ps is not None and self.bridge is not None:
            raise ValueError(
                "at most one of horizon_ps and bridge may be given, but both are. Leave one out."
            )
        return self


class DepositionQuestion(Assumed):
    """How glassy are deposits plated under these conditions?"""

    conditions: tuple[DepositionConditions, ...] = Field(
        min_length=1, max_length=MOST_CONDITIONS, description="Answered in this order."
    )


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
        embryos: What the deposition map expects, weights summing to 1.
        clipped_share: Share of the atoms whose embryo lies outside what the model was trained on.
        clipped: What was changed to stay inside, one sentence each.
        damkohler: Arrival over waiting time; None where the bridge has no arrivals.
        applicability: Of all its embryos together; `distance` is the largest of theirs.
    """

    conditions: DepositionConditions
    capacity_mAh_cm2: float
    local_current_density_mA_cm2: float
    deposited_atoms_per_nm2: float
    glassy_share: float = Field(ge=0, le=1)
    glassy_share_interval: tuple[float, float]
    embryos: tuple[EmbryoShare, ...]
    clipped_share: float
    clipped: tuple[str, ...]
    damkohler: float | None = None
    applicability: Applicability

    @classmethod
    def of(cls, question: Question, forecast: Forecast, shares: Floats) -> "DepositionForecast":
        """From a forecast and its `surrogate.deposition.drawn.drawn_shares`."""
        conditions, expected = forecast.conditions, forecast.expected
        return DepositionForecast(
            conditions=conditions,
            capacity_mAh_cm2=conditions.capacity_mAh_cm2,
            local_current_density_mA_cm2=conditions.local_current_density_mA_cm2,
            deposited_atoms_per_nm2=conditions.deposited_atoms_per_nm2,
            glassy_share=float(shares.mean()),
            glassy_share_interval=interval(shares, INTERVAL_LEVEL),
            embryos=expected.embryos,
            clipped_share=expected.clipped_share,
            clipped=expected.clipped,
            damkohler=forecast.damkohler,
            applicability=question.applicability(expected),
        )


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


def deposition_answer(predictor: FastPredictor, question: DepositionQuestion) -> DepositionReply:
    """Glassy shares of deposits, with everything the answer rests on.

    Args:
        predictor: The model.
        question: What is asked of it.

    Raises:
        MisuseError: No such map, one of another model, a model of another element, or a
            temperature that was not sampled.
    """
    chosen, asked = assumed(predictor, question)
    forecasts = asked.forecasts(question.conditions)
    draws = chosen.drawn()
    shares = drawn_shares(asked, draws, forecasts)
    return DepositionReply(
        deposition_map=DeclaredMap.of(chosen),
        bridge=bridge_used(asked),
        statement=asked.statement,
        interval_statement=_interval_statement(len(forecasts[0].members), len(draws)),
        limits=asked.limits,
        forecasts=tuple(
            DepositionForecast.of(asked, forecast, here)
            for forecast, here in zip(forecasts, shares, strict=True)
        ),
    )


def assumed(predictor: FastPredictor, asked: Assumed) -> tuple[ChosenMap, Question]:
    """The map that was asked for, and the question under it and its bridge.

    Raises:
        MisuseError: As `deposition_answer`, but for temperatures.
    """
    package = predictor.package
    potentials = package.manifest.domain.potentials
    check_plated(potentials[0], package.label)
    chosen = choose_map(asked.deposition_map, package.label, potentials)
    bridge = asked.bridge or bridge_or_default(chosen, asked.horizon_ps)
    return chosen, Question.of(predictor, chosen.deposition_map, bridge)


def bridge_used(question: Question) -> TimeBridge:
    """The bridge with the horizon that a question left to the model."""
    if isinstance(question.bridge, HorizonBridge):
        return HorizonBridge(horizon_ps=question.horizon_ps)
    return question.bridge


def _interval_statement(n_members: int, n_draws: int) -> str:
    level = f"{100.0 * INTERVAL_LEVEL:g} % intervals are over the {n_members} members of the model"
    if n_draws:
        return (
            f"{level}, each trained on other data, under {n_draws} draws of the map's calibrated "
            "numbers. Whether the map or the bridge holds at all is not in them."
        )
    return (
        f"{level}, each trained on other data. The map's numbers are a first guess, and how far "
        "off they may be is not in them, nor whether the map or the bridge holds at all."
    )
