"""The maps by name, and the one a user means: a name, or the file of a calibrated map."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from simulate.errors import MisuseError
from simulate.files import read_text
from simulate.settings import Settings, validated
from surrogate.deposition.bridge import AnyBridge, HorizonBridge, TimeBridge
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.overpotential_map import OverpotentialMap
from surrogate.deposition.paper_map import PaperMap

DEPOSITION_MAPS: Final[dict[str, DepositionMap]] = {
    "paper": PaperMap(),
    "overpotential": OverpotentialMap(),
}
"""Every map by its name, with its uncalibrated first guess."""

AnyMap = Annotated[PaperMap | OverpotentialMap, Field(discriminator="name")]

N_PRIOR_DRAWS: Final = 64


class CalibratedMap(Settings):
    """A map as the paper's observations left it; what `glassyli map fit` writes.

    Attributes:
        deposition_map: The draw of the posterior with the highest density.
        bridge: Under which it was calibrated.
        draws: Of the posterior, values of `DepositionMap.parameters` by name, equally probable.
        model: Label of the model package it was calibrated with.
        potential: Of that model.
        created_at: When, UTC.
        can_fit: Whether it reproduces the observations by the stated check.
    """

    deposition_map: AnyMap
    bridge: AnyBridge
    draws: tuple[dict[str, float], ...] = Field(min_length=1)
    model: str
    potential: str
    created_at: str
    can_fit: bool


@dataclass(frozen=True, slots=True)
class ChosenMap:
    """A map to be used, and how sure its numbers are.

    Attributes:
        deposition_map: The map itself.
        bridge: The one it was calibrated under; None for a map that never was: choose one.
        draws: Maps that could be as well: of the posterior, or of the prior if never calibrated.
        is_calibrated: Whether observations have moved its numbers.
        said: One sentence on where its numbers come from.
    """

    deposition_map: DepositionMap
    bridge: TimeBridge | None
    draws: tuple[DepositionMap, ...]
    is_calibrated: bool
    said: str


def choose_map(named: str | Path, model: str, potentials: Sequence[str]) -> ChosenMap:
    """The map that a user named.

    Args:
        named: A key of `DEPOSITION_MAPS`, or the path of a calibrated map.
        model: Label of the model package that will be asked.
        potentials: That it was trained on, that of most records first.

    Raises:
        MisuseError: No such map, an unreadable file, or one calibrated with another model.
    """
    if str(named) in DEPOSITION_MAPS:
        guess = DEPOSITION_MAPS[str(named)]
        return ChosenMap(
            deposition_map=guess,
            bridge=None,
            draws=guess.prior_draws(N_PRIOR_DRAWS),
            is_calibrated=False,
            said=f"The numbers of the map {guess.name} are an uncalibrated first guess.",
        )
    path = Path(named)
    if not path.is_file():
        raise MisuseError(
            f"a deposition map must be one of {', '.join(DEPOSITION_MAPS)} or the file of a "
            f"calibrated map, but got {named}. Make one with `glassyli map fit`."
        )
    return _calibrated(path, model, potentials)


def _calibrated(path: Path, model: str, potentials: Sequence[str]) -> ChosenMap:
    found = read_calibrated_map(path)
    if found.potential != potentials[0]:
        raise MisuseError(
            f"a calibrated map must be of the model's potential, {potentials[0]}, but {path} was "
            f"calibrated with {found.potential}. Calibrate it anew with `glassyli map fit`."
        )
    if found.model != model:
        raise MisuseError(
            f"a calibrated map must be used with the model it was calibrated with, {found.model}, "
            f"but {model} is asked. Calibrate it anew with `glassyli map fit --model`."
        )
    guess = found.deposition_map
    fits = "reproduces" if found.can_fit else "does NOT reproduce"
    return ChosenMap(
        deposition_map=guess,
        bridge=found.bridge,
        draws=tuple(guess.with_parameters(values) for values in found.draws),
        is_calibrated=True,
        said=(
            f"The map {guess.name} was calibrated to the paper's observations with {found.model} "
            f"on {found.created_at[:10]} and {fits} them."
        ),
    )


def read_calibrated_map(path: Path) -> CalibratedMap:
    """A calibrated map from its file.

    Raises:
        MisuseError: Unreadable, or not one.
    """
    text = read_text(path, "a calibrated map")
    from simulate.design import parse_json

    return validated(CalibratedMap, parse_json(text, str(path)), str(path))


def bridge_or_default(chosen: ChosenMap, horizon_ps: float | None) -> TimeBridge:
    """The bridge of a calibrated map unless a horizon is named; else the glass index there."""
    if horizon_ps is None and chosen.bridge is not None:
        return chosen.bridge
    return HorizonBridge(horizon_ps=horizon_ps)
