"""Answers in the process that asks: for tests, and to see the page without a cluster.

`python -m serve.endpoint.in_process --port 8000`
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from serve.endpoint.asking import known_name
from serve.endpoint.model import Model
from serve.endpoint.settings import ServerSettings
from serve.endpoint.turns import Answer, Turn, answered, reply
from serve.messages.service import ModelName
from simulate.settings import Settings

if TYPE_CHECKING:
    from surrogate.predictor import Predictor


class InProcess:
    """An `Asker` over loaded models.

    Args:
        predictors: By name; the first is asked when none is named.
        most_atoms: Of one turn.
    """

    def __init__(self, predictors: Mapping[str, "Predictor"], most_atoms: int = 5_000) -> None:
        self._models = {name: Model(name, each) for name, each in predictors.items()}
        self._most_atoms = most_atoms
        self.names: Sequence[str] = tuple(predictors)
        # One thread: two questions at once would share one core and take twice the memory.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    async def ask(self, kind: str, question: Settings, model: str | None) -> bytes:
        """See `Asker`."""
        chosen = self._models[known_name(model, self.names)]
        said = await reply(Turn(chosen, kind, question), self._most_atoms, self._take)
        return said.model_dump_json().encode()

    async def models(self) -> list[ModelName]:
        """See `Asker`."""
        return [each.name for each in self._models.values()]

    async def _take(self, turn: Turn) -> Answer:
        loop = asyncio.get_running_loop()
        (answer,) = await loop.run_in_executor(self._thread, answered, [turn])
        return answer


def main() -> None:
    """Serve one package until interrupted, without Ray."""
    import uvicorn

    from serve.endpoint.ingress import build_app
    from serve.models import model_path
    from surrogate.predictor import Predictor

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, help="Package. Default: the one that ships.")
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    predictor = Predictor.load(model_path(asked.model))
    asker = InProcess({predictor.package.name: predictor})
    uvicorn.run(build_app(asker, ServerSettings()), port=asked.port)


if __name__ == "__main__":
    main()
