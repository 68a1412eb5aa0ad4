"""From all trials of a search to its answer: what to do, how sure it is, and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

from surrogate.deposition.registry import ChosenMap
from surrogate.search.config import SearchConfig
from surrogate.search.describing import least_violation, ranked_conditions, trial_of
from surrogate.search.horizons import horizon_checks, horizon_notes
from surrogate.search.judging import Judge, Judged
from surrogate.search.objectives import metrics_of
from surrogate.search.ranking import best_of, corners, front, ranking_rule, recommended
from surrogate.search.result import HorizonCheck, SearchResult, UnderMap
from surrogate.search.robustness import robustness
from surrogate.search.sensitivity import sensitivity
from surrogate.search.surface import surface
from surrogate.search.variance import variance_parts


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
        robustness=None if best is None else robustness(judge, best),
        variance=(
            () if best is None else variance_parts(judge, best, leading.chosen, other_maps, checks)
        ),
        sensitivity=sensitivity(judge, best),
        surfaces=tuple(surface(each.judge, best) for each in (leading, *others)),
        trials=tuple(trial_of(one) for one in leading.tried),
        notes=(*_notes(best, checks, config), *_asked_finely(leading, best)),
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
    under = f" at {' and '.join(wanted)}" if wanted else ""
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
        reached = f"{again.assured_share:.2f}, not {best.assured_share:.2f}"
        return (f"{said}{reached}, is reached with probability {sure}.",)
    said += f"P(>= {judge.config.least_share:g}) is {again.p_enough:.2f}, not {best.p_enough:.2f}"
    if again.violations["min_glassy_share"] <= 0.0:
        return (f"{said}.",)
    return (f"{said}: less than the {sure} asked for. To be surer, ask for more confidence.",)


def _notes(
    best: Judged | None, checks: Sequence[HorizonCheck], config: SearchConfig
) -> tuple[str, ...]:
    """What a reader should know before acting on the ranking."""
    by_horizon = tuple(horizon_notes(checks, best, config))
    if best is None:
        return by_horizon
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
    return (*said, *by_horizon)
