"""The service itself: which models answer, and whether they can."""

from typing import Final, Literal

from pydantic import Field

from simulate.settings import Settings

KEY_VARIABLE: Final = "GLASSYLI_API_KEY"
"""Environment variable that holds the API key, of server and client."""


class ModelName(Settings):
    """Which model answered."""

    name: str
    label: str = Field(description="Name and short hash of the weights.")


class Health(Settings):
    """Answer of `GET /healthz`."""

    status: Literal["ok"] = "ok"


class ModelsReply(Settings):
    """Answer of `GET /v1/models`; the first one is asked when none is named."""

    models: list[ModelName]


class Readiness(Settings):
    """Answer of `GET /readyz`: each of the models fits its checksums and gave its known answer."""

    status: Literal["ready"] = "ready"
    models: list[ModelName] | None = Field(
        None, description="Left out to whoever does not show the key of a server that has one."
    )


class AboutReply(Settings, extra="allow"):
    """Answer of `GET /v1/model`: the summary of the package, and its card.

    Attributes:
        model: Which.
        card_markdown: The model card.
    """

    model: ModelName
    card_markdown: str
