"""The maps by name, and the one a user means: a name, or the file of a calibrated map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

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

Numbers = Literal["calibrated", "calibrated elsewhere", "first guess", "cannot fit"]
"""Of a map: moved by what was seen; moved by it under another bridge than the one asked; not moved;
or moved and still unable to reproduce it."""

N_PRIOR_DRAWS: Final = 64

DRAWS_A_MEMBER: Final = 1
"""Of a calibrated map, that an answer runs over."""

DRAWS_OF_ALL: Final = 16
"""The same where draws do not know their member: enough for a spread, at 16 times the cost."""


class CalibratedMap(Settings):
    """A map as the paper's observations left it; what `glassyli map fit` writes.

    Attributes:
        model: Label of the model package it was calibrated with.
        potential: Of that model.
        created_at: When, UTC.
        deposition_map: The draw of the posterior that agrees best with what was seen when the
            ensemble's mean is asked, as forecasts are.
        bridge: Under which it was calibrated.
        draws: Of the posterior, values of `DepositionMap.parameters` by name, equally probable; one
            of each member of the ensemble, then the next of each.
        draw_members: The member whose posterior each draw is of; empty in files of schema 1, which
            did not keep it.
        fit: What the observations say.
    """

    schema_version: Literal[1, 2] = 2
    model: str
    potential: str
    created_at: str
    deposition_map: AnyMap
    bridge: AnyBridge
    draws: tuple[dict[str, float], ...] = Field(min_length=1)
    draw_members: tuple[int, ...] = ()
    fit: MapFit

    @model_validator(mode="after")
    def _every_draw_has_a_member(self) -> Self:
        n = len(self.draw_members)
        if n not in ({0} if self.schema_version == 1 else {len(self.draws)}):
            raise ValueError(
                f"draw_members must name one member for each of {len(self.draws)} draws (none in "
                f"schema 1), but got {n} in schema {self.schema_version}."
            )
        rounds = [self.draw_members[first : first + self.n_members] for first in self._firsts]
        if any(sorted(each) != list(range(self.n_members)) for each in rounds):
            raise ValueError(
                "draw_members must hold every member once before any comes again, but got "
                f"{self.draw_members}."
            )
        return self

    @property
    def n_members(self) -> int:
        """Of the ensemble, as far as draws know it."""
        return len(set(self.draw_members))

    @property
    def _firsts(self) -> range:
        return range(0, len(self.draw_members), max(self.n_members, 1))

    @property
    def can_fit(self) -> bool:
        """Whether the observations do not refute it by the stated check."""
        return self.fit.can_fit

    @property
    def said(self) -> str:
        """One sentence on where its numbers come from."""
        readings = "the readings do not refute it" if self.can_fit else "the readings REFUTE it"
        return (
            f"The numbers of the map {self.deposition_map.name} were calibrated to the paper's "
            f"observations with {self.model} on {self.created_at[:10]} at {self.bridge.named}, "
            f"where {readings} (posterior predictive p = {self.fit.predictive_p:.2g})."
        )


@dataclass(frozen=True, slots=True)
class MapDraw:
    """A map that could be as well.

    Attributes:
        member: Of the model's ensemble, with which it was calibrated and which it is asked of; None
            for a draw of a prior, or of a posterior that forgot it: asked of every member.
    """

    deposition_map: DepositionMap
    member: int | None = None


@dataclass(frozen=True, slots=True)
class ChosenMap:
    """A map to be used, and how sure its numbers are.

    Attributes:
        deposition_map: The map itself.
        bridge: The one it was calibrated under; None for a map that never was: choose one.
        draws: Of the posterior, or of the prior if never calibrated; all know their member, or
            none does.
        numbers: Where its numbers come from, and whether they reproduce what was seen.
        said: One sentence on where its numbers come from.
    """

    deposition_map: DepositionMap
    bridge: TimeBridge | None
    draws: tuple[MapDraw, ...]
    numbers: Numbers
    said: str

    @property
    def is_calibrated(self) -> bool:
        """Whether observations have moved its numbers."""
        return self.numbers != "first guess"

    def asked_by(self, bridge: TimeBridge) -> Self:
        """The same map, saying so if it is asked by another bridge than it was calibrated under."""
        if self.bridge is None or bridge == self.bridge:
            return self
        return replace(
            self,
            numbers="calibrated elsewhere" if self.numbers == "calibrated" else self.numbers,
            said=(
                f"{self.said.removesuffix('.')}; asked here at {bridge.named}, for which it was "
                "not calibrated."
            ),
        )

    @property
    def n_members(self) -> int:
        """Members that have draws of their own; 0: draws are asked of every member."""
        return len({each.member for each in self.draws if each.member is not None})

    def drawn(self, n: int | None = None) -> tuple[MapDraw, ...]:
        """Some of the draws: whole rounds of the members, or evenly from the first to the last.

        Args:
            n: How many, or so many more that every member has as many; None: `DRAWS_A_MEMBER`, or
                `DRAWS_OF_ALL` of a calibrated map whose draws know no member, and none of a first
                guess, whose prior is no knowledge.
        """
        if self.n_members:
            n_rounds = DRAWS_A_MEMBER if n is None else -(-n // self.n_members)
            return self.draws[: n_rounds * self.n_members]
        usual = DRAWS_OF_ALL if self.is_calibrated else 0
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
            draws=tuple(map(MapDraw, guess.prior_draws(N_PRIOR_DRAWS))),
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
    maps = [found.deposition_map.with_parameters(values) for values in found.draws]
    members = found.draw_members or (None,) * len(maps)
    return ChosenMap(
        deposition_map=found.deposition_map,
        bridge=found.bridge,
        draws=tuple(map(MapDraw, maps, members)),
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
