"""Freezing forecasts: which conditions, which embryos, and what the model says of them.

The conditions at random are drawn evenly between the search's bounds, on the scales it searches on,
and kept if they meet what it requires, save of the glassy share itself: chosen by the model they
would be as flattered as the best, from which they are to be told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError, MisuseError
from simulate.files import write_new
from simulate.plan import Plan
from simulate.protocol import Protocol, follow_up_ps
from simulate.settings import differences
from surrogate.deposition.bridge import GrowthBridge
from surrogate.deposition.embryos import EmbryoShare
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.quadrature import Floats, systematic
from surrogate.ensemble import epistemic_interval
from surrogate.frozen.forecasts import (
    FORECASTS,
    DrawnEmbryo,
    FrozenConditions,
    FrozenForecasts,
    VerificationQuestion,
    read_forecasts,
)
from surrogate.prediction import Road
from surrogate.predictor import Predictor
from surrogate.search.judging import Judge
from surrogate.search.result import SearchResult
from surrogate.search.studies import bridge_of, maps_of

DRAWS_AT_ONCE: Final = 64
MOST_DRAWS: Final = 64 * 100
SHARE: Final = "min_glassy_share"
"""The requirement that is the model's to judge, by its name in `surrogate.search.judging`."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Conditions to be verified: what is known of them, and the embryos that a map expects."""

    facts: dict[str, Any]
    embryos: Sequence[EmbryoShare]


def frozen_in(
    out: Path, predictor: Predictor, result: SearchResult, question: VerificationQuestion
) -> FrozenForecasts:
    """The forecasts of a folder: as they were frozen there, or else made now and written.

    Raises:
        MisuseError: The folder holds forecasts of another question, or trajectories without any.
        GlassyLiError: The forecasts were changed after they were written.
    """
    path = out / FORECASTS
    if not path.exists():
        if any(out.glob("records/records/*.json")):
            raise MisuseError(
                f"forecasts must be frozen before anything is simulated, but {out} holds records "
                f"and no {FORECASTS}. Choose another --out."
            )
        forecasts = freeze(predictor, result, question)
        write_new(path, forecasts.model_dump_json(indent=1) + "\n")
    found = read_forecasts(path)
    if found.question != question:
        parted = differences(found.question.model_dump(), question.model_dump())
        raise MisuseError(
            f"a folder verifies one question, but {path} was frozen for {parted}. Repeat that "
            "question, or choose another --out."
        )
    return found


def freeze(
    predictor: Predictor, result: SearchResult, question: VerificationQuestion
) -> FrozenForecasts:
    """Choose conditions, draw their embryos, and ask the model of each.

    Args:
        predictor: The model that the search asked.
        result: The search's answer.
        question: What is to be verified.

    Raises:
        GlassyLiError: No condition drawn at random meets the requirements of the search.
    """
    config, domain = result.config, predictor.package.manifest.domain
    leading = maps_of(config, predictor.package.label, domain.potentials)[0]
    asked = Question.of(predictor, leading.deposition_map).at_horizon(result.horizon_ps)
    rng = np.random.default_rng([question.seed, question.first_seed])
    n_top = min(question.n_top, len(result.ranked))
    chosen, n_drawn = _at_random(Judge(asked, (), config), n_top, rng)
    wanted = [*_top(result, n_top), *chosen]
    drawn = [systematic_draw(each.embryos, question.n_embryos, rng) for each in wanted]
    protocol = _long_enough(predictor.package.protocol, result.horizon_ps)
    judged_ps = min(
        result.horizon_ps, *(follow_up_ps(protocol, design) for each in drawn for design in each)
    )
    return FrozenForecasts(
        question=question,
        deposition_map=asked.deposition_map.name,
        assumption=asked.deposition_map.assumption,
        horizon_statement=result.horizon_statement,
        is_of_minutes=isinstance(bridge_of(config, leading), GrowthBridge),
        horizon_ps=result.horizon_ps,
        judged_ps=judged_ps,
        protocol=protocol,
        frozen_at=datetime.now(UTC).isoformat(timespec="seconds"),
        n_drawn=n_drawn,
        conditions=tuple(
            _forecast(predictor, each.facts, designs, protocol, judged_ps, question.first_seed)
            for each, designs in zip(wanted, drawn, strict=True)
        ),
    ).sealed()


