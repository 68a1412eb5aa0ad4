"""From all trials of a search to its answer: what to do, how sure it is, and what it rests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from surrogate.deposition.registry import ChosenMap
from surrogate.deposition.rounding import figures
from surrogate.search.config import SearchConfig
from surrogate.search.describing import least_violation, listed, ranked_conditions, trial_of
from surrogate.search.horizons import horizon_checks, horizon_notes, outside_in_words
from surrogate.search.judging import Judge, Judged
from surrogate.search.objectives import metrics_of
from surrogate.search.ranking import best_of, corners, front, ranking_rule, recommended
from surrogate.search.result import Change, HorizonCheck, Robustness, SearchResult, UnderMap
from surrogate.search.robustness import robustness
from surrogate.search.sensitivity import sensitivity
from surrogate.search.space import VARIABLES
from surrogate.search.surface import surface
from surrogate.search.variance import variance_parts

FEW_FEASIBLE: Final = 30
"""Where fewer trials are feasible the best of them is hardly the best there is."""

FEW_TRIED: Final = 100
"""Fewer trials that found nothing do not say that there is nothing."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A map, and what was tried under it.

    Attributes:
        chosen: The map, its draws, and where its numbers come from.
        judge: That asked about it.
        tried: All trials, in the order they were made.
    """

    chosen: ChosenMap
    judge: Judge
    tried: Sequence[Judged]

    @property
    def feasible(self) -> list[Judged]:
        """Trials that meet every requirement."""
        return [one for one in self.tried if one.is_feasible]

    @property
    def best(self) -> Judged | None:
        """The trial that leads; None where nothing is feasible."""
        return best_of(self.feasible, self.judge.config)


def answer(leading: Searched, others: Sequence[Searched]) -> SearchResult:
    """The answer under the leading map, beside those under the others."""
    judge, config = leading.judge, leading.judge.config
    question, package = judge.question, judge.question.predictor.package
    feasible, best = leading.feasible, leading.best
    checks = tuple(horizon_checks(judge, leading.tried, best))
    robust = None if best is None else robustness(judge, best)
    other_maps = [each.chosen for each in others]
    return SearchResult(
        config=config,
        asked=asked(config),
        model=package.label,
        horizon_ps=question.horizon_ps,
        horizon_statement=question.statement,
        map_name=question.deposition_map.name,
        assumption=question.deposition_map.assumption,
        map_said=leading.chosen.said,
        map_numbers=leading.chosen.numbers,
        n_trials=len(leading.tried),
        n_feasible=len(feasible),
        ranked=tuple(
            ranked_conditions(rank, one, judge)
            for rank, one in enumerate(recommended(feasible, config), start=1)
        ),
        least_violation=None if feasible else least_violation(leading.tried, config),
        front=tuple(trial_of(one) for one in front(feasible)),
        under_maps=tuple(_under(each, best) for each in others),
        horizon_checks=checks,
        robustness=robust,
        variance=(
            () if best is None else variance_parts(judge, best, leading.chosen, other_maps, checks)
        ),
        sensitivity=sensitivity(judge, best),
        surfaces=tuple(surface(each.judge, best) for each in (leading, *others)),
        trials=tuple(trial_of(one) for one in leading.tried),
        notes=(*_notes(leading, checks, robust), *_asked_finely(leading, best)),
        limits=(*question.limits, question.statement),
    )


def asked(config: SearchConfig) -> str:
    """The question in a sentence."""
    sure = f"with probability {config.confidence:g}"
    wanted = []
    if config.least_share is not None:
        wanted.append(f"a glassy share of at least {config.least_share:g} {sure}")
    if config.min_capacity_mAh_cm2 is not None:
        wanted.append(f"at least {config.min_capacity_mAh_cm2:g} mAh/cm2")
    if config.max_clipped_share < 1.0:
        wanted.append(f"no {outside_in_words(config)}")
    under = f" at {listed(wanted)}" if wanted else ""
    if config.objective == "fastest_plating":
        return f"The fastest plating{under}."
    if config.objective == "glassy_share":
        return f"The largest glassy share that is reached {sure}{under}."
    names = ", ".join(metric.name for metric in metrics_of(config))
    return f"The front of {names} (glassy shares reached {sure}){under}."


def _under(searched: Searched, ours: Judged | None) -> UnderMap:
    judge, best, feasible = searched.judge, searched.best, searched.feasible
    again = judge.judged([ours.conditions]) if ours is not None else []
    return UnderMap(
        name=judge.question.deposition_map.name,
        assumption=judge.question.deposition_map.assumption,
        said=searched.chosen.said,
        numbers=searched.chosen.numbers,
        n_feasible=len(feasible),
        best=None if best is None else ranked_conditions(1, best, judge),
        least_violation=None if feasible else least_violation(searched.tried, judge.config),
        ours=trial_of(again[0]) if again else None,
    )


def _asked_finely(leading: Searched, best: Judged | None) -> tuple[str, ...]:
    """The best conditions under every draw of the map: a search can afford some of them."""
    judge, draws = leading.judge, leading.chosen.draws
    if best is None or not 0 < len(judge.draws) < len(draws):
        return ()
    (again,) = Judge(judge.question, draws, judge.config).judged([best.conditions])
    sure = f"{judge.config.confidence:g}"
    said = (
        f"Under all {len(draws)} draws of the map's numbers, not the {len(judge.draws)} that a "
        f"search asks, the best conditions have a glassy share of {again.glassy_share:.2f}, and "
    )
    if again.p_enough is None or best.p_enough is None:
        reached = _not_as_before(again.assured_share, best.assured_share)
        return (f"{said}{reached}, is reached with probability {sure}.",)
    enough = _not_as_before(again.p_enough, best.p_enough)
    said += f"P(>= {judge.config.least_share:g}) is {enough}"
    if again.violations["min_glassy_share"] <= 0.0:
        return (f"{said}.",)
    return (f"{said}: less than the {sure} asked for. To be surer, ask for more confidence.",)


def _not_as_before(now: float, before: float) -> str:
    """A share, and what it was where the difference can be seen."""
    here, there = f"{now:.2f}", f"{before:.2f}"
    return here if here == there else f"{here}, not {there}"


def _notes(
    leading: Searched, checks: Sequence[HorizonCheck], robust: Robustness | None
) -> tuple[str, ...]:
    """What a reader should know before acting on the ranking."""
    best, config = leading.best, leading.judge.config
    refused = tuple(_refused_outside(leading.tried, config))
    by_horizon = tuple(horizon_notes(checks, best, config))
    if best is None or robust is None:
        return (*_none(leading), *refused, *by_horizon)
    said = [ranking_rule(config)]
    at_bounds = corners(best, config.space)
    if at_bounds:
        said.append(
            f"The best conditions sit at a bound: {', '.join(at_bounds)}. Wider bounds may hold "
            "better ones."
        )
        if config.objective == "glassy_share":
            said.append(
                "Glassiness alone prefers slow plating of little lithium: ask for the fastest "
                "plating, or for a capacity, to get conditions that are useful as well."
            )
    return (*said, *_too_few(leading, robust.changes), *refused, *by_horizon)


def _refused_outside(tried: Sequence[Judged], config: SearchConfig) -> Iterator[str]:
    """How many trials were refused only because their embryos were not simulated."""
    n = sum(one.lies_outside_only for one in tried)
    if n:
        n_infeasible = sum(not one.is_feasible for one in tried)
        yield (
            f"Of {n_infeasible} trials that are not feasible, {n} would be but for one requirement "
            f"(max_clipped_share): they have {outside_in_words(config)}, where the model was never "
            "tested."
        )


def _none(leading: Searched) -> Iterator[str]:
    """Whether so few were tried that something may well be feasible."""
    n_tried = len(leading.tried)
    if n_tried < FEW_TRIED and leading.judge.config.space.searched:
        yield f"{n_tried} trials are few: more may find some that meet every requirement."


def _too_few(leading: Searched, changes: Sequence[Change]) -> Iterator[str]:
    """What says that the search has not found the best yet."""
    n_tried, n_feasible = len(leading.tried), len(leading.feasible)
    if n_feasible < FEW_FEASIBLE and leading.judge.config.space.searched:
        yield (
            f"Only {n_feasible} of {n_tried} trials met every requirement, too few to have found "
            "the best surely: more trials may find better."
        )
    better = [each for each in changes if each.is_better]
    if better:
        those = listed(
            [f"{VARIABLES[each.variable].words} {figures(each.value)}" for each in better]
        )
        yield (
            f"The search has not converged: with {those} and all else as in the best conditions "
            "every requirement still holds, and what is asked for is better. More trials may find "
            "better still."
        )
