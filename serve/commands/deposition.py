"""`glassyli map`: what is assumed between a cell and a simulation, and what was seen says of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from serve.commands.options import AsJson, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from surrogate.deposition.bridge import TimeBridge
    from surrogate.deposition.maps import DepositionMap

map_app = typer.Typer(
    help="Deposition maps: show, calibrate or compare them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
BridgeName = Literal["horizon", "growth"]
Seed = Annotated[int, typer.Option(min=0, help="Of every draw.")]
HorizonPs = Annotated[
    float | None,
    typer.Option(
        help="MD horizon of the horizon bridge, ps. Default: the model's hold; the map that ships "
        "is of 250."
    ),
]


@map_app.command()
def show(
    name: Annotated[
        str | None, typer.Argument(help="A map, or the file of a calibrated one. Default: all.")
    ] = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """What a map assumes, its numbers and where they come from."""
    console = SESSION.console(as_json=as_json)
    from serve.map_view import tell_fit, tell_maps
    from serve.models import model_path
    from surrogate.deposition.registry import (
        DEPOSITION_MAPS,
        choose_map,
        read_calibrated_map,
    )
    from surrogate.manifest import read_manifest

    if name is not None and name not in DEPOSITION_MAPS:
        manifest = read_manifest(model_path(model))
        choose_map(name, manifest.label, manifest.domain.potentials)
        found = read_calibrated_map(Path(name))
        console.result_json(found.model_dump(mode="json"))
        tell_fit(console, found)
        return
    manifest = read_manifest(model_path(model))
    chosen = [
        choose_map(each, manifest.label, manifest.domain.potentials)
        for each in ([name] if name else DEPOSITION_MAPS)
    ]
    tell_maps(console, [(each.deposition_map, each.said) for each in chosen])


@map_app.command()
def fit(
    name: Annotated[str, typer.Argument(help="One of `glassyli map show`.")] = "paper",
    model: Model = None,
    bridge: Annotated[
        BridgeName, typer.Option(help="From nanoseconds to minutes (docs/deposition.md).")
    ] = "horizon",
    horizon_ps: HorizonPs = None,
    slowdown: Annotated[
        float, typer.Option(help="Of the growth bridge: how much slower a deposit waits.")
    ] = 1.0,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder of the result.")] = Path("runs/map"),
    as_json: AsJson = False,
) -> None:
    """Calibrate a map to the paper's observations. A quarter of a minute.

    Writes OUT/map.json, which `search` takes as its deposition map, and the figure of the fit.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path

    asked = _asked(name)
    between = _bridge(bridge, horizon_ps, slowdown)
    path = model_path(model)

    from serve.map_plots import write_fit_figure
    from serve.map_view import tell_fit
    from surrogate.deposition.fitting import calibrated, write_calibrated_map
    from surrogate.predictor import Predictor

    predictor = Predictor.load(path)
    with console.progress(f"fit {name}", predictor.package.manifest.n_members) as bar:
        found = calibrated(predictor, asked, between, seed, lambda done, _: bar.at(done))
    write_calibrated_map(out / "map.json", found)
    priors = {each.name: each.prior for each in asked.parameters()}
    for suffix in ("svg", "png"):
        write_fit_figure(out / f"fit.{suffix}", found.fit, priors)
    console.result_json(found.model_dump(mode="json"))
    tell_fit(console, found)
    console.result(
        f"wrote {out}/map.json and {out}/fit.svg    "
        f"next: deposition_map: {out}/map.json in the settings of glassyli search"
    )


@map_app.command()
def compare(
    model: Model = None,
    horizons_ps: Annotated[
        str, typer.Option(help="MD horizons, ps, with commas between them.")
    ] = "100,1000",
    growth: Annotated[
        bool, typer.Option("--growth/--no-growth", help="Growth over minutes as well.")
    ] = True,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Keep the comparison in this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which map and which bridge agree best with what was seen? Minutes."""
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from simulate.files import write_atomically
    from surrogate.deposition.registry import DEPOSITION_MAPS

    bridges = [_bridge("horizon", each, 1.0) for each in _horizons(horizons_ps)]
    if growth:
        bridges.append(_bridge("growth", None, 1.0))
    path = model_path(model)

    from serve.map_view import tell_comparison
    from surrogate.deposition.fitting import compared
    from surrogate.predictor import Predictor

    asked = [(each, bridge) for bridge in bridges for each in DEPOSITION_MAPS.values()]
    with console.progress("compare", len(asked)) as bar:
        fits = compared(Predictor.load(path), asked, seed, lambda done, _: bar.at(done))
    answer = {"fits": [each.model_dump(mode="json") for each in fits]}
    if out is not None:
        from simulate.files import canonical_json

        write_atomically(out, canonical_json(answer) + "\n")
    console.result_json(answer)
    tell_comparison(console, fits)
    console.result("next: glassyli map fit paper --horizon-ps PS      keeps one as map.json")


def _asked(name: str) -> "DepositionMap":
    from simulate.errors import MisuseError
    from surrogate.deposition.registry import DEPOSITION_MAPS

    if name not in DEPOSITION_MAPS:
        raise MisuseError(
            f"a map must be one of {', '.join(DEPOSITION_MAPS)}, but got {name}. "
            "`glassyli map show` says what each assumes."
        )
    return DEPOSITION_MAPS[name]


def _bridge(kind: BridgeName, horizon_ps: float | None, slowdown: float) -> "TimeBridge":
    from simulate.errors import MisuseError
    from simulate.settings import validated
    from surrogate.deposition.bridge import GrowthBridge, HorizonBridge

    if kind == "growth":
        if horizon_ps is not None:
            raise MisuseError(
                "--horizon-ps must go with --bridge horizon, since growth goes on until plating "
                f"ends, but got {horizon_ps} with growth. Leave one out."
            )
        return validated(GrowthBridge, {"slowdown": slowdown}, "--slowdown")
    if slowdown != 1.0:
        raise MisuseError(
            f"--slowdown must go with --bridge growth, but got {slowdown} with a horizon. "
            "Leave one out."
        )
    return validated(HorizonBridge, {"horizon_ps": horizon_ps}, "--horizon-ps")


def _horizons(text: str) -> list[float]:
    from simulate.errors import MisuseError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise MisuseError(
            f"--horizons-ps must be numbers with commas between them, but got {text!r}. "
            "Write for example --horizons-ps 100,1000."
        ) from error
