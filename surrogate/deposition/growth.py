"""An embryo that grows while it waits: how probably is it still disordered at the end?"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.design import EmbryoDesign
from surrogate.deposition.conditions import S_PER_MIN, DepositionConditions, LocalPlating
from surrogate.deposition.embryos import EmbryoDistribution, EmbryoShare
from surrogate.deposition.quadrature import Floats

PS_PER_S: Final = 1.0e12
A2_PER_NM2: Final = 100.0

TIMES_PS: Final = np.concatenate(
    [[0.0], np.geomspace(1.0e-1, 1.0e6, 36), np.geomspace(1.0e7, 1.0e16, 10)]
)
"""Where survival is read; between, it is linear in the logarithm of time. The last is 3 h."""

SIZE_STEP: Final = 1.25
"""Ratio of neighbouring sizes on a growth path."""

Survival = Callable[[Sequence[EmbryoDesign], Floats], Floats]
"""P(not ordered) of designs at times, shape ``(n_members, n_designs, n_times)``."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What became of the embryos of one set of conditions.

    Attributes:
        glassy: P(still disordered), shape ``(n_members, n_embryos)``.
        damkohler: Arrival time over waiting time, geometric mean over atoms and members; ordering
            is fast where it is large.
    """

    glassy: Floats
    damkohler: float


@dataclass(frozen=True, slots=True)
class _Path:
    """Embryos of one kind but of several final sizes, all on one way of growth.

    Attributes:
        members: Which embryos of the conditions these are.
        designs: At the sizes of the path, rising.
        ends: Index into `designs` of each member's final size.
        arrival_ps: Time in which the next atom arrives, at each size.
        plating_ps: Time of plating.
    """

    members: list[int]
    designs: list[EmbryoDesign]
    ends: list[int]
    arrival_ps: Floats
    plating_ps: float


def grown(
    survival: Survival,
    asked: Sequence[tuple[DepositionConditions, EmbryoDistribution]],
    *,
    smallest_atoms: float,
    slowdown: float,
    exposure_s: float | None,
) -> list[Grown]:
    """Survival along the growth path of every embryo, from one call of the model.

    Args:
        survival: The model's.
        asked: Conditions and the embryos they make.
        smallest_atoms: Where paths begin.
        slowdown: A second of the cell is 1 / slowdown seconds of the model.
        exposure_s: Longest time at the final size, s of the cell; None: to the end of plating.
    """
    paths = [
        list(_paths(conditions, expected, smallest_atoms, slowdown))
        for conditions, expected in asked
    ]
    flat = list(itertools.chain.from_iterable(paths))
    designs = [design for path in flat for design in path.designs]
    curves = iter(
        np.split(
            survival(designs, TIMES_PS), np.cumsum([len(p.designs) for p in flat])[:-1], axis=1
        )
    )
    exposure_ps = np.inf if exposure_s is None else exposure_s * PS_PER_S / slowdown
    return [
        _followed(expected, paths_here, [next(curves) for _ in paths_here], exposure_ps)
        for (_, expected), paths_here in zip(asked, paths, strict=True)
    ]


def still_disordered(glassy: Floats, curves: Floats, dwell_ps: Floats | float) -> Floats:
    """What is left of a share after more waiting under another law.

    The time that would have left as many under this law is where its clock stands.

    Args:
        glassy: Share still disordered before, shape ``(n,)``.
        curves: P(not ordered) at `TIMES_PS` under this law, falling, shape ``(n, n_times)``.
        dwell_ps: Time spent under it.

    >>> law = np.exp(-TIMES_PS / 100.0)[None]
    >>> still_disordered(np.array([1.0]), law, 100.0).round(2)
    array([0.37])
    """
    elapsed_ps = _time_of(curves, glassy)
    return np.minimum(glassy, _share_at(curves, elapsed_ps + dwell_ps))


def _followed(
    expected: EmbryoDistribution,
    paths: Sequence[_Path],
    curves: Sequence[Floats],
    exposure_ps: float,
) -> Grown:
    n_members = curves[0].shape[0]
    glassy = np.empty((n_members, len(expected.embryos)))
    log_damkohler = np.empty_like(glassy)
    for path, law in zip(paths, curves, strict=True):
        at_end = _along(path, law, exposure_ps)
        ratio = np.log(path.arrival_ps / _median_wait_ps(law))
        for member, end in zip(path.members, path.ends, strict=True):
            glassy[:, member] = at_end[:, end]
            log_damkohler[:, member] = ratio[:, end]
    weights = np.array([embryo.weight for embryo in expected.embryos])
    return Grown(
        glassy, float(np.exp((log_damkohler * weights).sum(axis=1).mean() / weights.sum()))
    )


def _along(path: _Path, law: Floats, exposure_ps: float) -> Floats:
    """P(still disordered) had growth ended at each size, shape ``(n_members, n_sizes)``."""
    sizes = np.array([design.n_atoms for design in path.designs], dtype=np.float64)
    arrival_ps = path.arrival_ps
    growing_ps = np.diff(sizes) * 0.5 * (arrival_ps[1:] + arrival_ps[:-1])
    began_ps = np.concatenate([[0.0], np.cumsum(growing_ps)])
    at_end = np.empty(law.shape[:2])
    glassy = np.ones(law.shape[0])
    for number in range(len(sizes)):
        # Between two sizes half of the time is spent under the law of each.
        if number > 0:
            glassy = still_disordered(glassy, law[:, number - 1], 0.5 * growing_ps[number - 1])
            glassy = still_disordered(glassy, law[:, number], 0.5 * growing_ps[number - 1])
        rest_ps = max(path.plating_ps - began_ps[number], arrival_ps[number])
        at_end[:, number] = still_disordered(glassy, law[:, number], min(rest_ps, exposure_ps))
    return at_end


def _paths(
    conditions: DepositionConditions,
    expected: EmbryoDistribution,
    smallest_atoms: float,
    slowdown: float,
) -> Iterator[_Path]:
    """Embryos that differ in nothing but the final size share their path."""
    kinds: dict[tuple[object, ...], list[int]] = {}
    for number, embryo in enumerate(expected.embryos):
        design = embryo.design
        key = (
            _local_current(embryo, conditions), design.packing_density_g_cm3,
            design.mass_exchange, design.energy_exchange,
        )  # fmt: skip
        kinds.setdefault(key, []).append(number)
    for members in kinds.values():
        embryos = [expected.embryos[number] for number in members]
        yield _path(members, embryos, conditions, smallest_atoms, slowdown)


def _path(
    members: list[int],
    embryos: Sequence[EmbryoShare],
    conditions: DepositionConditions,
    smallest_atoms: float,
    slowdown: float,
) -> _Path:
    finals = [embryo.design.n_atoms for embryo in embryos]
    n_steps = int(np.log(max(finals) / smallest_atoms) / np.log(SIZE_STEP)) + 1
    between = np.rint(smallest_atoms * SIZE_STEP ** np.arange(n_steps)).astype(int).tolist()
    sizes = sorted({*between, *finals})
    like = embryos[0].design
    plating = LocalPlating(
        _local_current(embryos[0], conditions),
        conditions.deposition_time_min,
        conditions.temperature_K,
    )
    # A size differs in nothing that `EmbryoDesign` would have to check again.
    designs = [like.model_copy(update={"n_atoms": size}) for size in sizes]
    footprint_nm2 = np.array([d.cell_volume_A3 for d in designs]) ** (2.0 / 3.0) / A2_PER_NM2
    arrival_s = 1.0 / (plating.atoms_per_nm2_s * footprint_nm2)
    return _Path(
        members=members,
        designs=designs,
        ends=[sizes.index(final) for final in finals],
        arrival_ps=arrival_s * PS_PER_S / slowdown,
        plating_ps=conditions.deposition_time_min * S_PER_MIN * PS_PER_S / slowdown,
    )


def _local_current(embryo: EmbryoShare, conditions: DepositionConditions) -> float:
    local = embryo.local_current_density_mA_cm2
    return conditions.local_current_density_mA_cm2 if local is None else local


def _median_wait_ps(law: Floats) -> Floats:
    """Time by which half of those that wait and ever order have, shape ``(n_members, n_sizes)``.

    Where none waits, the earliest time that is told apart from none.
    """
    flat = law.reshape(-1, law.shape[-1])
    found = _time_of(flat, 0.5 * (flat[:, 0] + flat[:, -1])).reshape(law.shape[:2])
    waits_ps: Floats = np.maximum(found, np.exp(_LOG_TIMES[0]))
    return waits_ps


_LOG_TIMES: Final = np.log(np.maximum(TIMES_PS, 0.1 * TIMES_PS[1]))
"""Time 0 stands a decade before the first: nothing happens that early."""


def _time_of(curves: Floats, shares: Floats) -> Floats:
    """When falling curves, shape ``(n, n_times)``, come to shares, shape ``(n,)``; 0 if at once."""
    rows = np.arange(len(curves))
    above = np.clip((curves > shares[:, None]).sum(axis=1), 1, len(TIMES_PS) - 1)
    high, low = curves[rows, above - 1], curves[rows, above]
    part = np.clip((high - shares) / np.maximum(high - low, 1.0e-300), 0.0, 1.0)
    log_time = _LOG_TIMES[above - 1] + part * (_LOG_TIMES[above] - _LOG_TIMES[above - 1])
    times_ps: Floats = np.where(curves[:, 0] <= shares, 0.0, np.exp(log_time))
    return times_ps


def _share_at(curves: Floats, times_ps: Floats) -> Floats:
    """Falling curves, shape ``(n, n_times)``, at one time each; constant beyond the ends."""
    rows = np.arange(len(curves))
    log_time = np.log(np.maximum(times_ps, np.exp(_LOG_TIMES[0])))
    above = np.clip(np.searchsorted(_LOG_TIMES, log_time), 1, len(TIMES_PS) - 1)
    before, after = _LOG_TIMES[above - 1], _LOG_TIMES[above]
    part = np.clip((log_time - before) / (after - before), 0.0, 1.0)
    shares: Floats = (1.0 - part) * curves[rows, above - 1] + part * curves[rows, above]
    return shares
