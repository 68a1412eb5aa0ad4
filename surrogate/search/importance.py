"""Which condition matters, and how, as an answer tells it; see `surrogate.search.sensitivity`."""

from pydantic import Field

from simulate.settings import Settings


class Importance(Settings):
    """How much of the glassy share's variance over the searched space a variable explains.

    Sobol' indices with every searched variable uniform between its bounds, on its own scale.

    Attributes:
        alone: First-order index: by the variable alone. Estimates of small ones may be below 0.
        in_all: Total index: with everything it does together with others.

    Reference:
        Saltelli et al., Computer Physics Communications 181, 259 (2010),
        doi 10.1016/j.cpc.2009.09.018.
    """

    variable: str
    alone: float
    in_all: float


class Slice(Settings):
    """The glassy share along one variable.

    Attributes:
        values: Of the variable, rising between its bounds.
        partial_dependence: Mean share over the searched space with this variable set.
        share: With all others as in the best conditions; None where nothing was feasible.
        low, high: 90 % interval of `share`.
        best: Value of the variable in the best conditions; None where nothing was feasible.

    Reference:
        Friedman, Ann. Statist. 29, 1189 (2001), doi 10.1214/aos/1013203451.
    """

    variable: str
    values: tuple[float, ...]
    partial_dependence: tuple[float, ...]
    share: tuple[float, ...] | None
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    best: float | None


class Sensitivity(Settings):
    """Importances, the largest first, and slices, in the order of the variables.

    Attributes:
        n_asked: Conditions asked about for the importances.
    """

    importances: tuple[Importance, ...] = ()
    slices: tuple[Slice, ...] = ()
    n_asked: int = Field(0, ge=0)
