"""`glassyli deposit`: how glassy is lithium plated so?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson, Model, ShareHorizonPs
from serve.session import SESSION

if TYPE_CHECKING:
    from surrogate.deposition.question import DepositionQuestion

Current = Annotated[float, typer.Option(help="Current density of the footprint, mA/cm2.")]
Time = Annotated[float | None, typer.Option(help="Plating time, min; or --capacity.")]
Capacity = Annotated[float | None, typer.Option(help="Areal capacity, mAh/cm2; or --time.")]
Temperature = Annotated[float, typer.Option(help="Of the cell, K.")]
AreaFactor = Annotated[
    float, typer.Option(help="Surface of a 3D collector over its footprint; 1: a flat one.")
]
AreaFactorSpread = Annotated[
    float, typer.Option(help="Spread of the local current over that surface, relative.")
]
Electrolyte = Annotated[
    str | None, typer.Option(help="baseline or advanced; or --openness. Default: baseline.")
]
Openness = Annotated[
    float | None, typer.Option(help="Share of embryos that exchange openly, 0 to 1.")
]
MapName = Annotated[
    str,
    typer.Option("--map", help="Assumption: paper, overpotential, or a calibrated map's file."),
]
Growth = Annotated[
    bool, typer.Option("--growth", help="Over the minutes of plating instead, extrapolated.")
]


def deposit(
    current: Current,
    time: Time = None,
    capacity: Capacity = None,
    temperature: Temperature = 300.0,
    area_factor: AreaFactor = 1.0,
    area_factor_spread: AreaFactorSpread = 0.0,
    electrolyte: Electrolyte = None,
    openness: Openness = None,
    deposition_map: MapName = "paper",
    horizon_ps: ShareHorizonPs = None,
    growth: Growth = False,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """How glassy is lithium plated so, and how sure is that?

    From deposition conditions to the embryos that a declared map expects, and to the share of the
    deposited atoms in embryos that stay disordered.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from simulate.errors import MisuseError

    if (time is None) == (capacity is None):
        found = "neither" if time is None else f"--time {time:g} and --capacity {capacity:g}"
        raise MisuseError(
            f"one of --time (min) and --capacity (mAh/cm2) must be given, but got {found}. "
            f"{'Add one' if time is None else 'Leave one out'}; the other follows."
        )
    if growth and horizon_ps is not None:
        raise MisuseError(
            "at most one of --growth and --horizon-ps may be given, since growth goes on until "
            f"plating ends, but got both (--horizon-ps {horizon_ps:g}). Leave one out."
        )
    given: dict[str, object] = {
        "current_density_mA_cm2": current,
        "deposition_time_min": time,
        "capacity_mAh_cm2": capacity,
        "area_factor": area_factor,
        "area_factor_spread": area_factor_spread,
        "temperature_K": temperature,
        "electrolyte": electrolyte,
        "openness": openness,
    }
    question = _question(given, deposition_map, horizon_ps, growth=growth)
    path = model_path(model)
    _check(question, path)

    from serve.deposit_view import tell_deposit
    from surrogate.deposition.answer import deposition_answer
    from surrogate.predictor import Predictor

    predictor = Predictor.load(path)
    label = predictor.package.label
    reply = deposition_answer(predictor, question)
    console.result_json({"model": label} | reply.model_dump(mode="json"))
    tell_deposit(console, reply, label)


def _question(
    conditions: dict[str, object], deposition_map: str, horizon_ps: float | None, *, growth: bool
) -> "DepositionQuestion":
    from simulate.settings import validated
    from surrogate.deposition.conditions import DepositionConditions
    from surrogate.deposition.question import DepositionQuestion

    checked = validated(DepositionConditions, conditions, "deposition conditions")
    values = {
        "conditions": [checked],
        "deposition_map": deposition_map,
        "horizon_ps": horizon_ps,
        "bridge": {"kind": "growth"} if growth else None,
    }
    return validated(DepositionQuestion, values, "deposition options")


def _check(question: "DepositionQuestion", package: Path) -> None:
    """Refuse what the model cannot answer before its network is loaded."""
    from surrogate.deposition.bridge import check_horizon
    from surrogate.deposition.registry import bridge_or_default, choose_map
    from surrogate.deposition.sampled_space import SampledSpace, check_plated
    from surrogate.manifest import read_manifest

    manifest = read_manifest(package)
    potentials = manifest.domain.potentials
    check_plated(potentials[0], manifest.label)
    chosen = choose_map(question.deposition_map, manifest.label, potentials)
    bridge = question.bridge or bridge_or_default(chosen, question.horizon_ps)
    check_horizon(bridge, manifest.domain)
    for conditions in question.conditions:
        SampledSpace.of(manifest.domain).check_temperature(conditions.temperature_K)
