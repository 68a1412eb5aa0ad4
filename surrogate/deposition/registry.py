"""The maps by name, and the one a user means: a name, or the file of a calibrated map."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from simulate.design import parse_json
from simulate.errors import MisuseError
from simulate.files import read_text
from simulate.settings import Settings, validated
from surrogate.deposition.bridge import AnyBridge, HorizonBridge, TimeBridge
from surrogate.deposition.map_fit import MapFit
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.overpotential_map import OverpotentialMap
from surrogate.deposition.paper_map import PaperMap

MapName = Literal["paper", "overpotential"]
"""Every name, for those who must not name a file."""

DEPOSITION_MAPS: Final[dict[str, DepositionMap]] = {
    "paper": PaperMap(),
    "overpotential": OverpotentialMap(),
}
"""Every map by its name, with its uncalibrated first guess."""

AnyMap = Annotated[PaperMap | OverpotentialMap, Field(discriminator="name")]

Numbers = Literal["calibrated", "first guess", "cannot fit"]
"""Of a map: moved by what was seen; not; or moved and still unable to reproduce it."""

N_PRIOR_DRAWS: Final = 64

CALIBRATED_DRAWS: Final = 16
"""Draws of a calibrated map that an answer runs over: enough for a spread, at 16 times the cost."""


class CalibratedMap(Settings):
    """A map as the paper's observations left it; what `glassyli map fit` writes.

    Attributes:
        model: Label of the model package it was calibrated with.
        potential: Of that model.
        created_at: When, UTC.
        deposition_map: The draw of the posterior that agrees best with what was seen when the
            ensemble's mean is asked, as forecasts are.
        bridge: Under which it was calibrated.
        draws: Of the posterior, values of `DepositionMap.parameters` by name, equally probable.
        fit: What the observations say.
    """

    schema_version: Literal[1] = 1
    model: str
    potential: str
    created_at: str
    deposition_map: AnyMap
    bridge: AnyBridge
    draws: tuple[dict[str, float], ...] = Field(min_length=1)
    fit: MapFit

    @property
    def can_fit(self) -> bool:
        """Whether it reproduces the observations by the stated check."""
        return self.fit.can_fit

    @property
    def said(self) -> str:
        """One sentence on where its numbers come from."""
        fits = "reproduces" if self.can_fit else "does NOT reproduce"
        return (
            f"The numbers of the map {self.deposition_map.name} were calibrated to the paper's "
            f"observations with {self.model} on {self.created_at[:10]}; it {fits} them."
        )


@dataclass(frozen=True, slots=True)
class ChosenMap:
    """A map to be used, and how sure its numbers are.

    Attributes:
        deposition_map: The map itself.
        bridge: The one it was calibrated under; None for a map that never was: choose one.
        draws: Maps that could be as well: of the posterior, or of the prior if never calibrated.
        numbers: Where its numbers come from, and whether they reproduce what was seen.
        said: One sentence on where its numbers come from.
    """

    deposition_map: DepositionMap
    bridge: TimeBridge | None
    draws: tuple[DepositionMap, ...]
    numbers: Numbers
    said: str

    @property
    def is_calibrated(self) -> bool:
        """Whether observations have moved its numbers."""
        return self.numbers != "first guess"

    def drawn(self, n: int | None = None) -> tuple[DepositionMap, ...]:
        """Some of the draws, evenly from the first to the last; all where there are fewer.

        Args:
            n: How many; None: `CALIBRATED_DRAWS` of a calibrated map, over which a share must be
                sure, and none of a first guess, whose prior is no knowledge.
        """
        usual = CALIBRATED_DRAWS if self.is_calibrated else 0
        wanted = usual if n is None else n
        if wanted >= len(self.draws):
            return self.draws
        return tuple(self.draws[len(self.draws) * number // wanted] for number in range(wanted))


def choose_map(named: str | Path, model: str, potentials: Sequence[str]) -> ChosenMap:
    """The map that a user named.

    A name means the calibration that ships, if it was made with this model, else the first guess.

    Args:
        named: A key of `DEPOSITION_MAPS`, or the path of a calibrated map.
        model: Label of the model package that will be asked.
        potentials: That it was trained on, that of most records first.

    Raises:
        MisuseError: No such map, an unreadable file, or one calibrated with another model.
    """
    if str(named) in DEPOSITION_MAPS:
        shipped = _shipped(str(named))
        if shipped is not None and shipped[0].model == model:
            return shipped[1]
        guess = DEPOSITION_MAPS[str(named)]
        return ChosenMap(
            deposition_map=guess,
            bridge=None,
            draws=guess.prior_draws(N_PRIOR_DRAWS),
            numbers="first guess",
            said=f"The numbers of the map {guess.name} are an uncalibrated first guess"
            + (f"; the calibration that ships is of {shipped[0].model}." if shipped else "."),
        )
    path = Path(named)
    if not path.is_file():
        raise MisuseError(
            f"a deposition map must be one of {', '.join(DEPOSITION_MAPS)} or the file of a "
            f"calibrated map, but got {named}. Make one with `glassyli map fit`."
        )
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
    return _chosen(found)


def _chosen(found: CalibratedMap) -> ChosenMap:
    return ChosenMap(
        deposition_map=found.deposition_map,
        bridge=found.bridge,
        draws=tuple(found.deposition_map.with_parameters(values) for values in found.draws),
        numbers="calibrated" if found.fit.can_fit else "cannot fit",
        said=found.said,
    )


@cache
def _shipped(name: str) -> tuple[CalibratedMap, ChosenMap] | None:
    """The calibration that ships, if any map of that name was good enough, and the map by it."""
    path = Path(str(files("surrogate.deposition").joinpath("calibrated", f"{name}.json")))
    if not path.is_file():
        return None
    found = read_calibrated_map(path)
    return found, _chosen(found)


def read_calibrated_map(path: Path) -> CalibratedMap:
    """A calibrated map from its file.

    Raises:
        MisuseError: Unreadable, or not one.
    """
    text = read_text(path, "a calibrated map")
    return validated(CalibratedMap, parse_json(text, str(path)), str(path))


def bridge_or_default(chosen: ChosenMap, horizon_ps: float | None) -> TimeBridge:
    """The bridge of a calibrated map unless a horizon is named; else the glass index there."""
    if horizon_ps is None and chosen.bridge is not None:
        return chosen.bridge
    return HorizonBridge(horizon_ps=horizon_ps)
