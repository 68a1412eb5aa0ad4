"""Several trainings of one configuration on other folds, kept so that an evaluation can go on.

Each is smaller than a model that ships: one member a fold, so that one member judges each design.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from simulate.errors import MisuseError
from simulate.settings import differences, validated
from simulate.store import RecordStore, content_hash
from surrogate.package import Package, read_package
from train.config import TrainingConfig
from train.fit import fit_package
from train.progress import Progress
from train.records import named

Tell = Callable[[int], Progress]
"""Number of a repeat, from 0, to who is told how far its training is."""


def repeat_config(config: TrainingConfig, number: int) -> TrainingConfig:
    """Settings of one repeat: another seed, and so other folds; one member a fold."""
    return config.model_copy(update={"seed": config.seed + number, "n_members": config.n_folds})


def train_repeats(
    stores: Sequence[RecordStore], config: TrainingConfig, n_repeats: int, work: Path, tell: Tell
) -> list[Package]:
    """Train what is missing in a folder, and read all of it.

    Args:
        stores: What is learnt from.
        config: Of the first; later ones differ in the seed.
        n_repeats: How many.
        work: Folder of the packages; those in it already are kept.
        tell: Told how far each is.

    Raises:
        MisuseError: A package there was trained otherwise, or on other records.
    """
    packages = []
    for number in range(n_repeats):
        chosen, path = repeat_config(config, number), work / f"repeat-{number}"
        if not path.exists():
            fit_package(stores, chosen, path, path.name, tell(number))
        packages.append(_checked(path, chosen, stores))
    return packages


def is_trained(n_repeats: int, work: Path) -> bool:
    """Whether nothing is left to train."""
    return all((work / f"repeat-{number}").exists() for number in range(n_repeats))


def _checked(path: Path, config: TrainingConfig, stores: Sequence[RecordStore]) -> Package:
    package = read_package(path)
    where = f"the training settings of {path}"
    found = validated(TrainingConfig, package.manifest.training_config, where).deciding
    asked = config.deciding
    if found != asked:
        raise MisuseError(
            f"{path} must have been trained with the settings asked for, but differs in "
            f"{differences(found, asked)}. Choose another --work."
        )
    if not package.manifest.learnt_from([content_hash(store) for store in stores]):
        raise MisuseError(
            f"{path} must have been trained on the records in {named(stores)} as they are now, but "
            "was not. Choose another --work."
        )
    return package
