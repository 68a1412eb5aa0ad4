"""What `package.json` says about a model package, read and checked without loading a network.

Light on purpose: a package that cannot be used is refused before torch is imported.
"""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, ValidationError

from simulate.errors import PackageError
from simulate.files import sha256_of
from simulate.protocol import Protocol
from simulate.settings import Settings, explain
from surrogate.applicability import TrainingDomain

if TYPE_CHECKING:
    from surrogate.network import EmbryoNet

SCHEMA_VERSION: Final = 1
MANIFEST: Final = "package.json"
WEIGHTS: Final = "weights.safetensors"
CARD: Final = "model_card.md"
UNITS: Final = {
    "time": "ps on the hold clock",
    "temperature": "K, experiment-equivalent",
    "packing_density": "g/cm3",
}


class Architecture(Settings):
    """Sizes of the networks."""

    design_width: int = Field(ge=1)
    graph_width: int = Field(ge=1)
    n_rounds: int = Field(ge=1)

    def network(self) -> "EmbryoNet":
        """A member without training."""
        from surrogate.network import EmbryoNet

        return EmbryoNet(self.design_width, self.graph_width, self.n_rounds)


class Gates(Settings):
    """How much of the structure correction counts, chosen on held-out designs.

    Attributes:
        packed: For atoms before the end of the quench.
        waiting: For atoms at the end of the quench or later.
    """

    packed: float = Field(ge=0, le=1)
    waiting: float = Field(ge=0, le=1)


class ReferenceCurve(Settings):
    """Kaplan-Meier curve of the training records: the forecast to beat.

    Attributes:
        knots_ps: 0 and the times of order on the hold clock, rising.
        survival_at_knots: Share still disordered there; linear between, constant after the last.
    """

    knots_ps: list[float]
    survival_at_knots: list[float]


class Manifest(Settings):
    """What `package.json` says.

    Attributes:
        training_data_sha256: `simulate.store.content_hash` of every training store.
        n_packings: Packings averaged by the full road.
        road_difference: Mean absolute difference of P(order by the end of the hold) between the two
            roads, over the training designs.
        scores: What held-out designs showed, by road (see `train.evaluate`).
        warnings: What a user should know about the data.
        sha256: Checksum of every other file.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    glassyli: str = Field(default_factory=lambda: version("glassyli"))
    created_at: str
    element: str
    potential: str
    protocol: Protocol
    domain: TrainingDomain
    architecture: Architecture
    n_members: int = Field(ge=2)
    n_packings: int = Field(ge=1)
    gates: Gates
    training_data_sha256: list[str]
    n_records: int
    n_failed: int
    road_difference: float
    reference: ReferenceCurve
    scores: dict[str, Any]
    warnings: list[str]
    training_config: dict[str, Any]
    units: dict[str, str] = Field(default_factory=UNITS.copy)
    sha256: dict[str, str] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """`surrogate.package.Package.label`, as read: the checksum of the weights names a model."""
        return f"{self.name}-{self.sha256[WEIGHTS][:8]}"


def read_checked(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """What a package folder says it is, and the bytes of its other files, checked.

    Raises:
        PackageError: Missing, damaged, foreign, or written by a newer release.
    """
    manifest = read_manifest(path)
    content = {}
    for name in (WEIGHTS, CARD):
        content[name] = _read_bytes(path / name)
        found = sha256_of(content[name])
        if found != manifest.sha256.get(name):
            raise PackageError(
                f"{path / name} must have checksum {manifest.sha256.get(name, 'none')[:12]}…, but "
                f"has {found[:12]}…: it was changed or damaged. Fetch or train the package anew."
            )
    return manifest, content


def read_manifest(path: Path) -> Manifest:
    """What a package folder says it is.

    Raises:
        PackageError: Missing, damaged, foreign, or written by a newer release.
    """
    if not (path / MANIFEST).is_file():
        raise PackageError(
            f"a model package must be a folder with a {MANIFEST}, but {path} is not one. "
            "Make one with `glassyli train STORE --out PACKAGE`."
        )
    data = _read_bytes(path / MANIFEST)
    try:
        schema = _Schema.model_validate_json(data).schema_version
    except ValidationError as error:
        raise PackageError(
            f"{path / MANIFEST} is damaged or not a model package: {explain(error)} "
            "Fetch or train the package anew."
        ) from error
    if schema > SCHEMA_VERSION:
        raise PackageError(
            f"{path} must have schema {SCHEMA_VERSION} or older, but has {schema}: a newer release "
            "of glassyli wrote it. Update glassyli."
        )
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise PackageError(
            f"{path / MANIFEST} is damaged: {explain(error)} Fetch or train the package anew."
        ) from error


class _Schema(Settings, extra="ignore"):
    """The one key that is read before all others."""

    schema_version: int


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"a model package must hold a readable {path.name}, but {path}: {error.strerror}. "
            "Fetch or train the package anew."
        ) from error
