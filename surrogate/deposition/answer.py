"""How glassy is a deposit plated so? The one answer that Python, terminal and HTTP give alike.

The share and its interval are those of a search: what a search says of its ranked conditions, this
says of any.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from surrogate.deposition.bridge import FastPredictor, longest_horizon_ps
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.confidence import interval
from surrogate.deposition.drawn import Drawn, drawn, has_own
from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.likelihoods import AreaShare
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.question import Assumed, DepositionQuestion, SurfaceQuestion
from surrogate.deposition.registry import (
    DEPOSITION_MAPS,
    ChosenMap,
    MapDraw,
    bridge_or_default,
    choose_map,
)
from surrogate.deposition.reply import (
    DeclaredMap,
    DepositionForecast,
    DepositionReply,
    MapsReply,
    Observed,
    SurfaceReply,
)
from surrogate.deposition.sampled_space import MARGIN_K, SampledSpace, check_plated
from surrogate.prediction import INTERVAL_LEVEL


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
    return DepositionReply(
        deposition_map=DeclaredMap.of(chosen),
        bridge=asked.bridge,
        statement=asked.statement,
        interval_statement=" ".join(
            (_interval_statement(len(forecasts[0].members), draws), *asked.elsewhere)
        ),
        limits=asked.limits,
        forecasts=tuple(
            told(asked, forecast, here, own_draws=has_own(draws))
            for forecast, here in zip(forecasts, drawn(asked, draws, forecasts), strict=True)
        ),
    )


def surface_answer(predictor: FastPredictor, question: SurfaceQuestion) -> SurfaceReply:
    """Glassy shares over current density and plating time.

    Args:
        predictor: The model.
        question: What is asked of it.

    Raises:
        MisuseError: As `deposition_answer`.
    """
    chosen, asked = assumed(predictor, question)
    currents = question.current_density_mA_cm2.values
    times = question.deposition_time_min.values
    others = question.conditions.model_dump(exclude_none=True)
    rows = forecasts_over(asked, currents, times, others)
    return SurfaceReply(
        deposition_map=DeclaredMap.of(chosen),
        bridge=asked.bridge,
        statement=asked.statement,
        limits=asked.limits,
        current_density_mA_cm2=tuple(currents),
        deposition_time_min=tuple(times),
        glassy_share=tuple(tuple(each.glassy_share for each in row) for row in rows),
        clipped_share=tuple(tuple(each.expected.clipped_share for each in row) for row in rows),
    )


def maps_answer(predictor: FastPredictor) -> MapsReply:
    """The maps that a model can be asked under, and what was seen of deposits.

    Raises:
        MisuseError: The model is of another element than the maps.
    """
    package = predictor.package
    domain = package.manifest.domain
    check_plated(domain.potentials[0], package.label)
    low_K, high_K = SampledSpace.of(domain).ends("hold_temperature_K")
    return MapsReply(
        maps=tuple(
            DeclaredMap.of(choose_map(name, package.label, domain.potentials))
            for name in DEPOSITION_MAPS
        ),
        observations=tuple(
            Observed(
                name=each.name,
                series=each.series,
                seen=each.seen,
                citation=each.citation,
                readings=each.readings,
                crystalline_share=(each.crystalline_share if isinstance(each, AreaShare) else None),
                conditions=each.conditions,
            )
            for each in OBSERVATIONS
        ),
        source=PaperMap.source,
        temperature_K=(low_K - MARGIN_K, high_K + MARGIN_K),
        longest_horizon_ps=longest_horizon_ps(domain),
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
    question = Question.of(predictor, chosen.deposition_map, bridge, chosen.bridge)
    return chosen.asked_by(question.bridge), question


def told(
    question: Question, forecast: Forecast, over: Drawn, *, own_draws: bool
) -> DepositionForecast:
    """A forecast and what draws of the map say, as an answer tells them.

    Args:
        question: The model, the map and the bridge.
        forecast: Of some conditions.
        over: The draws of the map.
        own_draws: See `surrogate.deposition.confidence.share_at`.
    """
    conditions, mixed = forecast.conditions, EmbryoDistribution.mixed(over.expected)
    draws = () if over.expected[0] is forecast.expected else over.expected
    return DepositionForecast(
        conditions=conditions,
        capacity_mAh_cm2=conditions.capacity_mAh_cm2,
        local_current_density_mA_cm2=conditions.local_current_density_mA_cm2,
        deposited_atoms_per_nm2=conditions.deposited_atoms_per_nm2,
        glassy_share=float(over.shares.mean()),
        glassy_share_interval=interval(over.shares, INTERVAL_LEVEL, own_draws=own_draws),
        embryos=forecast.expected.embryos,
        packing_density_g_cm3_range=_range([each.packing_density_g_cm3 for each in draws]),
        median_atoms_range=_range([each.median_atoms for each in draws]),
        clipped_share=over.clipped_share,
        clipped=mixed.clipped,
        damkohler=forecast.damkohler,
        applicability=question.applicability(mixed),
    )


def _range(values: Sequence[float]) -> tuple[float, float] | None:
    """5 and 95 %; None of nothing."""
    if not values:
        return None
    low, high = np.quantile(values, (0.05, 0.95)).tolist()
    return low, high


def forecasts_over(
    question: Question,
    currents_mA_cm2: Sequence[float],
    times_min: Sequence[float],
    others: Mapping[str, Any],
) -> list[list[Forecast]]:
    """Forecasts over currents and times, a row for each time, from one call of the model.

    Args:
        question: Its map is taken as given.
        currents_mA_cm2: Of the footprint.
        times_min: Of plating.
        others: All other conditions, by name.
    """
    conditions = [
        DepositionConditions.model_validate(
            {**others, "current_density_mA_cm2": current, "deposition_time_min": time}
        )
        for time in times_min
        for current in currents_mA_cm2
    ]
    found, n = question.forecasts(conditions), len(currents_mA_cm2)
    return [found[first : first + n] for first in range(0, len(found), n)]


def _interval_statement(n_members: int, draws: Sequence[MapDraw]) -> str:
    said = (
        f"{100.0 * INTERVAL_LEVEL:g} % intervals are over the {n_members} members of the model, "
        "each trained on other data"
    )
    if has_own(draws):
        return (
            f"{said} and with the map's numbers calibrated for itself. Whether the map or the "
            "bridge holds at all is not in them."
        )
    if draws:
        return (
            f"{said}, under {len(draws)} draws of the map's calibrated numbers. Whether the map or "
            "the bridge holds at all is not in them."
        )
    return (
        f"{said}. The map's numbers are a first guess, and how far off they may be is not in them, "
        "nor whether the map or the bridge holds at all."
    )
