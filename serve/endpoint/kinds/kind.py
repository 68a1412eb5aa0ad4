"""What a kind of question must be able to do, so that many can be answered at once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from serve.endpoint.model import Model
from simulate.files import sha256_of
from simulate.settings import Settings

QuestionType = TypeVar("QuestionType", bound=Settings)
ReplyType = TypeVar("ReplyType", bound=BaseModel)


class Kind(ABC, Generic[QuestionType, ReplyType]):
    """One kind of question. Pure: what is answered depends on model and question alone.

    Attributes:
        name: As routes ask for it.
        is_kept: Whether an answer may be kept for whoever asks the same again.
    """

    name: ClassVar[str]
    is_kept: ClassVar[bool] = True

    @abstractmethod
    def cost(self, question: QuestionType) -> int:
        """Atoms that go through the network for it, at least 1: what a batch is counted in."""

    def parts(self, question: QuestionType, most_atoms: int) -> list[QuestionType]:  # noqa: ARG002 - for kinds that can be split
        """The question in turns of at most `most_atoms` (or one indivisible piece), in order."""
        return [question]

    @abstractmethod
    def answers(self, model: Model, questions: Sequence[QuestionType]) -> list[ReplyType]:
        """Replies in the order of the questions; those that can share a computation do.

        Raises:
            MisuseError: One of them cannot be answered; whatever is raised, the caller then asks
                each alone.
        """

    def joined(self, replies: Sequence[ReplyType]) -> ReplyType:
        """The replies to the parts of one question as one reply."""
        (reply,) = replies
        return reply

    def key(self, question: QuestionType) -> str:
        """Content hash of a question: equal for questions that must get equal answers."""
        return sha256_of(question.model_dump_json().encode())
