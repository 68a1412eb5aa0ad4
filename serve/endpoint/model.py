"""A loaded model, under the name it is asked by."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from serve.messages.service import ModelName

if TYPE_CHECKING:
    from surrogate.predictor import Predictor


@dataclass(frozen=True, eq=False)
class Model:
    """A predictor that clients can name.

    Attributes:
        asked_as: As `?model=` names it.
    """

    asked_as: str
    predictor: "Predictor"

    @property
    def label(self) -> str:
        """Name and short hash of the weights."""
        return self.predictor.package.label

    @cached_property
    def digest(self) -> str:
        """Content hash of all that decides its answers."""
        return self.predictor.package.manifest.digest

    @cached_property
    def name(self) -> ModelName:
        """As every reply says who answered."""
        return ModelName(name=self.asked_as, label=self.label)
