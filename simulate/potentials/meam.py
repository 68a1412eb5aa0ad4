"""Second-neighbour modified embedded-atom potentials, written from their published parameters.

References:
    Z. Cui, F. Gao, Z. Cui, J. Qu, Modelling Simul. Mater. Sci. Eng. 20, 015014 (2012),
    doi 10.1088/0965-0393/20/1/015014 (lithium).
    H.-S. Jang, K.-M. Kim, B.-J. Lee, Calphad 60, 200 (2018),
    doi 10.1016/j.calphad.2018.01.003 (zinc).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from simulate.files import write_atomically
from simulate.settings import Settings


class Coefficients(Settings):
    """The numbers of one element, named as LAMMPS names them; lengths in Å, energies in eV.

    Attributes:
        lat, z, ielement, atwt, alpha, alat, esub, asub, rozero, ibar: Of the reference crystal and
            the embedding.
        b, t: Decays and weights of the four partial densities.
        parameters: Of the parameter file: cut-off, screening and the pair's own.
    """

    lat: Literal["bcc", "fcc", "hcp"]
    z: int = Field(gt=0)
    ielement: int = Field(gt=0)
    atwt: float = Field(gt=0)
    alpha: float
    b: list[float] = Field(min_length=4, max_length=4)
    alat: float = Field(gt=0)
    esub: float = Field(gt=0)
    asub: float
    t: list[float] = Field(min_length=4, max_length=4)
    rozero: float
    ibar: int
    parameters: dict[str, float | int]


def library_entry(element: str, c: Coefficients) -> str:
    """The element as an entry of a MEAM library."""
    rows: list[list[object]] = [
        [f"'{element}'", f"'{c.lat}'", c.z, c.ielement, c.atwt],
        [c.alpha, *c.b, c.alat, c.esub, c.asub],
        [*c.t, c.rozero, c.ibar],
    ]
    return "\n".join(" ".join(str(value) for value in row) for row in rows) + "\n"


def parameter_file(c: Coefficients) -> str:
    """What LAMMPS reads after the library."""
    return "".join(f"{name} = {value}\n" for name, value in c.parameters.items())


def commands(element: str, name: str, c: Coefficients, folder: Path) -> list[str]:
    """LAMMPS commands for the element; both files are written into `folder` first."""
    library, parameters = folder / f"{name}.library.meam", folder / f"{name}.meam"
    write_atomically(library, library_entry(element, c))
    write_atomically(parameters, parameter_file(c))
    return ["pair_style meam", f'pair_coeff * * "{library}" {element} "{parameters}" {element}']
