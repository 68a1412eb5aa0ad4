"""Forecasts for designs. Questions of one horizon and road share a computation."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Final

from serve.endpoint.kinds.kind import Kind
from serve.endpoint.model import Model
from serve.messages.embryos import EmbryosReply, EmbryosRequest
from simulate.design import EmbryoDesign
from surrogate.prediction import Road

FAST_COST: Final = 5
"""Atoms of the full road that take about as long as one design on the fast road."""


class Embryos(Kind[EmbryosRequest, EmbryosReply]):
    """Outcome, survival and incubation of designs."""

    name = "embryos"

    def cost(self, question: EmbryosRequest) -> int:
        """Atoms of the full road; on the fast road as many as take so long."""
        return sum(_cost(design, question.road) for design in question.designs)

    def parts(self, question: EmbryosRequest, most_atoms: int) -> list[EmbryosRequest]:
        """Turns count for at most `most_atoms`, or hold one design."""
        turns: list[list[EmbryoDesign]] = [[]]
        n_atoms = 0
        for design in question.designs:
            cost = _cost(design, question.road)
            if turns[-1] and n_atoms + cost > most_atoms:
                turns.append([])
                n_atoms = 0
            turns[-1].append(design)
            n_atoms += cost
        return [question.model_copy(update={"designs": designs}) for designs in turns]

    def answers(self, model: Model, questions: Sequence[EmbryosRequest]) -> list[EmbryosReply]:
        """One call of the predictor for each horizon and road that is asked."""
        alike: dict[tuple[float | None, str], list[int]] = defaultdict(list)
        for number, question in enumerate(questions):
            alike[question.horizon_ps, question.road].append(number)
        replies: dict[int, EmbryosReply] = {}
        for numbers in alike.values():
            together = [questions[number] for number in numbers]
            designs = [design for question in together for design in question.designs]
            first = together[0]
            predicted = model.predictor.predict_designs(designs, first.horizon_ps, first.road)
            predictions = iter(predicted)
            for number, question in zip(numbers, together, strict=True):
                own = list(islice(predictions, len(question.designs)))
                replies[number] = EmbryosReply(model=model.name, predictions=own)
        return [replies[number] for number in range(len(questions))]

    def joined(self, replies: Sequence[EmbryosReply]) -> EmbryosReply:
        """Predictions of all turns in their order."""
        predictions = [each for reply in replies for each in reply.predictions]
        return EmbryosReply(model=replies[0].model, predictions=predictions)


def _cost(design: EmbryoDesign, road: Road) -> int:
    return FAST_COST if road == "fast" else design.n_atoms
