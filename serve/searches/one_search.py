"""One search of a server: what it is known by, and running it."""

from collections.abc import Callable
from pathlib import Path

from serve.messages.searches import SearchJob
from simulate.errors import GlassyLiError, MisuseError
from simulate.files import canonical_json, sha256_of
from surrogate.deposition.bridge import check_horizon
from surrogate.deposition.sampled_space import SampledSpace
from surrogate.manifest import Manifest
from surrogate.search.config import SearchConfig, corner_conditions
from surrogate.search.studies import bridge_of, identity_of, maps_of


class ReplacedError(GlassyLiError):
    """The model changed under a job; says so without a path."""


def id_of(config: SearchConfig, manifest: Manifest) -> str:
    """Content hash of all that decides the answer; what `run_search` would refuse is refused now.

    Raises:
        MisuseError: Another element, a temperature that was not sampled, or a horizon far beyond
            the model's holds.
    """
    maps = maps_of(config, manifest.label, manifest.domain.potentials)
    check_horizon(bridge_of(config, maps[0]), manifest.domain)
    space = SampledSpace.of(manifest.domain)
    for conditions in corner_conditions(config):
        space.check_temperature(conditions.temperature_K)
    hold_ps = manifest.protocol.hold_ps
    studies = [
        identity_of(config, maps, number, manifest.label, hold_ps) for number in range(len(maps))
    ]
    asked = {
        "package": manifest.digest,
        "studies": studies,
        "n_trials": config.n_trials,
        "n_ranked": config.n_ranked,
    }
    return sha256_of(canonical_json(asked))[:16]


def run_job(
    job: SearchJob, package: Path, out: Path, told: Callable[[int, int, float], None]
) -> None:
    """Run a search, or go on with it where it stopped.

    Args:
        job: Of this id.
        package: The model that is to answer.
        out: Folder of the search.
        told: Trials done, trials in all, seconds left.

    Raises:
        ReplacedError: The package is another one than the job was made for.
    """
    from surrogate.predictor import Predictor
    from surrogate.search.run import run_search

    predictor = Predictor.load(package)
    if not _is_of(job, predictor.package.manifest):
        raise ReplacedError(
            f"The model {job.model.label} was replaced by another package, "
            f"{predictor.package.label}, before the search was done. Submit it again to ask the "
            "new one."
        )
    run_search(predictor, job.config, out, told)


def _is_of(job: SearchJob, manifest: Manifest) -> bool:
    try:
        return id_of(job.config, manifest) == job.id
    except MisuseError:
        return False
