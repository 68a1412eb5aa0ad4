"""What an evaluation says, in sentences; every one is computed from its numbers."""

from collections.abc import Sequence
from typing import Final, Literal

from serve.words import count
from train.ceiling import Ceiling
from train.comparison import Comparison
from train.resampling import Estimate
from train.scores import Score
from train.standing import MODEL, AtLandmark, Standing

Measure = Literal["integrated_brier", "log"]
Place = Literal["ahead", "level", "behind"]

MEASURES: Final[dict[Measure, str]] = {
    "integrated_brier": "integrated Brier score",
    "log": "log score",
}
FORECASTERS: Final = {
    "nucleation": "classical nucleation in the core: three numbers for all embryos",
    "Weibull law": "a share that orders in the quench, a share that never does, and Weibull times, "
    "each on a line in what is named in brackets; one shape for all",
    "law": "the same, but embryos of one design differ in their hazard, so that the quick go first",
    "free law": "the same, and the shape lies on a line too",
    "boosting": "boosted trees",
    "Cox": "proportional hazards",
}
"""What stands beside the model, and how it forecasts."""

GOAL_LARGEST: Final = 0.1
GOAL_EVENTS: Final = 100


def score_of(standing: Standing, measure: Measure) -> Score | None:
    """The proper score asked for, beside Kaplan-Meier's."""
    return standing.scores.log if measure == "log" else standing.scores.integrated_brier


def over(standing: Standing, measure: Measure) -> Score | None:
    """The model beside this baseline; None of the model itself."""
    if standing.model_over is None:
        return None
    found = standing.model_over
    return found.log if measure == "log" else found.integrated_brier


def place_over(score: Score | None) -> Place:
    """Whether the model is better than what it is compared with beyond chance."""
    ends = score.skill_interval if score else None
    if ends is None or ends[0] <= 0.0 <= ends[1]:
        return "level"
    return "ahead" if ends[0] > 0.0 else "behind"


def place(found: AtLandmark, measure: Measure) -> tuple[Place, list[str]]:
    """How the model stands at a landmark, and the baselines that are clearly better.

    Ahead: clearly better than every baseline (without any: than Kaplan-Meier). Behind: clearly
    worse than one. Clearly: the 90 % interval of the paired difference leaves out zero.
    """
    rivals = {n: over(s, measure) for n, s in found.standings.items() if n != MODEL}
    if not rivals:
        return place_over(score_of(found.standings[MODEL], measure)), []
    places = {name: place_over(each) for name, each in rivals.items()}
    better = [name for name, each in places.items() if each == "behind"]
    if better:
        return "behind", better
    return ("ahead" if set(places.values()) == {"ahead"} else "level"), []


def is_best(found: AtLandmark, measure: Measure) -> bool:
    """Whether no baseline has the better score, clearly or not."""
    scored = {n: each.skill for n, s in found.standings.items() if (each := score_of(s, measure))}
    known = {name: skill for name, skill in scored.items() if skill is not None}
    return bool(known) and max(known, key=known.__getitem__) == MODEL


def verdict(found: Comparison) -> list[str]:
    """Where the model is best, where a baseline beats it, and whether beyond chance."""
    brier, log = (_by(found.landmarks, measure, not found.has_baselines) for measure in MEASURES)
    who = {
        "judges": "On designs that its judges never saw",
        "repeats": "On designs left out, over all repeats",
        "new": "On these records",
    }[found.kind]
    return [
        f"{who}, by the integrated Brier score (does it order, and by when?) the model is {brier}.",
        f"By the log score, which judges the very times, it is {log}.",
    ]


