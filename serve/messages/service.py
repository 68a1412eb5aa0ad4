"""The service itself: which models answer, and whether they can."""

from pydantic import Field

from simulate.settings import Settings


class ModelName(Settings):
    """Which model answered."""

    name: str
    label: str = Field(description="Name and short hash of the weights.")
