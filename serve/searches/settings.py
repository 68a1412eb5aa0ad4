"""How many searches a server takes, and where it keeps them."""

from pydantic import Field

from simulate.settings import Settings


class SearchSettings(Settings):
    """One search runs at a time; others wait, and what came of them is kept."""

    folder: str = Field(
        "runs/searches", description="Kept here, a folder a search; made if it is not there."
    )
    waiting: int = Field(8, ge=0, description="Searches that may wait; above, 503.")
    kept: int = Field(
        64, ge=1, description="Searches that are over and kept; the oldest are removed."
    )
