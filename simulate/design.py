"""A design point: what one embryo is, before any atom is placed.

Everything a user gives is in experiment-equivalent temperature; see `protocol` for the scale.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from simulate.errors import MisuseError
from simulate.files import canonical_json, read_text, sha256_of
from simulate.json_faults import json_fault
from simulate.potentials.registry import (
    DEFAULT_POTENTIAL,
    Potential,
    potential_named,
    potentials,
)
from simulate.settings import Settings, validated
from simulate.units import cell_volume_A3

Exchange = Literal["open", "confined"]
EnergyExchange = Literal["open", "partial", "confined"]
WallShape = Literal["sphere", "cube"]

DENSEST_SHARE_OF_BULK = 1.2
"""Packing densities above this share of the bulk crystal are refused: atoms would overlap."""

SPARSEST_g_cm3 = 1.0e-4
"""Below, atoms hardly meet: a gas, and for very small numbers a volume that is none."""


class EmbryoDesign(Settings, strict=True):
    """One point of the design space.

    >>> design = EmbryoDesign(n_atoms=300, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="open", energy_exchange="open")
    >>> round(design.cell_volume_A3)
    64742
    """

    element: str = Field("Li", description="Chemical symbol.")
    potential: str = Field(DEFAULT_POTENTIAL, description="Name of the interatomic potential.")
    n_atoms: int = Field(ge=100, le=100_000, description="Atoms in the cell.")
    packing_density_g_cm3: float = Field(
        ge=SPARSEST_g_cm3, description="Mass over volume of the cell, g/cm3. Bulk lithium is 0.534."
    )
    mass_exchange: Exchange = Field(
        description="`open`: periodic cell. `confined`: closed repulsive wall."
    )
    wall_shape: WallShape = Field(
        "sphere", description="Of the wall; flat walls order layers of atoms. For `confined` only."
    )
    energy_exchange: EnergyExchange = Field(
        description="`open`: thermostatted hold. `confined`: isolated hold (NVE). "
        "`partial`: heat leaks with `energy_relaxation_ps`."
    )
    energy_relaxation_ps: float | None = Field(
        None,
        ge=0.01,
        le=1.0e6,
        description="Relaxation time of stochastic velocity rescaling, ps; for `partial` only.",
    )
    hold_temperature_K: float = Field(
        300.0, ge=100.0, le=450.0, description="Experiment-equivalent hold temperature, K."
    )

    @field_validator("n_atoms", mode="before")
    @classmethod
    def _whole_number(cls, value: object) -> object:
        """Tables of numbers are often written as 300.0; text and truth values are no numbers."""
        return int(value) if isinstance(value, float) and value.is_integer() else value

    @model_validator(mode="after")
    def _can_exist(self) -> Self:
        potential = potential_named(self.potential)
        if self.element != potential.element:
            known = [p.name for p in potentials().values() if p.element == self.element]
            remedy = f"potential to {known[0]!r}" if known else f"element to {potential.element!r}"
            raise ValueError(
                f"element and potential must agree, but potential {self.potential} describes "
                f"{potential.element} and element={self.element!r}. Set {remedy}."
            )
        densest = DENSEST_SHARE_OF_BULK * potential.bulk_density_g_cm3
        if self.packing_density_g_cm3 > densest:
            raise ValueError(
                f"packing_density_g_cm3 <= {DENSEST_SHARE_OF_BULK} x bulk ({densest:.4g} g/cm3 for "
                f"{self.element}) must hold, but got {self.packing_density_g_cm3:g}. Lower it."
            )
        if (self.energy_exchange == "partial") != (self.energy_relaxation_ps is not None):
            raise ValueError(
                "energy_relaxation_ps must be given for energy_exchange='partial' and only then, "
                f"but got energy_exchange={self.energy_exchange!r}, "
                f"energy_relaxation_ps={self.energy_relaxation_ps}."
            )
        if self.mass_exchange == "open" and self.wall_shape != "sphere":
            raise ValueError(
                "wall_shape must be left out for mass_exchange='open', which has no wall, but got "
                f"{self.wall_shape!r}."
            )
        return self

    @property
    def physics(self) -> Potential:
        """The potential by its coefficients."""
        return potential_named(self.potential)

    @property
    def cell_volume_A3(self) -> float:
        """Volume that gives the packing density, Å³."""
        return cell_volume_A3(self.n_atoms, self.packing_density_g_cm3, self.physics.mass_g_mol)

    @property
    def share_of_bulk(self) -> float:
        """Packing density over that of the bulk crystal."""
        return self.packing_density_g_cm3 / self.physics.bulk_density_g_cm3

    @property
    def key(self) -> str:
        """Content hash of the design point: replicas of one design share it."""
        return sha256_of(canonical_json(self.model_dump(mode="json")))[:16]

    @property
    def sentence(self) -> str:
        """One line for people."""
        energy = (
            f"partial ({self.energy_relaxation_ps:g} ps)"
            if self.energy_relaxation_ps is not None
            else self.energy_exchange
        )
        mass = (
            self.mass_exchange if self.wall_shape == "sphere" else f"confined ({self.wall_shape})"
        )
        return (
            f"{self.n_atoms} {self.element}, {self.packing_density_g_cm3:g} g/cm3, "
            f"mass {mass}, energy {energy}, {self.hold_temperature_K:g} K"
            + ("" if self.potential == DEFAULT_POTENTIAL else f", {self.potential}")
        )


def read_designs(path: Path) -> list[EmbryoDesign]:
    """Design points from a JSON-lines file, one object a line; blank lines are skipped.

    A line may be a proposal: then the design is under its key `design`.

    Raises:
        MisuseError: Unreadable, empty, or a line that is not a possible design.
    """
    return designs_in(read_text(path, "a designs file"), str(path))


def designs_in(text: str, where: str) -> list[EmbryoDesign]:
    """Design points from JSON lines that came `where` from; as `read_designs`."""
    return [validated(EmbryoDesign, values, line) for line, values in design_objects(text, where)]


def design_objects(text: str, where: str) -> list[tuple[str, dict[str, Any]]]:
    """The place and the keys of every design in JSON lines, not checked any further.

    Raises:
        MisuseError: Empty, or a line that is no object.
    """
    found = [(line, design_object(values, line)) for line, values in _json_lines(text, where)]
    if not found:
        raise MisuseError(f"a designs file must hold at least one design, but {where} is empty.")
    return found


def design_object(values: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - what a user wrote
    """The keys of a design in parsed JSON; `where` names its place in messages."""
    if isinstance(values, dict) and "design" in values:
        values = values["design"]
    if not isinstance(values, dict):
        raise MisuseError(f"{where}: a design must be a JSON object, but got {values!r}.")
    return values


def parse_json(text: str, where: str) -> Any:  # noqa: ANN401 - any JSON value
    """JSON a user wrote; NaN and Infinity, which JSON does not have, are refused."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a JSON number")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise MisuseError(f"{where}: must be valid JSON, but {json_fault(error)}.") from error
    except ValueError as error:
        raise MisuseError(f"{where}: must be valid JSON, but {error}.") from error


def _json_lines(text: str, where: str) -> Iterator[tuple[str, Any]]:
    """What stands in each line, `null` and blank ones apart."""
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{where} line {number}"
        values = parse_json(line, place) if line.strip() else None
        if values is not None:
            yield place, values


def grid(choices: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of the listed values, in the order written.

    >>> grid({"n_atoms": [100, 200], "mass_exchange": ["open"]})
    [{'n_atoms': 100, 'mass_exchange': 'open'}, {'n_atoms': 200, 'mass_exchange': 'open'}]
    """
    return [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]
