"""Calibrate one map, or set several beside each other, and keep what came of it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from simulate.files import write_atomically
from surrogate.deposition.bridge import FastPredictor, TimeBridge, check_horizon
from surrogate.deposition.calibration import weigh
from surrogate.deposition.map_fit import MapFit
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.registry import CalibratedMap
from surrogate.deposition.summary import best_of, drawn_values, summarised, summarised_trend
from surrogate.deposition.trend import weigh_trend

N_KEPT: Final = 200
"""Draws of the posterior in a file, or so many more that every member has as many."""


def calibrated(
    predictor: FastPredictor,
    deposition_map: DepositionMap,
    bridge: TimeBridge,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CalibratedMap:
    """A map calibrated to the paper's observations; the same seed gives the same numbers.

    Args:
        predictor: The model.
        deposition_map: Whose parameters are fitted; its other numbers stay as declared.
        bridge: From nanoseconds to minutes, declared.
        seed: Of every draw.
        progress: Called with (members done, members in all).

    Raises:
        MisuseError: A horizon far beyond the model's holds; see `check_horizon`.
    """
    check_horizon(bridge, predictor.package.manifest.domain)
    evidence = weigh(predictor, deposition_map, bridge, seed=seed, progress=progress)
    draws, members = drawn_values(evidence, N_KEPT, seed)
    return CalibratedMap.model_validate(
        {
            "model": predictor.package.label,
            "potential": predictor.package.manifest.domain.potentials[0],
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "deposition_map": deposition_map.with_parameters(best_of(draws, evidence)),
            "bridge": bridge,
            "draws": draws,
            "draw_members": members,
            "fit": summarised(evidence, predictor, seed),
        }
    )


def compared(
    predictor: FastPredictor,
    asked: Sequence[tuple[DepositionMap, TimeBridge]],
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[MapFit]:
    """Several maps and bridges and the null model beside them, best evidence first.

    Args:
        predictor: The model.
        asked: What is compared.
        seed: Of every draw, the same for all.
        progress: Called with (done, in all).

    Raises:
        MisuseError: A horizon far beyond the model's holds; see `check_horizon`.
    """
    for _, bridge in asked:
        check_horizon(bridge, predictor.package.manifest.domain)
    fits = [summarised_trend(weigh_trend(seed=seed), seed)]
    for number, (deposition_map, bridge) in enumerate(asked, start=1):
        fits.append(
            summarised(weigh(predictor, deposition_map, bridge, seed=seed), predictor, seed)
        )
        if progress is not None:
            progress(number, len(asked))
    return sorted(fits, key=lambda fit: -fit.log_evidence)


def write_calibrated_map(path: Path, found: CalibratedMap) -> None:
    """Write a calibrated map; it appears whole or not at all."""
    write_atomically(path, found.model_dump_json(indent=1) + "\n")
