"""Can the incubation be learnt from the records there are, and what would more of them buy?

    python -m benchmarks.learnability STORE [--out FILE.md] [--json]

Reading only; some 90 s on one core for 100 records. Needs the `dev` extra (scikit-survival).
"""

import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from benchmarks.learnability_report import report
from benchmarks.page import parser, publish
from benchmarks.sample import Sample
from benchmarks.where_next import where_next
from simulate.errors import GlassyLiError, MisuseError
from simulate.store import open_store
from surrogate.threads import one_thread
from train.baselines import Choice, Survival, Whole, boosting, kaplan_meier, law
from train.chance import chance
from train.data_card import STUDY
from train.metrics import (
    Floats,
    KaplanMeier,
    bootstrap_interval,
    bounds_ps,
    by_design,
    concordance,
    log_values,
)
from train.scores import Forecast, Scores, restricted, scores
from train.split import folds

N_REPEATS: Final = 5
N_FOLDS: Final = 5
LEAST_DESIGNS: Final = 2 * N_FOLDS
LEAST_CURVE_DESIGNS: Final = 4
LEAST_LINE_DESIGNS: Final = 16
LEAST_LINE_SIZES: Final = 3
FORECASTERS: Final[dict[str, Callable[[Sample, Choice], Survival]]] = {
    "size only": lambda sample, chosen: law(sample.asked_by_size, chosen),
    "design law": lambda sample, chosen: law(sample.asked, chosen),
    "boosting": lambda sample, chosen: boosting(sample.asked, chosen),
}
WANTED_HALF_WIDTH: Final = 0.05
"""Of the 90 % interval of a skill: what would count as known."""

LEFT_TO_GAIN: Final = 0.1
"""Share of all the design can tell that may still be missing when the records are enough."""

MOST_DESIGNS: Final = 100_000.0
"""Extrapolations stop here."""

Results = dict[str, Any]


@one_thread()
def study(sample: Sample) -> Results:
    """Everything but the replicas, as numbers.

    Raises:
        MisuseError: Too few designs to leave some out.
    """
    n_designs = len(set(sample.keys))
    if n_designs < LEAST_DESIGNS:
        raise MisuseError(
            f"a learnability study needs records of at least {LEAST_DESIGNS} designs, but got "
            f"{n_designs}. Simulate more designs."
        )
    split = Split(sample)
    reference = split.forecast(kaplan_meier(sample.asked, split.chosen))
    fitted = {name: make(sample, split.chosen) for name, make in FORECASTERS.items()}
    judged = {name: split.forecast(each) for name, each in fitted.items()}
    by_size = judged["size only"]
    return {
        "n_records": len(sample.records),
        "n_designs": n_designs,
        "horizon_ps": sample.horizon_ps,
        "kaplan_meier": curves(sample),
        "scores": {
            name: split.scores(each, reference).model_dump(mode="json")
            | {"concordance_interval": split.concordance_interval(each)}
            for name, each in judged.items()
        },
        "beyond_size": {
            name: split.scores(each, by_size).model_dump(mode="json")
            for name, each in judged.items()
            if each is not by_size
        },
        "decidable": decidable_scores(split, judged, reference),
        "learning_curve": learning_curve(split, reference),
        "where_next": where_next(sample),
    }


def decidable_scores(
    split: "Split", judged: dict[str, Forecast], reference: Forecast
) -> dict[str, Results]:
    """Scores without the embryos that nothing but their size keeps from counting as ordered."""
    is_decidable = np.array([record.is_decidable for record in split.sample.records])
    if is_decidable.all() or not is_decidable.any():
        return {}
    return {
        name: split.scores(each, reference, is_decidable).model_dump(mode="json")
        for name, each in judged.items()
    }


