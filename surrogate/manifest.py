"""What `package.json` says about a model package, read and checked without loading a network.

Light on purpose: a package that cannot be used is refused before torch is imported.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, ValidationError

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError, PackageError
from simulate.files import sha256_of
from simulate.protocol import Protocol
from simulate.record import PHYSICS_VERSION
from simulate.settings import Settings, explain
from surrogate.applicability import TrainingDomain
from surrogate.calibration import Calibration
from surrogate.features import FEATURE_NAMES
from surrogate.known_answer import KnownAnswer

if TYPE_CHECKING:
    from surrogate.network import EmbryoNet
    from surrogate.surroundings import Stage

SCHEMA_VERSION: Final = 7
MANIFEST: Final = "package.json"
WEIGHTS: Final = "weights.safetensors"
CARD: Final = "model_card.md"
UNITS: Final = {
    "time": "ps on the hold clock",
    "temperature": "K, experiment-equivalent",
    "packing_density": "g/cm3",
}

_LONG: Final = {"domain", "sha256", "reference", "parts", "calibration_without", "known_answer"}
"""Fields that a summary does without."""

_TRAIN_ANEW: Final = "Train it anew with `glassyli train STORE --out PACKAGE`."


class Architecture(Settings):
    """Sizes of the networks.

    Attributes:
        has_labels: Whether they say which atoms are crystalline; older packages do not.
    """

    design_width: int = Field(ge=1)
    graph_width: int = Field(ge=1)
    n_rounds: int = Field(ge=1)
    has_labels: bool = False

    def network(self, n_features: int = len(FEATURE_NAMES)) -> "EmbryoNet":
        """A member without training.

        Args:
            n_features: Columns of the design features, offsets of potentials among them.
        """
        from surrogate.network import EmbryoNet

        return EmbryoNet(
            self.design_width,
            self.graph_width,
            self.n_rounds,
            n_features,
            has_labels=self.has_labels,
        )


class Gates(Settings):
    """How much of the structure correction counts, chosen on held-out designs.

    Attributes:
        packed: For atoms as packed.
        heated: For atoms in the melt and on the way down.
        waiting: For atoms at the end of the quench or later.
    """

    packed: float = Field(0.0, ge=0, le=1)
    heated: float = Field(0.0, ge=0, le=1)
    waiting: float = Field(0.0, ge=0, le=1)

    def at(self, stage: "Stage") -> float:
        """That of a stage."""
        return {"packed": self.packed, "heated": self.heated, "waiting": self.waiting}[stage]


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
        physics_version: Of the records it was trained on; `simulate.record.PHYSICS_VERSION`.
        training_data_sha256: `simulate.store.content_hash` of every training store.
        element, potential: Of most records; `domain.potentials` are all.
        n_packings: Packings averaged by the full road.
        calibration: Of forecasts on the full road, fitted to designs that its judges never saw.
        calibration_without: The same fitted without each of the parts: for scores of that part.
        parts: Part of each of the designs of `domain`; member *n* left out part *n* modulo their
            number. None in packages that did not note it: nobody can judge their designs.
        road_difference: Mean absolute difference of P(order by the end of the hold) between the two
            roads, over the training designs.
        scores: What held-out designs showed, by road (see `train.scores`).
        decidable_scores: The same of the full road, without undecidable embryos; None if all or
            none are.
        warnings: What a user should know about the data.
        known_answer: A forecast to reproduce before relying on a copy; older packages have none.
        sha256: Checksum of every other file.
    """

    schema_version: int = SCHEMA_VERSION
    physics_version: int
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
    calibration: Calibration = Calibration()
    calibration_without: list[Calibration] = Field(default_factory=list)
    training_data_sha256: list[str]
    n_records: int
    n_failed: int
    parts: list[int] | None = None
    road_difference: float
    reference: ReferenceCurve
    scores: dict[str, Any]
    decidable_scores: dict[str, Any] | None
    warnings: list[str]
    training_config: dict[str, Any]
    known_answer: KnownAnswer | None = None
    units: dict[str, str] = Field(default_factory=UNITS.copy)
    sha256: dict[str, str] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """`surrogate.package.Package.label`, as read: the checksum of the weights names a model."""
        return f"{self.name}-{self.sha256[WEIGHTS][:8]}"

    @property
    def digest(self) -> str:
        """Content hash of the whole package: equal weights answer otherwise under other gates."""
        return sha256_of(self.model_dump_json().encode())

    def learnt_from(self, content_sha256: Sequence[str]) -> bool:
        """Whether stores of these `simulate.store.content_hash` are those it learnt from."""
        return sorted(content_sha256) == sorted(self.training_data_sha256)

    def check_substance(self, design: EmbryoDesign) -> None:
        """Refuse a potential that was not learnt where temperatures are not comparable.

        At homologous temperatures it is answered, and `TrainingDomain.judge` says that it is new.

        Raises:
            MisuseError: Another potential under a protocol without homologous temperatures.
        """
        if design.potential in self.domain.potentials or self.protocol.is_homologous:
            return
        raise MisuseError(
            "element and potential must be among those of the model, "
            f"{', '.join(self.domain.substances)}, since protocol "
            f"{self.protocol.name} does not scale temperatures, but got "
            f"{design.physics.substance}. Choose a model trained on that potential."
        )

    def network(self) -> "EmbryoNet":
        """A member without its weights."""
        return self.architecture.network(self.domain.scaling.n_features)

    def summary(self, label: str) -> dict[str, Any]:
        """What a user wants to know first; ready for JSON.

        Args:
            label: What to call the model.
        """
        values = self.model_dump(mode="json", exclude=_LONG)
        exchanges = {(d.mass_exchange, d.energy_exchange) for d in self.domain.designs}
        return values | {
            "model": label,
            "horizon_ps": self.protocol.hold_ps,
            "n_designs": len(self.domain.designs),
            "n_designs_of": self.domain.n_designs_of,
            "design_ranges": {name: list(ends) for name, ends in self.domain.ranges.items()},
            "exchanges": sorted(exchanges),
        }


