"""What a model is: not computed, but said by whoever holds it."""

from collections.abc import Sequence
from typing import Any

from serve.endpoint.kinds.kind import Kind
from serve.endpoint.model import Model
from serve.messages.service import AboutReply
from simulate.settings import Settings


class AboutQuestion(Settings):
    """Nothing but the model is asked about."""


class About(Kind[AboutQuestion, AboutReply]):
    """Summary and card."""

    name = "about"

    def cost(self, question: AboutQuestion) -> int:  # noqa: ARG002 - always the same
        """Next to nothing."""
        return 1

    def answers(self, model: Model, questions: Sequence[AboutQuestion]) -> list[AboutReply]:
        """The same for everybody."""
        package = model.predictor.package
        values: dict[str, Any] = package.summary() | {"model": model.name}
        reply = AboutReply(card_markdown=package.card_text, **values)
        return [reply for _ in questions]
