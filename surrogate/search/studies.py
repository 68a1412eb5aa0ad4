"""The studies of a search, one a map: their names, what makes them the same, where they are kept.

Known without a model's weights, so that another study is refused at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulate.files import canonical_json, sha256_of
from surrogate.deposition.bridge import HorizonBridge, TimeBridge, check_horizon
from surrogate.deposition.registry import ChosenMap, bridge_or_default, choose_map
from surrogate.deposition.sampled_space import check_plated
from surrogate.manifest import Manifest
from surrogate.search.config import SCHEMA_VERSION, SamplerName, SearchConfig
from surrogate.search.objectives import metrics_of
from surrogate.study import StudyKind, check_is_same

USUAL_NAME: Final = "deposition"
"""Of a study, before the name of its map."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study is kept.

    Attributes:
        out: Folder of the answer, made if it is not there; of the journal, too, without a URL.
        url: A database that Optuna can write, such as ``sqlite:///studies.db``.
        name: Of the study, where a database holds several.
    """

    out: Path
    url: str | None = None
    name: str = USUAL_NAME


def require_same(manifest: Manifest, config: SearchConfig, place: Place) -> None:
    """Refuse a place of another study, before a model is loaded.

    Raises:
        MisuseError, GlassyLiError: As `run_search`.
    """
    maps = maps_of(config, manifest.label, manifest.domain.potentials)
    check_horizon(bridge_of(config, maps[0]), manifest.domain)
    for number, chosen in enumerate(maps):
        identity = identity_of(config, maps, number, manifest.label, manifest.protocol.hold_ps)
        check_is_same(place.out, identity, kind_of(config, chosen, place.name), place.url)


def maps_of(config: SearchConfig, model: str, potentials: Sequence[str]) -> list[ChosenMap]:
    """The maps of a search, that which leads first; of several of one name the first.

    Raises:
        MisuseError: No such map, one calibrated with another model, or a model of another element.
    """
    check_plated(potentials[0], model)
    found: dict[str, ChosenMap] = {}
    for named in config.maps:
        chosen = choose_map(named, model, potentials)
        found.setdefault(chosen.deposition_map.name, chosen)
    return list(found.values())


def bridge_of(config: SearchConfig, leading: ChosenMap) -> TimeBridge:
    """The bridge of all maps of a search: the one named, else that of the map which leads."""
    return config.bridge or bridge_or_default(leading, config.horizon_ps)


def kind_of(config: SearchConfig, chosen: ChosenMap, name: str = USUAL_NAME) -> StudyKind:
    """The study of one map."""
    metrics = metrics_of(config)
    return StudyKind(
        noun=name,
        verb="search",
        directions=tuple(metric.direction for metric in metrics),
        metrics=tuple(metric.name for metric in metrics),
        variant=chosen.deposition_map.name,
    )


def identity_of(
    config: SearchConfig, maps: Sequence[ChosenMap], number: int, model: str, hold_ps: float
) -> dict[str, Any]:
    """Everything that decides what a trial is worth and which trial comes next, as JSON.

    Args:
        config: What is searched.
        maps: Those of the search.
        number: Of the map whose study it is.
        model: Label of the model package.
        hold_ps: Hold that the model was trained on: the horizon where none is named.
    """
    chosen, bridge = maps[number], bridge_of(config, maps[0])
    draws = chosen.drawn(config.n_map_draws)
    if isinstance(bridge, HorizonBridge):
        bridge = HorizonBridge(horizon_ps=bridge.horizon_ps or hold_ps)
    elsewhere = {"n_trials", "n_ranked", "horizon_ps", "bridge", "deposition_map", "also_maps"}
    return {
        "schema": SCHEMA_VERSION,
        "model": model,
        "map": chosen.deposition_map.model_dump(mode="json"),
        "map_draws": sha256_of(
            canonical_json([[each.deposition_map.values, each.member] for each in draws])
        )[:12],
        "bridge": bridge.model_dump(mode="json"),
        **config.model_dump(mode="json", exclude=elsewhere),
        "sampler": sampler_of(config, number),
    }


def sampler_of(config: SearchConfig, number: int) -> SamplerName:
    """Only the map that leads is worth the price of Gaussian processes."""
    return "tpe" if number and config.sampler == "gp" else config.sampler