def read_checked(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """What a package folder says it is, and the bytes of its other files, checked.

    Raises:
        PackageError: Missing, damaged, foreign, of another release or of other physics.
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
        PackageError: Missing, damaged, foreign, of another release or of other physics.
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
    _check_schema(path, schema)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise PackageError(
            f"{path / MANIFEST} is damaged: {explain(error)} Fetch or train the package anew."
        ) from error
    _check_physics(path, manifest)
    return manifest


class _Schema(Settings, extra="ignore"):
    """The one key that is read before all others."""

    schema_version: int


def _check_schema(path: Path, schema: int) -> None:
    if schema > SCHEMA_VERSION:
        raise PackageError(
            f"{path} must have schema {SCHEMA_VERSION}, but has {schema}: a newer release of "
            "glassyli wrote it. Update glassyli."
        )
    if schema < SCHEMA_VERSION:
        raise PackageError(
            f"{path} must have schema {SCHEMA_VERSION}, but has {schema}: an older release of "
            f"glassyli wrote it. {_TRAIN_ANEW}"
        )


def _check_physics(path: Path, manifest: Manifest) -> None:
    """Times under other physics or an unsaid protocol answer another question."""
    if manifest.physics_version != PHYSICS_VERSION:
        raise PackageError(
            f"{path} must be trained on records of physics version {PHYSICS_VERSION}, but was on "
            f"records of version {manifest.physics_version}: the same design would end otherwise "
            f"today. {_TRAIN_ANEW}"
        )
    left_out = ", ".join(_left_out(manifest.protocol))
    if left_out:
        raise PackageError(
            f"{path / MANIFEST} must say all of its protocol, but leaves out {left_out}: another "
            f"release of glassyli wrote it. {_TRAIN_ANEW}"
        )


def _left_out(settings: Settings) -> Iterator[str]:
    """Fields that were not read but filled with today's defaults."""
    for name in type(settings).model_fields:
        if name not in settings.model_fields_set:
            yield name
        elif isinstance(value := getattr(settings, name), Settings):
            yield from (f"{name}.{each}" for each in _left_out(value))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"a model package must hold a readable {path.name}, but {path}: {error.strerror}. "
            "Fetch or train the package anew."
        ) from error
