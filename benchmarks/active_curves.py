"""Curves of the study of active learning: what each strategy asks, and how far it errs.

The protocol is told in `benchmarks.active`. The constants here decide the curves, and kept seeds of
others are refused.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import active_truth
from benchmarks.active_truth import (
    Campaign,
    column_error,
    drawn,
    error_of,
    full_grid,
    judging_places,
    logistic_error,
    of_seed,
    target_places,
)
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.files import canonical_json, sha256_of, write_atomically
from simulate.store import content_hash, open_store
from train.active.acquisition import Acquisition
from train.active.committee import Committee
from train.records import independent

STUDY: Final = "ACTIVE.md"
N_SEEDS: Final = 10
BATCH: Final = 8
ACTIVE: Final[tuple[Acquisition, ...]] = ("boundary", "straddle")
ACTIVE_AT: Final = (8, 16, 24, 32, 40, 48, 56, 64)
PLAIN_AT: Final = (8, 16, 24, 32, 48, 64, 96, 128)
COMPARED_AT: Final = (16, 24, 32, 48, 64)
GRIDS: Final = ((3, 3, 2), (4, 3, 3), (6, 4, 3))
REPLAY_AT: Final = (16, 40, 64, 88)
REPLAYED: Final[tuple[Acquisition, ...]] = ("boundary", "straddle", "random")
REPLAY_PS: Final = 952.0
N_BOOTSTRAP: Final = 10_000
GOAL: Final = 0.8

Curves = dict[str, dict[str, float]]
"""Error by strategy and number of trajectories."""


def synthetic(seed: int) -> Curves:
    """Curves of one seed."""
    places, targets, candidates = judging_places(), target_places(), of_seed(1000 + seed)
    start = Campaign(seed, candidates, drawn)
    start.ask(range(BATCH))
    first = start.committee()
    curves: Curves = {}
    for acquisition in (*ACTIVE, "random", "sobol"):
        campaign = replace(start, asked=[*start.asked], seen=[*start.seen])
        committee, at = first, ACTIVE_AT if acquisition in ACTIVE else PLAIN_AT
        curve = {str(BATCH): error_of(first, places)}
        by_logistic = {str(BATCH): logistic_error(campaign.answers, places)}
        for n in at[1:]:
            wanted = n - len(campaign.asked)
            campaign.ask(campaign.next(acquisition, wanted, committee, targets))
            committee = campaign.committee()
            curve[str(n)] = error_of(committee, places)
            by_logistic[str(n)] = logistic_error(campaign.answers, places)
        curves[acquisition] = curve
        if acquisition == "sobol":
            curves["sobol + logistic"] = by_logistic
    for levels in GRIDS:
        campaign = Campaign(seed, full_grid(*levels), drawn)
        n = len(campaign.candidates)
        campaign.ask(range(n))
        curves.setdefault("grid", {})[str(n)] = error_of(campaign.committee(), places)
        curves.setdefault("grid by columns", {})[str(n)] = column_error(campaign.answers)
    return curves


def replayed(seed: int, store: Path) -> Curves:
    """Curves of one split of the reference records."""
    records = [each for each in independent(open_store(store)) if each.witnessed is not None]
    keys = sorted({record.design.key for record in records})
    order = np.random.default_rng([seed, 5]).permutation(len(keys))
    held_out = {keys[number] for number in order[: len(keys) // 4]}
    pool = [record for record in records if record.design.key not in held_out]
    seen = {id(each.design): each.witnessed for each in pool if each.witnessed is not None}
    judged = [
        (record.design, record.witnessed.upper_ps is not None)
        for record in records
        if record.design.key in held_out
        and record.witnessed is not None
        and (record.witnessed.upper_ps is not None or record.witnessed.lower_ps >= REPLAY_PS)
    ]
    campaign = Campaign(seed, [each.design for each in pool], lambda d, _: seen[id(d)])
    begin = np.random.default_rng([seed, 6]).permutation(len(pool))[: REPLAY_AT[0]].tolist()
    campaign.ask(begin)
    start, first = campaign, campaign.committee()
    targets = target_places()
    curves: Curves = {"n_judged": {"0": float(len(judged))}}
    for acquisition in REPLAYED:
        campaign = replace(start, asked=[*start.asked], seen=[*start.seen])
        committee = first
        curve = {str(REPLAY_AT[0]): _brier(committee, judged)}
        for n in REPLAY_AT[1:]:
            campaign.ask(
                campaign.next(acquisition, n - len(campaign.asked), committee, targets, REPLAY_PS)
            )
            committee = campaign.committee()
            curve[str(n)] = _brier(committee, judged)
        curves[acquisition] = curve
    return curves


def _brier(committee: Committee, judged: Sequence[tuple[EmbryoDesign, bool]]) -> float:
    p = committee.p_ordered([design for design, _ in judged], REPLAY_PS).mean(axis=0)
    return float(((p - np.array([came for _, came in judged])) ** 2).mean())


def needed(curve: dict[str, float], target: float) -> tuple[float, bool]:
    """Trajectories until an error is reached, and whether it was.

    >>> needed({"8": 0.4, "16": 0.2, "32": 0.1}, 0.2)
    (16.0, True)
    >>> needed({"8": 0.4, "16": 0.2}, 0.1)
    (16.0, False)
    """
    points = [(float(n), error) for n, error in curve.items()]
    if points[0][1] <= target:
        return points[0][0], True
    for (n_low, high), (n_high, low) in itertools.pairwise(points):
        if low <= target:
            share = np.log(high / target) / np.log(high / low)
            return float(n_low * (n_high / n_low) ** share), True
    return points[-1][0], False


def made_from(store: Path) -> dict[str, str]:
    """Hashes of the records and of the constants that curves hang on."""
    constants = [
        f"{name} = {value!r}"
        for module in (globals(), vars(active_truth))
        for name, value in sorted(module.items())
        if name.isupper()
    ]
    return {
        "store": content_hash(open_store(store)),
        "constants": sha256_of(canonical_json(constants)),
    }


def kept(path: Path, made: dict[str, str]) -> dict[str, Curves]:
    """Curves of the seeds in a file; none where there is no file.

    Raises:
        MisuseError: They are of another store or other constants, or the file does not say.
    """
    if not path.exists():
        return {}
    first, *lines = path.read_text("utf-8").splitlines() or [""]
    if first != json.dumps(made):
        raise MisuseError(
            f"kept seeds must be of this store and these constants, but {path} begins with "
            f"{first[:200]!r}, not {json.dumps(made)!r}. Choose another --keep."
        )
    return dict(json.loads(line) for line in lines)


def run(store: Path, n_seeds: int, keep: Path | None) -> tuple[list[Curves], list[Curves]]:
    """All seeds; those in the file `keep` are not run again."""
    made = made_from(store)
    done = {} if keep is None else kept(keep, made)
    for part, curves_of in (
        ("synthetic", synthetic),
        ("replay", lambda seed: replayed(seed, store)),
    ):
        for seed in range(n_seeds):
            name = f"{part}-{seed}"
            if name not in done:
                done[name] = curves_of(seed)
                if keep is not None:
                    lines = "".join(f"{json.dumps(each)}\n" for each in (made, *done.items()))
                    write_atomically(keep, lines)
    return tuple(  # type: ignore[return-value]
        [done[f"{part}-{seed}"] for seed in range(n_seeds)] for part in ("synthetic", "replay")
    )
