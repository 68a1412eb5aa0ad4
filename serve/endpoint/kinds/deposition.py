"""Glassy shares of deposits: of some conditions, over current and time, and under which maps."""

from collections.abc import Sequence
from typing import Final

from serve.endpoint.kinds.kind import Kind
from serve.endpoint.model import Model
from serve.messages.deposition import (
    DepositionReply,
    DepositionRequest,
    MapsQuestion,
    MapsReply,
    SurfaceReply,
    SurfaceRequest,
)
from surrogate.deposition.bridge import GrowthBridge
from surrogate.deposition.question import Assumed

CONDITIONS_COST: Final = 30
"""Atoms of the full road that take as long as one set of conditions under the draws of a map."""

POINT_COST: Final = 2
"""Likewise as a point of a surface."""

TIMES_LONGER: Final = 30
"""By the growth bridge, where embryos are followed while they grow; at most so many times."""


class Deposition(Kind[DepositionRequest, DepositionReply]):
    """Glassy shares with their intervals, and the embryos beneath."""

    name = "deposition"

    def cost(self, question: DepositionRequest) -> int:
        """As many atoms as take so long."""
        return CONDITIONS_COST * _times_longer(question) * len(question.conditions)

    def parts(self, question: DepositionRequest, most_atoms: int) -> list[DepositionRequest]:
        """Turns of as many conditions as count for `most_atoms`, at least of one."""
        n = max(1, most_atoms // (CONDITIONS_COST * _times_longer(question)))
        return [
            question.model_copy(update={"conditions": question.conditions[first : first + n]})
            for first in range(0, len(question.conditions), n)
        ]

    def answers(
        self, model: Model, questions: Sequence[DepositionRequest]
    ) -> list[DepositionReply]:
        """One after the other: each is many embryos already."""
        from surrogate.deposition.answer import deposition_answer

        return [
            DepositionReply(model=model.name, **dict(deposition_answer(model.predictor, question)))
            for question in questions
        ]

    def joined(self, replies: Sequence[DepositionReply]) -> DepositionReply:
        """Forecasts of all turns in their order."""
        forecasts = tuple(each for reply in replies for each in reply.forecasts)
        return replies[0].model_copy(update={"forecasts": forecasts})


class Surface(Kind[SurfaceRequest, SurfaceReply]):
    """Glassy shares over current density and plating time."""

    name = "surface"

    def cost(self, question: SurfaceRequest) -> int:
        """As many atoms as take so long; not in parts, which would round its axes otherwise."""
        n_points = question.current_density_mA_cm2.n * question.deposition_time_min.n
        return POINT_COST * _times_longer(question) * n_points

    def answers(self, model: Model, questions: Sequence[SurfaceRequest]) -> list[SurfaceReply]:
        """One after the other: each is many embryos already."""
        from surrogate.deposition.answer import surface_answer

        return [
            SurfaceReply(model=model.name, **dict(surface_answer(model.predictor, question)))
            for question in questions
        ]


class Maps(Kind[MapsQuestion, MapsReply]):
    """The deposition maps, where their numbers come from, and what was seen."""

    name = "maps"

    def cost(self, question: MapsQuestion) -> int:  # noqa: ARG002 - always the same
        """Next to nothing."""
        return 1

    def answers(self, model: Model, questions: Sequence[MapsQuestion]) -> list[MapsReply]:
        """The same for everybody."""
        from surrogate.deposition.answer import maps_answer

        reply = MapsReply(model=model.name, **dict(maps_answer(model.predictor)))
        return [reply for _ in questions]


def _times_longer(question: Assumed) -> int:
    return TIMES_LONGER if isinstance(question.bridge, GrowthBridge) else 1
