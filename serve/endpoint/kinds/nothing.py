"""A question about nothing: what the way there and back costs, for benchmarks."""

from collections.abc import Sequence

from serve.endpoint.kinds.kind import Kind
from serve.endpoint.model import Model
from serve.messages.service import ModelName
from simulate.settings import Settings


class NothingQuestion(Settings):
    """Asks nothing."""


class NothingReply(Settings):
    """Says nothing but who answered."""

    model: ModelName


class Nothing(Kind[NothingQuestion, NothingReply]):
    """Takes its turn as any other question, and computes nothing."""

    name = "nothing"
    is_kept = False

    def cost(self, question: NothingQuestion) -> int:  # noqa: ARG002 - always the same
        """The least there is."""
        return 1

    def answers(self, model: Model, questions: Sequence[NothingQuestion]) -> list[NothingReply]:
        """The same for everybody."""
        return [NothingReply(model=model.name) for _ in questions]
