"""Sums over ensemble members whose last bit does not depend on what else is computed.

`Tensor.sum` and `Tensor.mean` add in an order that differs with a column's place in the tensor, so
that a design would get another answer in other company.
"""

from torch import Tensor


def sum_over(values: Tensor, dim: int = 0) -> Tensor:
    """The sum along a dimension, one term after the other."""
    return values.cumsum(dim).select(dim, -1)


def mean_over(values: Tensor, dim: int = 0) -> Tensor:
    """The mean along a dimension, one term after the other."""
    return sum_over(values, dim) / values.shape[dim]
