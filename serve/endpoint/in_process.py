"""Answers in the process that asks: for tests, and to see the page without a cluster.

`python -m serve.endpoint.in_process --port 8000`
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serve.endpoint.answering import Answering
from serve.endpoint.asking import known_name
from serve.endpoint.model import Model
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Tally
from serve.messages.service import ModelName
from simulate.settings import Settings

if TYPE_CHECKING:
    from surrogate.predictor import Predictor


class InProcess:
    """An `Asker` over loaded models.

    Args:
        predictors: By name; the first is asked when none is named.
        settings: Of the server; its `models` and `replicas` do not matter here.
    """

    def __init__(
        self, predictors: Mapping[str, "Predictor"], settings: ServerSettings | None = None
    ) -> None:
        self._models = {name: Model(name, each) for name, each in predictors.items()}
        self._answering = Answering(settings or ServerSettings())
        self.names: Sequence[str] = tuple(predictors)
        self.tallies: Mapping[str, Tally] = {"in process": self._answering.tally}

    async def ask(self, kind: str, question: Settings, model: str | None) -> bytes:
        """See `Asker`."""
        chosen = self._models[known_name(model, self.names)]
        return await self._answering.answer(chosen, kind, question)

    async def models(self) -> list[ModelName]:
        """See `Asker`."""
        return [each.name for each in self._models.values()]


def main() -> None:
    """Serve one package until interrupted, without Ray."""
    import uvicorn

    from serve.endpoint.ingress import build_app
    from serve.endpoint.keys import digest_from_environment
    from serve.models import model_path
    from serve.searches.asking import InProcessSearches
    from serve.searches.jobs import SearchJobs
    from serve.searches.settings import SearchSettings
    from surrogate.predictor import Predictor

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, help="Package. Default: the one that ships.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--searches", default="runs/searches", help="Folder of searches.")
    asked = parser.parse_args()
    folder = model_path(asked.model)
    predictor = Predictor.load(folder)
    asker = InProcess({predictor.package.name: predictor})
    searches = SearchJobs(
        {predictor.package.name: str(folder)}, SearchSettings(folder=asked.searches)
    )
    settings = ServerSettings(is_local=True)  # where uvicorn listens unless it is told otherwise
    app = build_app(asker, settings, InProcessSearches(searches), digest_from_environment())
    uvicorn.run(app, port=asked.port)


if __name__ == "__main__":
    main()
