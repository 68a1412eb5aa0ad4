"""How fast may one plate, by maps calibrated at other horizons than the one that ships?

    python -m benchmarks.refitted [--model PACKAGE] [--horizons-ps LIST] [--json]

The horizon of a calibration is declared, and the observations hardly choose among those up to a
nanosecond. So the gallery's question is asked anew of a map calibrated at each; beside them stands
the null model, whose optimum needs no embryos. About a minute of one core for each horizon.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.search import GALLERY
from serve.models import model_path
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.evidence import MemberPosterior
from surrogate.deposition.fitting import calibrated, write_calibrated_map
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.sampling import weighted_quantiles
from surrogate.deposition.summary import summarised_trend
from surrogate.deposition.trend import TREND, glassy_by_trend, weigh_trend
from surrogate.predictor import Predictor
from surrogate.search.config import SearchConfig, read_search_config
from surrogate.search.run import run_search
from train.counting import table
from train.metrics import Floats

HORIZONS_PS: Final = (100.0, 250.0, 500.0, 1000.0, 5000.0)
N_CURRENTS: Final = 2001


@dataclass(frozen=True, slots=True)
class Optimum:
    """The fastest plating by one way of calibrating.

    Attributes:
        by: The horizon of the map in words, or the null model.
        p: Posterior predictive check of the calibration.
        current_mA_cm2, time_min: None where nothing is feasible.
        share, interval: Glassy share there, and 90 %.
        unsampled: Share of the atoms there in embryos outside what was simulated; None: no embryos.
    """

    by: str
    p: float
    current_mA_cm2: float | None
    time_min: float | None
    share: float | None
    interval: tuple[float, float] | None
    unsampled: float | None


def refitted(predictor: Predictor, config: SearchConfig, horizon_ps: float) -> Optimum:
    """By the paper's map calibrated at a horizon, and asked there."""
    found = calibrated(predictor, PaperMap(), HorizonBridge(horizon_ps=horizon_ps))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.json"
        write_calibrated_map(path, found)
        asked = config.model_copy(update={"deposition_map": str(path), "also_maps": ()})
        ranked = run_search(predictor, asked, Path(folder) / "search").ranked
    by, p = f"{horizon_ps:g} ps", found.fit.predictive_p
    if not ranked:
        return Optimum(by, p, None, None, None, None, None)
    best = ranked[0]
    return Optimum(
        by,
        p,
        best.conditions.current_density_mA_cm2,
        best.conditions.deposition_time_min,
        best.glassy_share,
        best.glassy_share_interval,
        best.clipped_share,
    )


def _value_of(name: str, member: MemberPosterior) -> Floats:
    return member.values[name]


def by_trend(config: SearchConfig) -> Optimum:
    """By the null model, at the least capacity: its odds rise with time as far as is known."""
    evidence = weigh_trend()
    p = summarised_trend(evidence).predictive_p
    columns = {
        each.name: evidence.pooled(partial(_value_of, each.name), evidence.every)
        for each in evidence.parameters
    }
    values = {name: column for name, (column, _) in columns.items()}
    _, weights = next(iter(columns.values()))
    bounds = config.space.bounds
    best = None
    for current in np.geomspace(
        bounds["current_density_mA_cm2"].min, bounds["current_density_mA_cm2"].max, N_CURRENTS
    ).tolist():
        conditions = DepositionConditions.model_validate(
            {"current_density_mA_cm2": current, "capacity_mAh_cm2": bounds["capacity_mAh_cm2"].min}
        )
        glassy = glassy_by_trend(values, conditions)
        if weights @ (glassy >= (config.least_share or 0.0)) >= config.confidence:
            best = conditions, glassy
    if best is None:
        return Optimum(TREND, p, None, None, None, None, None)
    conditions, glassy = best
    low, high = weighted_quantiles(glassy, weights, (0.05, 0.95))
    return Optimum(
        TREND,
        p,
        conditions.current_density_mA_cm2,
        conditions.deposition_time_min,
        float(weights @ glassy),
        (low, high),
        None,
    )


def report(found: Sequence[Optimum]) -> str:
    """A table, Markdown."""
    rows = []
    for each in found:
        if each.current_mA_cm2 is None or each.share is None or each.interval is None:
            rows.append((each.by, f"{each.p:.3f}", "nothing is feasible", "", "", "", ""))
            continue
        low, high = each.interval
        rows.append(
            (
                each.by, f"{each.p:.3f}", f"{each.current_mA_cm2:.3g}", f"{each.time_min:.3g}",
                f"{each.share:.2f}", f"{low:.2f} to {high:.2f}",
                "-" if each.unsampled is None else f"{100 * each.unsampled:.0f} %",
            )
        )  # fmt: skip
    head = ("calibrated at", "p", "mA/cm²", "min", "glassy share", "90 %", "atoms outside the data")
    return table(head, rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    asked.add_argument(
        "--horizons-ps",
        type=lambda text: [float(each) for each in text.split(",")],
        default=HORIZONS_PS,
        help="with commas between them",
    )
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    predictor = Predictor.load(model_path(options.model))
    config = read_search_config(GALLERY)
    found = [refitted(predictor, config, each) for each in options.horizons_ps]
    found.append(by_trend(config))
    if options.json:
        figures = [asdict(each) for each in found]
        print(json.dumps({"model": predictor.package.label, "optima": figures}, indent=1))
        return
    print(f"model {predictor.package.label}: {GALLERY.name}, the map paper\n")
    print(report(found))


if __name__ == "__main__":
    main()