def systematic_draw(
    embryos: Sequence[EmbryoShare], n: int, rng: np.random.Generator
) -> list[EmbryoDesign]:
    """Designs drawn by their weights.

    A share counted over such a draw scatters no more than over independent ones.
    """
    index = systematic(np.array([each.weight for each in embryos]), n, rng)
    return [embryos[number].design for number in index.tolist()]


def _top(result: SearchResult, n_top: int) -> Iterator[_Wanted]:
    for each in result.ranked[:n_top]:
        facts = {
            "group": "top",
            "rank": each.rank,
            "conditions": each.conditions,
            "searched_share": each.glassy_share,
            "clipped_share": each.clipped_share,
        }
        yield _Wanted(facts, each.embryos)


def _random(forecast: Forecast) -> _Wanted:
    facts = {
        "group": "random",
        "rank": None,
        "conditions": forecast.conditions,
        "searched_share": None,
        "clipped_share": forecast.expected.clipped_share,
    }
    return _Wanted(facts, forecast.expected.embryos)


def _at_random(judge: Judge, n: int, rng: np.random.Generator) -> tuple[list[_Wanted], int]:
    """Conditions that meet the other requirements, and how many had to be drawn for them."""
    space = judge.config.space
    found: list[_Wanted] = []
    n_drawn = 0
    while len(found) < n and n_drawn < MOST_DRAWS:
        drawn = [
            judge.config.conditions(space.at({name: rng.random() for name in space.searched}))
            for _ in range(DRAWS_AT_ONCE)
        ]
        for each in judge.judged(drawn):
            n_drawn += 1
            if all(missed <= 0.0 for name, missed in each.violations.items() if name != SHARE):
                found.append(_random(each.forecast))
            if len(found) == n:
                return found, n_drawn
    if not found:
        raise GlassyLiError(
            f"some conditions drawn at random must meet the search's requirements, but none of "
            f"{n_drawn} did. Search again with looser requirements."
        )
    return found, n_drawn


def _long_enough(protocol: Protocol, horizon_ps: float) -> Protocol:
    """The model's own protocol; where the search asks beyond its hold, with a longer one."""
    if horizon_ps <= protocol.hold_ps:
        return protocol
    longer = {"hold_ps": horizon_ps, "name": f"{protocol.name}-{horizon_ps:g}ps"}
    return Protocol.model_validate(protocol.model_dump() | longer)


def _forecast(
    predictor: Predictor,
    facts: dict[str, Any],
    designs: Sequence[EmbryoDesign],
    protocol: Protocol,
    judged_ps: float,
    first_seed: int,
) -> FrozenConditions:
    """What the model says of the embryos drawn for some conditions."""
    kinds = list({design.key: design for design in designs}.values())
    place = {design.key: number for number, design in enumerate(kinds)}
    rows = [place[design.key] for design in designs]

    def members(road: Road) -> Floats:
        return predictor.survival_members(kinds, [judged_ps], road)[:, rows, 0]

    full, fast = members("full"), members("fast")
    shares = full.mean(axis=1)
    low, high = (float(end[0]) for end in epistemic_interval(torch.from_numpy(shares[:, None])))
    is_too_small = predictor.package.manifest.domain.is_too_small
    counted: dict[str, int] = {}
    embryos = []
    for design, p_glassy in zip(designs, full.mean(axis=0).tolist(), strict=True):
        number = counted.get(design.key, 0)
        counted[design.key] = number + 1
        seed = first_seed + number
        embryos.append(
            DrawnEmbryo(
                design=design,
                seed=seed,
                trajectory_id=Plan(design, protocol, seed).trajectory_id,
                p_glassy=p_glassy,
                is_decidable=not is_too_small(design),
            )
        )
    return FrozenConditions(
        **facts,
        members=tuple(shares.tolist()),
        glassy_share=float(shares.mean()),
        interval=(low, high),
        fast_share=float(fast.mean()),
        embryos=tuple(embryos),
    )