class Split:
    """Repeated cross-validation by design: every record is asked once in every repeat.

    Attributes:
        chosen: Records each fit may use; fit `N_FOLDS * repeat + fold` leaves out that fold.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        n_records = len(sample.keys)
        parts = [folds(sample.keys, N_FOLDS, seed) for seed in range(N_REPEATS)]
        number = np.array([[part[key] for key in sample.keys] for part in parts])
        self.chosen: Choice = np.concatenate(
            [np.arange(N_FOLDS)[:, None] != each for each in number]
        )
        self._fit: Whole = (number + N_FOLDS * np.arange(N_REPEATS)[:, None]).ravel()
        self._record: Whole = np.tile(np.arange(n_records), N_REPEATS)
        self._everybody = np.ones(n_records, dtype=bool)
        self._incubations = list(sample.incubations) * N_REPEATS
        self._keys = sample.keys * N_REPEATS

    def forecast(self, survival: Survival) -> Forecast:
        """Survival of every record in every repeat, by the fit that never saw its design."""
        return lambda times_ps: survival(self._fit, self._record, times_ps)

    def scores(
        self, model: Forecast, reference: Forecast, is_chosen: Choice | None = None
    ) -> Scores:
        """Over all repeats; designs are resampled with all repeats of theirs.

        Args:
            is_chosen: Records that count, shape ``(n_records,)``; None: all.
        """
        every = np.tile(self._everybody if is_chosen is None else is_chosen, N_REPEATS)
        return scores(
            restricted(model, every),
            restricted(reference, every),
            list(itertools.compress(self._incubations, every)),
            list(itertools.compress(self._keys, every)),
            planned_ps=self.sample.horizon_ps,
        )

    def log_values(self, model: Forecast) -> Floats:
        """Log score of each record, mean over the repeats, shape ``(n_records,)``."""
        lower, upper = bounds_ps(self._incubations)
        at_upper = model(np.where(np.isfinite(upper), upper, lower))
        values = log_values(model(lower), at_upper, self._incubations)
        return np.asarray(values.reshape(N_REPEATS, -1).mean(axis=0))

    def concordance_interval(self, model: Forecast) -> tuple[float, float] | None:
        """90 %, of the mean over the repeats, resampling designs."""
        horizon_ps = self.sample.horizon_ps
        risk = (1.0 - model(np.full(len(self._keys), horizon_ps))).reshape(N_REPEATS, -1)
        places = by_design(np.arange(risk.shape[1]), self.sample.keys)

        def mean(drawn: Floats) -> float:
            index = drawn.astype(int)
            seen = [self.sample.incubations[each] for each in index]
            found = [concordance(each[index], seen) for each in risk]
            return float(np.mean([0.5 if each is None else each for each in found]))

        return bootstrap_interval(places, 0, n_resamples=200, statistic=mean)

    def smaller(self, n_designs: int) -> Choice:
        """Of each fit's records those of so many designs, drawn at random; nested in each other."""
        keys = np.array(self.sample.keys)
        result = []
        for number, each in enumerate(self.chosen):
            drawn = np.random.default_rng([number, 3]).permutation(sorted(set(keys[each])))
            result.append(each & np.isin(keys, drawn[:n_designs]))
        return np.array(result)


def curves(sample: Sample) -> list[Results]:
    """Kaplan-Meier by thirds of size and of density, with intervals that resample designs."""
    horizon_ps = sample.horizon_ps
    rows = []
    for field in ("n_atoms", "packing_density_g_cm3"):
        values = np.array([getattr(record.design, field) for record in sample.records])
        edges = np.quantile(values, [1 / 3, 2 / 3])
        thirds = np.searchsorted(edges, values, side="left")
        for third in range(3):
            index = np.flatnonzero(thirds == third)
            if len(index):
                found = {
                    "by": field,
                    "from": float(values[index].min()),
                    "to": float(values[index].max()),
                }
                rows.append(found | _survival_of(sample, index, horizon_ps))
    return rows


def _survival_of(sample: Sample, index: Whole, horizon_ps: float) -> Results:
    def at(drawn: Floats, time_ps: float) -> float:
        seen = [sample.incubations[each] for each in drawn.astype(int)]
        return float(KaplanMeier.of(seen).survival([time_ps])[0])

    places = by_design(index, [sample.keys[each] for each in index])
    return {
        "n_records": len(index),
        "n_undecidable": sum(not sample.records[each].is_decidable for each in index),
        "survival": {
            f"{time_ps:.0f}": at(index.astype(float), time_ps)
            for time_ps in (0.0, 100.0, horizon_ps)
        },
        "interval_at_horizon": bootstrap_interval(
            places, 0, n_resamples=500, statistic=lambda drawn: at(drawn, horizon_ps)
        ),
    }