def calibration_words(found: Comparison) -> list[str]:
    """How far forecast shares are from what was seen, and what chance alone would show."""
    pooled = found.pooled[MODEL]
    excess = pooled.mean_excess
    mean = (
        f"Mean forecast less observed share ordered by the horizon: {signed(excess)}, over "
        f"{count(pooled.n_rows, 'forecast')} of {count(pooled.n_designs, 'design')}."
    )
    bound = "cannot be told" if pooled.largest_at_most is None else f"{pooled.largest_at_most:.2f}"
    largest = (
        f"In {len(pooled.bins)} bins the largest deviation is {pooled.largest:.2f}, its upper "
        f"bound {bound}; a forecast that is right would show {pooled.largest_by_chance[0]:.2f} "
        f"on average and {pooled.largest_by_chance[1]:.2f} once in twenty times, with "
        f"{count(pooled.n_events, 'order')} of {pooled.n_distinct_events} distinct trajectories."
    )
    enough = pooled.n_events >= GOAL_EVENTS
    is_met = enough and (pooled.largest_at_most or 1.0) <= GOAL_LARGEST
    beyond = pooled.largest > pooled.largest_by_chance[1]
    goal = (
        f"The goal, a bound of at most {GOAL_LARGEST:g} over {GOAL_EVENTS} orders, is "
        f"{'met' if is_met else 'not met'}; the deviation is "
        f"{'more than chance alone shows' if beyond else 'within what chance alone shows'}."
    )
    return [mean, largest, goal]


def ceiling_words(found: Ceiling) -> str:
    """How much of what any structure could tell the model tells."""
    share = found.model_brier_share
    return (
        f"{found.n_replicas} runs with new velocities from {found.n_parents} structures at the end "
        f"of the quench ({found.n_events} ordered) say how much is chance: whoever knew the law of "
        f"each structure would have an integrated Brier skill of {told(found.best_brier_skill)}; "
        f"the model has {told(found.model_brier_skill)} on them, {told(share)} of what is "
        f"explainable. By the log score the other runs from a structure forecast one with a skill "
        f"of {told(found.others_log_skill)}, the model with {told(found.model_log_skill)}. With "
        f"{found.n_parents} structures the intervals are wide, and they speak of these only."
    )


def told(found: Estimate, digits: int = 2) -> str:
    """A number with its interval.

    >>> told(Estimate(value=0.5, interval=(0.25, 0.75)))
    '0.50 (0.25 to 0.75)'
    """
    return _with_ends(found.value, found.interval, f".{digits}f")


def signed(found: Estimate) -> str:
    """The same, with signs."""
    return _with_ends(found.value, found.interval, "+.2f")


def told_skill(score: Score | None) -> str:
    """The skill of a score, with signs."""
    if score is None:
        return "-"
    return _with_ends(score.skill, score.skill_interval, "+.2f")


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them.

    >>> listed(["packing"]), listed(["packing", "50 ps", "100 ps"])
    ('packing', 'packing, 50 ps and 100 ps')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _with_ends(value: float | None, ends: tuple[float, float] | None, form: str) -> str:
    if value is None:
        return "-"
    return f"{value:{form}}" + (f" ({ends[0]:{form}} to {ends[1]:{form}})" if ends else "")


def _by(landmarks: Sequence[AtLandmark], measure: Measure, is_alone: bool) -> str:  # noqa: FBT001
    """The verdict by one score."""
    rival = "Kaplan-Meier" if is_alone else "every baseline"
    places = {found.landmark: place(found, measure) for found in landmarks}
    by_place = {
        kind: [name for name, (each, _) in places.items() if each == kind]
        for kind in ("ahead", "level", "behind")
    }
    said = []
    if by_place["ahead"]:
        said.append(f"clearly ahead of {rival} at {_where(by_place['ahead'], len(places))}")
    if by_place["level"]:
        best = [f.landmark for f in landmarks if is_best(f, measure)]
        n_best = sum(name in best for name in by_place["level"])
        first = "" if is_alone or not n_best else f" (first at {n_best} of them)"
        with_whom = "Kaplan-Meier" if is_alone else "the best baseline"
        level, n_all = by_place["level"], len(places)
        where = _where(level, n_all) if len(level) == n_all else f"{len(level)} of {n_all} moments"
        said.append(f"level with {with_whom}, within chance, at {where}{first}")
    if by_place["behind"]:
        names = dict.fromkeys(name for _, better in places.values() for name in better)
        whom = "Kaplan-Meier" if is_alone else listed(list(names))
        said.append(f"clearly behind at {_where(by_place['behind'], len(places))} ({whom})")
    return "; ".join(said)


def _where(names: Sequence[str], n_all: int) -> str:
    if len(names) == n_all:
        return "the one moment asked" if n_all == 1 else f"all {n_all} moments"
    return listed(names)
