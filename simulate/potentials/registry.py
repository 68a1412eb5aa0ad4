"""Which potentials there are, what they are good for, and which are refused and why."""

import json
import tomllib
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from simulate.files import canonical_json, sha256_of
from simulate.potentials import meam, nichol_ackland, reaxff, wheel
from simulate.potentials.potential import (
    EXPERIMENTAL_MELTING_K,
    LITHIUM_LATTICE_A,
    Kind,
    Known,
    Potential,
)
from simulate.settings import Settings
from simulate.unit_system import UnitName

__all__ = [
    "DEFAULT_POTENTIAL",
    "EXPERIMENTAL_MELTING_K",
    "LITHIUM_LATTICE_A",
    "Potential",
    "potential_named",
    "potentials",
    "refusal",
]

DEFAULT_POTENTIAL: Final = "nichol-ackland-2016"


class _Publication(Settings):
    """A data file of one element: the head that all kinds share."""

    element: str
    doi: str
    citation: str
    lattice_constant_A: float
    mass_g_mol: float | None = None
    coefficients: dict[str, Any]
    known: Known


class _Refused(Settings):
    names: list[str]
    what: str
    why: str
    instead: str


@cache
def potentials() -> dict[str, Potential]:
    """Every potential on offer by name, the default one first."""
    offered = [*_of_nichol_ackland(), _cui(), _islam(), _zuo(), _sun(), _jang()]
    return {potential.name: potential for potential in offered}


def potential_named(name: str) -> Potential:
    """The potential of that name.

    Raises:
        ValueError: There is none; the message lists what there is, or why it is refused.
    """
    known = potentials()
    if name not in known:
        why = refusal(name)
        raise ValueError(
            why
            or f"potential must be one of {', '.join(sorted(known))}, but got {name!r}. Choose one."
        )
    return known[name]


def refusal(name: str) -> str | None:
    """Why a potential that is at hand is not on offer; None for any other name."""
    asked = name.lower().replace(" ", "-").replace(":", "-").replace("_", "-")
    for each in _refused():
        if asked in each.names:
            return (
                f"potential must have passed the admission test, but {name!r} is {each.what}: "
                f"{each.why}. Choose {each.instead}."
            )
    return None


@cache
def _refused() -> tuple[_Refused, ...]:
    return tuple(_Refused.model_validate(each) for each in _data("refused.toml")["refused"])


def _of_nichol_ackland() -> list[Potential]:
    published = nichol_ackland.published()
    offered = []
    for element, known in nichol_ackland.measured().items():
        c = nichol_ackland.coefficients_of(element)
        offered.append(
            Potential(
                element=element,
                kind="EAM/FS",
                citation=published["citation"],
                doi=published["doi"],
                source=nichol_ackland.SOURCE,
                mass_g_mol=c.mass_g_mol,
                lattice_constant_A=c.lattice_constant_A,
                coefficients_sha256=_hash(c),
                write=partial(nichol_ackland.commands, element, known.name),
                **_described(known),
            )
        )
    return offered


def _cui() -> Potential:
    return _meam("cui_2012.toml")


def _jang() -> Potential:
    return _meam("jang_2018.toml")


def _meam(source: str) -> Potential:
    found = _published(source)
    c = meam.Coefficients.model_validate(found.coefficients)
    write = partial(meam.commands, found.element, found.known.name, c)
    return _potential(source, found, "2NN MEAM", c, write, mass_g_mol=c.atwt)


def _islam() -> Potential:
    found = _published("islam_2015.toml")
    c = reaxff.Coefficients.model_validate(found.coefficients)
    write = partial(reaxff.commands, found.citation, found.element, found.known.name, c)
    return _potential(
        "islam_2015.toml", found, "ReaxFF", c, write, unit_name="real", atom_style="charge"
    )


def _zuo() -> Potential:
    return _of_wheel("zuo_2020.toml", "SNAP")


def _sun() -> Potential:
    return _of_wheel("sun_2006.toml", "EAM/FS")


def _of_wheel(source: str, kind: Kind) -> Potential:
    found = _published(source)
    c = wheel.Coefficients.model_validate(found.coefficients)
    return _potential(source, found, kind, c, partial(wheel.commands, found.element, c))


def _potential(
    source: str,
    found: _Publication,
    kind: Kind,
    coefficients: Settings,
    write: Callable[[Path], list[str]],
    mass_g_mol: float | None = None,
    unit_name: UnitName = "metal",
    atom_style: str = "atomic",
) -> Potential:
    mass = mass_g_mol or found.mass_g_mol
    if mass is None:
        raise ValueError(f"{source} must hold mass_g_mol, but does not. Add it.")
    return Potential(
        element=found.element,
        kind=kind,
        citation=found.citation,
        doi=found.doi,
        source=source,
        mass_g_mol=mass,
        lattice_constant_A=found.lattice_constant_A,
        coefficients_sha256=_hash(coefficients),
        write=write,
        unit_name=unit_name,
        atom_style=atom_style,
        **_described(found.known),
    )


def _described(known: Known) -> dict[str, Any]:
    nominal_K = known.nominal_melting_K or known.melting_temperature_K
    return known.model_dump() | {"nominal_melting_K": nominal_K}


def _published(source: str) -> _Publication:
    return _Publication.model_validate(_data(source))


def _data(source: str) -> dict[str, Any]:
    text = files("simulate.potentials").joinpath(source).read_text("utf-8")
    return tomllib.loads(text)


def _hash(coefficients: Settings) -> str:
    return sha256_of(canonical_json(json.loads(coefficients.model_dump_json())))
