"""Drawing design points evenly from a space of designs."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from simulate.design import Exchange
from simulate.potentials.registry import DEFAULT_POTENTIAL
from simulate.settings import Settings

Range = tuple[float, float]


class DesignSpace(Settings):
    """A box of designs of one potential, sampled by a scrambled Sobol sequence.

    Sizes and densities are spread evenly in their logarithm. A share of the designs is held at one
    temperature, so that size and density can be told from temperature.

    Reference:
        A. B. Owen, J. Complexity 14, 466 (1998), doi 10.1006/jcom.1998.0487 (scrambling).
    """

    method: Literal["sobol"] = "sobol"
    n_designs: int = Field(ge=1, le=100_000)
    seed: int = Field(0, ge=0)
    element: str = "Li"
    potential: str = DEFAULT_POTENTIAL
    n_atoms: tuple[int, int] = (100, 1000)
    packing_density_g_cm3: Range = (0.0534, 0.534)
    hold_temperature_K: Range = (270.0, 330.0)
    share_at_300_K: float = Field(0.6, ge=0, le=1)
    mass_exchange: list[Exchange] = Field(default=["open", "confined"], min_length=1)
    energy_exchange: list[Exchange] = Field(default=["open", "confined"], min_length=1)

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        for name in ("n_atoms", "packing_density_g_cm3", "hold_temperature_K"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"0 < lowest <= highest must hold for {name}, got {low}, {high}.")
        return self

    def draw(self) -> list[dict[str, Any]]:
        """The design points, as mappings; the same space always gives the same ones."""
        from scipy.stats import qmc

        power = max(1, (self.n_designs - 1).bit_length())
        points = qmc.Sobol(d=6, seed=self.seed).random_base2(power)[: self.n_designs]
        return [self._design(point.tolist()) for point in points]

    def _design(self, point: list[float]) -> dict[str, Any]:
        size, density, at_300, temperature, mass, energy = point
        free_K = _between(self.hold_temperature_K, temperature)
        return {
            "element": self.element,
            "potential": self.potential,
            "n_atoms": round(_between_logs(self.n_atoms, size)),
            "packing_density_g_cm3": round(_between_logs(self.packing_density_g_cm3, density), 4),
            "hold_temperature_K": 300.0 if at_300 < self.share_at_300_K else round(free_K, 1),
            "mass_exchange": self.mass_exchange[int(mass * len(self.mass_exchange))],
            "energy_exchange": self.energy_exchange[int(energy * len(self.energy_exchange))],
        }


def _between(limits: Range, share: float) -> float:
    return limits[0] + share * (limits[1] - limits[0])


def _between_logs(limits: Range, share: float) -> float:
    return float(limits[0] * (limits[1] / limits[0]) ** share)
