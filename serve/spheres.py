"""Solid spheres as an image, drawn without a graphics card.

OVITO's own renderers need system libraries (Vulkan) that many machines lack, so each sphere is
written here as one small patch of a depth buffer. Depth is told by fog, by dark outlines where one
sphere hides another, and by contact shadows, the unsharp mask of the depth buffer.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

SUPERSAMPLING: Final = 2
TOWARDS_LIGHT: Final = np.array([-0.44, 0.52, 0.73]) / np.linalg.norm([-0.44, 0.52, 0.73])
TOWARDS_VIEWER: Final = np.array([0.0, 0.0, 1.0])
EXPOSURE: Final = 1.12
AMBIENT: Final = 0.42
GLINT: Final = 0.28
GLINT_SHARPNESS: Final = 38
RIM_STRENGTH: Final = 0.55
SHADOW_STRENGTH: Final = 0.5
SHADOW_DEPTH_A: Final = 3.0
"""About the thickness of an atom, Å."""
FOG_COLOUR: Final = np.array([0.60, 0.64, 0.70])
FOG_SHARE: Final = 0.45
COARSE: Final = 4
"""Contact shadows are soft: every fourth pixel is enough to blur."""
BACKGROUND_DEPTH: Final = -1.0e9


def draw_spheres(
    centres_A: Floats, colours: Floats, radius_A: float, half_width_A: float, pixels: int
) -> Image:
    """Spheres seen from far along the z axis (orthographic), on a transparent ground.

    Args:
        centres_A: Shape ``(n_spheres, 3)``, Å; x to the right, y up, z towards the viewer.
        colours: Red, green and blue in 0-1, shape ``(n_spheres, 3)``.
        radius_A: Of every sphere, Å.
        half_width_A: Half the edge of the square that is shown, Å.
        pixels: Edge of the image.

    Returns:
        Red, green, blue and alpha, shape ``(pixels, pixels, 4)``.

    Reference:
        Luft et al., ACM Trans. Graph. 25, 1206 (2006), doi 10.1145/1141911.1142016 (shadows).
    """
    edge = SUPERSAMPLING * pixels
    depth_A, owner = _depth_buffer(centres_A, radius_A, half_width_A, edge)
    image = np.zeros((edge, edge, 4))
    is_drawn = owner >= 0
    if is_drawn.any():
        surface_A = _surface_A(depth_A, is_drawn, half_width_A)
        of_pixel = owner[is_drawn]
        normal = (surface_A - centres_A[of_pixel]) / radius_A
        behind_A = surface_A[:, 2].max() - surface_A[:, 2]
        fog = FOG_SHARE * behind_A / max(behind_A.max(), 2.0 * radius_A)
        contact = _contact(depth_A, is_drawn, radius_A * edge / (2.0 * half_width_A))
        image[..., 3] = is_drawn
        image[..., :3][is_drawn] = _lit(colours[of_pixel], normal, contact, fog)
    image[..., :3] *= image[..., 3:]  # averaging colours must not mix in the ground's
    small = image.reshape(pixels, SUPERSAMPLING, pixels, SUPERSAMPLING, 4).mean(axis=(1, 3))
    small[..., :3] /= np.maximum(small[..., 3:], 1.0e-6)
    return np.asarray(np.round(255.0 * small.clip(0.0, 1.0)), dtype=np.uint8)


def _depth_buffer(
    centres_A: Floats, radius_A: float, half_width_A: float, edge: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Nearest surface in every pixel, and whose it is (-1: nobody's), each ``(edge, edge)``."""
    per_A = edge / (2.0 * half_width_A)
    depth_A = np.full((edge, edge), BACKGROUND_DEPTH)
    owner = np.full((edge, edge), -1, dtype=np.int64)
    columns = (centres_A[:, 0] + half_width_A) * per_A
    rows = (half_width_A - centres_A[:, 1]) * per_A
    reach = radius_A * per_A
    for number in range(len(centres_A)):
        left, right = _span(columns[number], reach, edge)
        top, bottom = _span(rows[number], reach, edge)
        x = (np.arange(left, right) + 0.5 - columns[number]) / per_A
        y = (np.arange(top, bottom) + 0.5 - rows[number]) / per_A
        height_squared = radius_A**2 - x[None, :] ** 2 - y[:, None] ** 2
        surface_A = centres_A[number, 2] + np.sqrt(np.maximum(height_squared, 0.0))
        patch = depth_A[top:bottom, left:right]
        is_nearer = (height_squared > 0.0) & (surface_A > patch)
        patch[is_nearer] = surface_A[is_nearer]
        owner[top:bottom, left:right][is_nearer] = number
    return depth_A, owner


def _span(middle: float, reach: float, edge: int) -> tuple[int, int]:
    return max(0, int(middle - reach)), max(0, min(edge, int(middle + reach) + 2))


def _surface_A(depth_A: Floats, is_drawn: NDArray[np.bool_], half_width_A: float) -> Floats:
    """Where in space the drawn pixels lie, shape ``(n_drawn, 3)``."""
    row, column = np.nonzero(is_drawn)
    pixel_A = 2.0 * half_width_A / len(depth_A)
    x = (column + 0.5) * pixel_A - half_width_A
    y = half_width_A - (row + 0.5) * pixel_A
    return np.stack([x, y, depth_A[is_drawn]], axis=1)


def _lit(colours: Floats, normal: Floats, contact: Floats, fog: Floats) -> Floats:
    """Colours under one lamp, with a glint, dark rims, contact shadows and fog.

    Args:
        colours: Of the atoms themselves, shape ``(n_drawn, 3)``.
        normal: Unit normals of the surface, shape ``(n_drawn, 3)``.
        contact: Light left by contact shadows, 0-1, shape ``(n_drawn,)``.
        fog: Share of fog, 0-1, shape ``(n_drawn,)``.
    """
    halfway = TOWARDS_LIGHT + TOWARDS_VIEWER
    halfway /= np.linalg.norm(halfway)
    diffuse = AMBIENT + (1.0 - AMBIENT) * (normal @ TOWARDS_LIGHT).clip(0.0)
    rim = 1.0 - RIM_STRENGTH * (1.0 - normal[:, 2].clip(0.0)) ** 3
    shade = (diffuse * rim * contact)[:, None]
    glint = GLINT * (normal @ halfway).clip(0.0)[:, None] ** GLINT_SHARPNESS
    clear = EXPOSURE * colours * shade + glint
    return np.asarray(clear + fog[:, None] * (FOG_COLOUR * shade - clear))


def _contact(depth_A: Floats, is_drawn: NDArray[np.bool_], radius_pixels: float) -> Floats:
    """Light left where a surface lies behind its surroundings, shape ``(n_drawn,)``."""
    filled = np.where(is_drawn, depth_A, depth_A[is_drawn].min())
    coarse = filled[::COARSE, ::COARSE]
    smooth = gaussian_filter(coarse, 0.9 * radius_pixels / COARSE, mode="nearest", truncate=3.0)
    blurred = zoom(smooth, len(filled) / len(coarse), order=1, grid_mode=True, mode="nearest")
    behind_A = (blurred - filled)[is_drawn].clip(0.0)
    return np.asarray(1.0 - SHADOW_STRENGTH * (1.0 - np.exp(-behind_A / SHADOW_DEPTH_A)))
