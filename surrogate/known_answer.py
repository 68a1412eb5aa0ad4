"""One forecast that a model must give again wherever it is loaded, before anybody relies on it.

Checksums prove that the weights are those of the maker; this proves that they are used as he used
them: same atoms packed, same graph, same arithmetic.
"""

from typing import TYPE_CHECKING, Final

from simulate.design import EmbryoDesign
from simulate.errors import PackageError
from simulate.settings import Settings

if TYPE_CHECKING:
    from surrogate.predictor import Predictor

TOLERANCE: Final = 1.0e-4
"""Of probabilities: other processors round the network's float32 otherwise, to about 1e-6."""


class KnownAnswer(Settings):
    """What the maker's own machine said of one embryo, on the full road.

    Attributes:
        survival: P(not ordered by then), at even steps from 0 to the training hold.
    """

    design: EmbryoDesign
    survival: list[float]


def known_answer(predictor: "Predictor") -> KnownAnswer:
    """That of the smallest training design, which is the quickest to pack."""
    design = min(predictor.package.manifest.domain.designs, key=lambda each: each.n_atoms)
    return KnownAnswer(design=design, survival=_survival(predictor, design))


def reproduce(predictor: "Predictor", known: KnownAnswer) -> None:
    """Ask the same again.

    Args:
        predictor: One that was not asked before: it remembers what it packed.
        known: What must come.

    Raises:
        PackageError: Something else came.
    """
    found = _survival(predictor, known.design)
    apart = max(abs(a - b) for a, b in zip(found, known.survival, strict=True))
    if not apart <= TOLERANCE:
        raise PackageError(
            f"{predictor.package.label} must forecast of {known.design.sentence} what it did where "
            f"it was made, but probabilities differ by {apart:.2g}, more than {TOLERANCE:g}. "
            "Install the versions that this release asks for, or train the package anew."
        )


def _survival(predictor: "Predictor", design: EmbryoDesign) -> list[float]:
    (prediction,) = predictor.predict_designs([design])
    return prediction.survival.probability
