"""From a question and a model to the JSON of a reply, remembering what was answered before."""

from collections.abc import Sequence

from serve.endpoint.kept import Kept
from serve.endpoint.kinds import KINDS
from serve.endpoint.line import Line
from serve.endpoint.model import Model
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Tally
from serve.endpoint.turns import Answer, Turn, answered, reply
from simulate.settings import Settings


class Answering:
    """Answers for whatever model it is given, and counts.

    Args:
        settings: Of the server.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.tally = Tally()
        self._most_atoms = settings.batching.atoms
        self._kept = Kept(settings.cache_bytes)
        self._line = Line(self._compute, self._most_atoms)

    async def answer(self, model: Model, kind: str, question: Settings) -> bytes:
        """The reply as JSON.

        Raises:
            MisuseError: The model cannot answer for it.
        """
        asked = KINDS[kind]
        if not asked.is_kept:
            return await self._computed(model, kind, question)
        key = f"{model.asked_as}/{model.digest}/{kind}/{asked.key(question)}"
        found = self._kept.find(key)
        if found is not None:
            self.tally.n_found += 1
            return found
        content = await self._computed(model, kind, question)
        self._kept.keep(key, content)
        self.tally.kept_bytes = self._kept.n_bytes
        return content

    async def _computed(self, model: Model, kind: str, question: Settings) -> bytes:
        said = await reply(model, kind, question, self._most_atoms, self._line.take)
        return said.model_dump_json().encode()

    def _compute(self, turns: Sequence[Turn]) -> list[Answer]:
        self.tally.count_batch(len(turns), sum(turn.cost for turn in turns))
        return answered(turns)
