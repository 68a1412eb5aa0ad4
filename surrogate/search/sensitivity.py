"""Which condition matters, and how: over all of the searched space, and around the best of it.

Asked of the surrogate itself. Trials of a search crowd where it found something, so that what they
say of importance depends on the sampler.
"""

from typing import Final

import numpy as np
from scipy.stats import qmc, sobol_indices, uniform

from surrogate.deposition.confidence import Floats
from surrogate.search.importance import Importance, Sensitivity, Slice
from surrogate.search.judging import Judge, Judged
from surrogate.search.ranking import places_of

N_SOBOL: Final = 128
"""Base samples; each costs as many more questions as there are variables, and two."""

N_PLACES: Final = 13
"""Points of a slice."""

N_OTHERS: Final = 16
"""Settings of the other variables that a partial dependence is averaged over."""

SEED: Final = 20


def sensitivity(judge: Judge, best: Judged | None) -> Sensitivity:
    """Of a search's space, and around its best conditions.

    Args:
        judge: Its map is taken as given: parameters of a map are no conditions.
        best: None where nothing was feasible.
    """
    names = list(judge.config.space.searched)
    slices = tuple(_slice(judge, name, names, best) for name in names)
    if len(names) < 2:  # one variable alone explains everything
        return Sensitivity(slices=slices)
    n_asked = 0

    def shares(places: Floats) -> Floats:
        nonlocal n_asked
        n_asked += places.shape[1]
        return _shares(judge, names, places.T)

    found = sobol_indices(
        func=shares,
        n=N_SOBOL,
        dists=[uniform()] * len(names),
        rng=np.random.default_rng(SEED),
    )
    importances = [
        Importance(variable=name, alone=float(alone), in_all=float(in_all))
        for name, alone, in_all in zip(names, found.first_order, found.total_order, strict=True)
        if np.isfinite(in_all)
    ]
    return Sensitivity(
        importances=tuple(sorted(importances, key=lambda one: one.in_all, reverse=True)),
        slices=slices,
        n_asked=n_asked,
    )


def _slice(judge: Judge, name: str, names: list[str], best: Judged | None) -> Slice:
    space = judge.config.space
    along = np.linspace(0.0, 1.0, N_PLACES)
    others = qmc.Sobol(len(names), rng=np.random.default_rng(SEED)).random(N_OTHERS)
    grid = np.repeat(others[None], N_PLACES, axis=0)
    grid[:, :, names.index(name)] = along[:, None]
    everywhere = _shares(judge, names, grid.reshape(-1, len(names)))
    at_best = None
    if best is not None:
        here = places_of(best.conditions, space)
        at_best = judge.judged(
            [judge.config.conditions(space.at({**here, name: place})) for place in along.tolist()]
        )
    return Slice(
        variable=name,
        values=tuple(
            space.at({**dict.fromkeys(names, 0.0), name: place})[name] for place in along.tolist()
        ),
        partial_dependence=tuple(everywhere.reshape(N_PLACES, N_OTHERS).mean(axis=1).tolist()),
        share=None if at_best is None else tuple(one.glassy_share for one in at_best),
        low=None if at_best is None else tuple(one.interval[0] for one in at_best),
        high=None if at_best is None else tuple(one.interval[1] for one in at_best),
        best=None if best is None else float(getattr(best.conditions, name)),
    )


def _shares(judge: Judge, names: list[str], places: Floats) -> Floats:
    """Mean glassy shares at places of shape ``(n, n_variables)``, shape ``(n,)``."""
    space = judge.config.space
    conditions = [
        judge.config.conditions(space.at(dict(zip(names, row, strict=True))))
        for row in places.tolist()
    ]
    forecasts = judge.question.forecasts(conditions)
    return np.array([forecast.glassy_share for forecast in forecasts])
