"""Numbers as people read them: some figures that count, and no power of ten before it is needed."""

from typing import Final

LARGEST_IN_FULL: Final = 1.0e6
"""Beyond it a power of ten is easier to read than its zeros."""


def figures(value: float, n: int = 3) -> str:
    """A number to `n` figures.

    >>> figures(0.74312), figures(99.96), figures(1204.0), figures(99.6, 2), figures(1.43e7, 2)
    ('0.743', '100', '1200', '100', '1.4e+07')
    """
    rounded = f"{value:.{n}g}"
    is_in_full = "e+" not in rounded or abs(float(rounded)) >= LARGEST_IN_FULL
    return rounded if is_in_full else f"{float(rounded):.0f}"
