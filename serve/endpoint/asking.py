"""Whoever answers, as the routes see it: a question goes in, the JSON of its reply comes out."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from serve.endpoint.refusals import unknown_model
from serve.endpoint.tally import Tally
from serve.messages.service import ModelName
from simulate.settings import Settings


class Asker(Protocol):
    """Answers questions; where and how is its own business.

    Attributes:
        names: Of the models that can be asked; the first is asked when none is named.
        tallies: What each replica heard of had counted when it last answered.
    """

    names: Sequence[str]
    tallies: Mapping[str, Tally]

    async def ask(self, kind: str, question: Settings, model: str | None) -> bytes:
        """The reply to a question, as JSON.

        Args:
            kind: A key of `serve.endpoint.kinds.KINDS`.
            question: What that kind is asked.
            model: Name of a model; None is the default.

        Raises:
            RequestError: 404 for an unknown model, 503 when too much is asked at once.
            MisuseError: The model cannot answer for this question.
        """
        ...

    async def models(self) -> list[ModelName]:
        """What answers at present, each proven when it was loaded: checksums, a known answer.

        Raises:
            RequestError: 503 when none does.
        """
        ...


def known_name(model: str | None, names: Sequence[str]) -> str:
    """The model that is meant.

    Raises:
        RequestError: 404, with the names that are known.
    """
    if model is None:
        return names[0]
    if model not in names:
        raise unknown_model(model, names)
    return model
