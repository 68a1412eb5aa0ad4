"""Is a potential fit for this work? Lattice constant, cohesion, and the order of fcc and bcc.

Found by LAMMPS itself from the table it reads, so that a wrong table, style or unit is caught.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simulate.engine import static_energy_per_atom_eV
from simulate.errors import EngineError
from simulate.potentials.registry import DEFAULT_POTENTIAL, Potential, potential_named

SEARCHED_SHARE = (0.85, 1.08)
"""Lattice constants tried, over the one that is looked for: the fcc crystal of potassium is
lowest at a volume per atom a quarter smaller than that of bcc."""
N_STARTS = 9

LATTICE_TOLERANCE = 0.005
ENERGY_TOLERANCE_eV = 0.002


@dataclass(frozen=True, slots=True)
class Admission:
    """What the static test measured."""

    potential: str
    lattice_constant_A: float
    cohesive_energy_eV: float
    fcc_minus_bcc_eV: float


def quick_admission(name: str = DEFAULT_POTENTIAL) -> Admission:
    """Measure the 0 K crystals of a potential and compare with what must be found.

    Raises:
        EngineError: Something is off by more than 0.5 % in length or 2 meV in energy.
    """
    potential = potential_named(name)
    bcc_A, bcc_eV = _relaxed(potential, "bcc", potential.bcc_lattice_constant_A)
    # An fcc crystal of equal volume per atom is the natural start.
    _, fcc_eV = _relaxed(potential, "fcc", potential.bcc_lattice_constant_A * 2.0 ** (1.0 / 3.0))
    found = Admission(name, bcc_A, -bcc_eV, fcc_eV - bcc_eV)
    _must_agree(found, potential)
    return found


def _must_agree(found: Admission, potential: Potential) -> None:
    gaps = {
        "lattice constant": (
            found.lattice_constant_A / potential.bcc_lattice_constant_A - 1.0, LATTICE_TOLERANCE
        ),
        "cohesive energy": (
            found.cohesive_energy_eV - potential.cohesive_energy_eV, ENERGY_TOLERANCE_eV
        ),
        "fcc - bcc": (found.fcc_minus_bcc_eV - potential.fcc_minus_bcc_eV, ENERGY_TOLERANCE_eV),
    }  # fmt: skip
    for what, (gap, tolerance) in gaps.items():
        if not math.isfinite(gap) or abs(gap) > tolerance:
            raise EngineError(
                f"{potential.name}: {what} must agree within {tolerance}, but is off by {gap:.4g}. "
                "Reinstall the package: the coefficients or the engine are not the tested ones."
            )


def _relaxed(potential: Potential, lattice: str, start_A: float) -> tuple[float, float]:
    """Lattice constant and energy per atom at the lowest minimum over volume."""
    from scipy.optimize import minimize_scalar

    with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:

        def energy_eV(constant_A: float) -> float:
            return static_energy_per_atom_eV(potential, lattice, constant_A, Path(folder))

        low, high = SEARCHED_SHARE
        step_A = (high - low) / (N_STARTS - 1) * start_A
        tried_A = [low * start_A + number * step_A for number in range(N_STARTS)]
        near_A = min(tried_A, key=energy_eV)
        best = minimize_scalar(
            energy_eV,
            bounds=(near_A - step_A, near_A + step_A),
            method="bounded",
            options={"xatol": 1.0e-4},
        )
    return float(best.x), float(best.fun)
