"""A question is answered in turns, and a turn may answer several questions.

Long questions take several turns, between which others get theirs; whatever waits is computed
together. Neither changes an answer.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from serve.endpoint.kinds import KINDS
from serve.endpoint.model import Model
from simulate.settings import Settings

Answer = BaseModel | Exception
"""A reply, or why there is none: what goes wrong with one must not spoil the others."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A part of a question, and the model that was chosen for the whole of it.

    Attributes:
        cost: Atoms; see `Kind.cost`.
    """

    model: Model
    kind: str
    question: Settings
    cost: int


async def reply(
    model: Model,
    kind: str,
    question: Settings,
    most_atoms: int,
    take: Callable[[Turn], Awaitable[Answer]],
) -> BaseModel:
    """The reply to a whole question.

    Args:
        model: Who answers all of it.
        kind: A key of `KINDS`.
        question: What that kind is asked.
        most_atoms: Of one turn.
        take: Answers one turn, sooner or later.

    Raises:
        MisuseError: The model cannot answer for it.
    """
    asked = KINDS[kind]
    replies: list[BaseModel] = []
    for part in asked.parts(question, most_atoms):
        answer = await take(Turn(model, kind, part, asked.cost(part)))
        if isinstance(answer, Exception):
            raise answer
        replies.append(answer)
    joined: BaseModel = asked.joined(replies)
    return joined


def answered(turns: Sequence[Turn]) -> list[Answer]:
    """Answers in the order of the turns; turns of one model and kind are computed together."""
    alike: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, turn in enumerate(turns):
        alike[id(turn.model), turn.kind].append(number)
    answers: dict[int, Answer] = {}
    for numbers in alike.values():
        answers |= zip(numbers, _together([turns[number] for number in numbers]), strict=True)
    return [answers[number] for number in range(len(turns))]


def _together(turns: Sequence[Turn]) -> list[Answer]:
    model, kind = turns[0].model, KINDS[turns[0].kind]
    try:
        return list(kind.answers(model, [turn.question for turn in turns]))
    except Exception as error:  # noqa: BLE001 - raised again where its question was asked
        if len(turns) == 1:
            return [error]
        return [answer for turn in turns for answer in _together([turn])]
