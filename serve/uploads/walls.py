"""Whether the atoms of a walled embryo fit inside the wall that its packing density puts there."""

from typing import Final

import numpy as np

from simulate.confinement import WALL_RANGE_A, cell_of
from simulate.design import EmbryoDesign
from simulate.snapshot import Snapshot

TOLERANCE_A: Final = 2.0 * WALL_RANGE_A
"""The wall is soft, and ends here on either side."""


def beyond_wall(snapshot: Snapshot, design: EmbryoDesign) -> str | None:
    """Why these atoms cannot have been packed at that density; None where they can.

    A periodic structure has no wall. The extent along the axes is less than that of any pair, so
    that nothing which fits is refused.
    """
    radius_A = cell_of(design).wall_radius_A
    if radius_A is None:
        return None
    extent_A = float(np.ptp(snapshot.positions_A, axis=0).max())
    if extent_A <= 2.0 * radius_A + TOLERANCE_A:
        return None
    return (
        f"at packing_density_g_cm3 = {design.packing_density_g_cm3:g}, {design.n_atoms} atoms move "
        f"freely in a {design.wall_shape} {2.0 * radius_A:.1f} A across, but those of the file "
        f"reach over {extent_A:.1f} A. Name the density at which they were packed."
    )
