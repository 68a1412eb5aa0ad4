"""What the quickstart runs, read and checked before anything heavy is imported."""

from importlib.resources import files
from pathlib import Path

import yaml

from simulate.files import read_yaml
from simulate.plan import Campaign
from simulate.settings import Settings, validated
from surrogate.search.config import SearchConfig
from train.config import TrainingConfig


class QuickstartConfig(Settings):
    """What the quickstart runs."""

    campaign: Campaign
    training: TrainingConfig = TrainingConfig()
    search: SearchConfig = SearchConfig()


def read_quickstart(path: Path | None) -> QuickstartConfig:
    """The preset that travels with the program, or a user's own file."""
    if path is not None:
        return validated(QuickstartConfig, read_yaml(path, "a quickstart config"), str(path))
    text = files("serve.presets").joinpath("quickstart.yaml").read_text("utf-8")
    return validated(QuickstartConfig, yaml.safe_load(text), "the quickstart preset")