def learning_curve(split: Split, reference: Forecast) -> Results:
    """Scores by number of training designs, always beside the same Kaplan-Meier curves."""
    full = len({split.sample.keys[each] for each in np.flatnonzero(split.chosen[0])})
    sizes = sorted({*_doubling(LEAST_CURVE_DESIGNS, full), full})
    rows, values = [], []
    for n_designs in sizes:
        chosen = split.smaller(n_designs)
        row: Results = {"n_designs": n_designs}
        for name, make in FORECASTERS.items():
            model = split.forecast(make(split.sample, chosen))
            found = split.scores(model, reference)
            row[name] = {"log": found.log.model, "integrated_brier": found.integrated_brier}
            if name == "design law":
                values.append(split.log_values(model))
        row = json.loads(json.dumps(row, default=lambda each: each.model_dump(mode="json")))
        rows.append(row)
    floor = split.log_values(reference)
    return {"rows": rows} | _enough(split, np.array(sizes), np.column_stack([*values, floor]))


def _doubling(first: int, end: int) -> list[int]:
    return [first * 2**power for power in range(20) if first * 2**power < end]


def _enough(split: Split, sizes: Whole, values: Floats) -> Results:
    """Where the log score of the design law would stop falling, from ``a + b / n_designs``.

    That form holds for many designs: the smallest sizes are left out where three others remain.
    """
    is_large = sizes >= LEAST_LINE_DESIGNS
    if is_large.sum() < LEAST_LINE_SIZES:
        is_large[:] = True

    def limits(drawn: Floats) -> tuple[float, float]:
        means = drawn.mean(axis=0)
        slope, limit = np.polyfit(1.0 / sizes[is_large], means[:-1][is_large], 1)
        gain = means[-1] - limit
        if slope <= 0.0 or gain <= 0.0:
            return float(limit), 0.0 if gain > 0.0 else MOST_DESIGNS
        return float(limit), float(min(slope / (LEFT_TO_GAIN * gain), MOST_DESIGNS))

    rows = by_design(values, split.sample.keys)
    limit, enough = limits(values)
    return {
        "log_limit": limit,
        "kaplan_meier_log": float(values[:, -1].mean()),
        "designs_enough": enough,
        "designs_enough_interval": bootstrap_interval(
            rows, 0, statistic=lambda drawn: limits(drawn)[1]
        ),
    }


def designs_for(interval: Sequence[float] | None, n_designs: int, half_width: float) -> int | None:
    """Designs at which a skill's interval is so narrow, if it shrinks as one over their root.

    >>> designs_for((0.2, 0.4), 50, 0.05)
    200
    """
    if interval is None or half_width <= 0.0:
        return None
    return math.ceil(n_designs * (0.5 * (interval[1] - interval[0]) / half_width) ** 2 - 1.0e-9)


def needs(results: Results) -> list[tuple[str, int | None]]:
    """What is to be known of the design law, and how many judged designs that takes."""
    model, beyond = (results[each]["design law"] for each in ("scores", "beyond_size"))
    n_designs = model["n_designs"]
    found = []
    for name in ("integrated_brier", "log"):
        words = name.replace("_", " ")
        interval = model[name] and model[name]["skill_interval"]
        width = designs_for(interval, n_designs, WANTED_HALF_WIDTH)
        found.append((f"{words} skill to within {WANTED_HALF_WIDTH:g}", width))
        more = beyond[name] or {"skill": None, "skill_interval": None}
        size = designs_for(more["skill_interval"], n_designs, abs(more["skill"] or 0.0))
        found.append((f"{words}: design law and size only apart", size))
    return found


def main() -> None:
    options = parser(__doc__, "record store", STUDY).parse_args()
    try:
        records = list(open_store(options.store))
        results = study(Sample.of(records))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    results["needs"] = needs(results)
    by_chance = chance(records)
    results["replicas"] = by_chance and asdict(by_chance)
    publish(options, STUDY, report(results, by_chance), results)


if __name__ == "__main__":
    main()
