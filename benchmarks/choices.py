"""How a benchmark is told which potential: by name, or an element for the first one of it."""

from typing import Final

from simulate.potentials.registry import Potential, potentials

CHOICES: Final[dict[str, Potential]] = {
    **{each.element: each for each in reversed(potentials().values())},
    **potentials(),
}
