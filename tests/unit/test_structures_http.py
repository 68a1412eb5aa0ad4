import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from served import Served, served_package
from server_process import command_line
from synthetic import lithium

from benchmarks import structure_files
from serve.commands.predict import _structure_question
from serve.endpoint.settings import Limits, ServerSettings
from serve.messages.structures import FrameForecast, StructuresReply
from simulate.errors import MisuseError

DESIGN = lithium(n_atoms=220)
SAID = DESIGN.model_dump(mode="json")
WRITERS = structure_files.WRITERS


def ask(served: Served, name: str, data: bytes, design: Any = SAID, **parts: Any) -> httpx.Response:
    values = {key: json.dumps(value) for key, value in ({"design": design} | parts).items()}
    values |= {key: parts[key] for key in ("stage",) if key in parts}
    return httpx.post(
        f"{served.url}/v1/structures/predict",
        files={"file": (name, data)},
        data=values,
        timeout=60.0,
    )


def told(response: httpx.Response) -> StructuresReply:
    assert response.status_code == 200, response.text
    return StructuresReply.model_validate_json(response.content)


def error(response: httpx.Response, status: int = 422) -> dict[str, Any]:
    assert response.status_code == status, response.text
    (one,) = response.json()["detail"]
    return dict(one)


@pytest.mark.parametrize("name", WRITERS)
def test_the_answer_is_the_command_lines(served: Served, name: str, tmp_path: Path) -> None:
    data = WRITERS[name](structure_files.snapshots(DESIGN, 1 if name.endswith(".data") else 2))
    (tmp_path / name).write_bytes(data)
    # The verb itself, without the seconds that its process takes to start.
    asked = _structure_question(tmp_path / name, json.dumps(SAID), None)
    wanted = asked(served.predictor, 150.0)
    reply = told(ask(served, name, data, horizon_ps=150.0))
    assert reply.model.label == served.predictor.package.label
    for frame, line in zip(reply.frames, wanted, strict=True):
        assert line.told == {key: getattr(frame, key) for key in ("frame", "stage", "time_ps")}
        assert frame.prediction == line.prediction


def test_atoms_come_with_what_the_model_says_of_each(served: Served) -> None:
    snapshot = structure_files.snapshots(DESIGN)[0]
    (frame,) = told(ask(served, "a.xyz", structure_files.xyz([snapshot]), with_atoms=True)).frames
    assert frame.atoms is not None
    assert np.abs(np.array(frame.atoms.positions_A) - snapshot.positions_A).max() < 1.0e-3
    expected = served.predictor.p_crystalline_atoms(snapshot, DESIGN)
    assert frame.atoms.p_crystalline == pytest.approx(expected.tolist(), abs=1.0e-5)
    assert told(ask(served, "a.xyz", structure_files.xyz([snapshot]))).frames[0].atoms is None


def test_what_the_file_says_may_be_left_out(served: Served) -> None:
    data = structure_files.xyz(structure_files.snapshots(DESIGN))
    short = {"energy_exchange": "open"}
    (frame,) = told(ask(served, "a.xyz", data, short)).frames
    assert frame.design.model_copy(update={"packing_density_g_cm3": 0.0534}) == DESIGN
    assert frame.design.packing_density_g_cm3 == pytest.approx(0.0534, rel=1.0e-4)


def reasons(frame: FrameForecast) -> str:
    return " ".join(frame.prediction.applicability.reasons)


def test_a_stage_is_said_where_the_file_does_not_say_it(served: Served) -> None:
    snapshot = replace(structure_files.snapshots(DESIGN)[0], stage="packing", time_ps=-30.0)
    data = structure_files.lammps_data([snapshot])
    (silent,) = told(ask(served, "a.data", data)).frames
    assert "stage unknown" in reasons(silent)
    (packed,) = told(ask(served, "a.data", data, stage="packing")).frames
    wanted = served.predictor.predict_structure(snapshot, DESIGN)
    assert (packed.stage, packed.time_ps) == ("packing", 0.0)
    assert packed.prediction.p_crystalline == pytest.approx(wanted.p_crystalline, abs=1.0e-6)
    assert packed.prediction.p_crystalline > silent.prediction.p_crystalline
    assert "stage unknown" not in reasons(packed)
    (late,) = told(ask(served, "a.data", data, stage="hold", time_ps=40.0)).frames
    assert (late.stage, late.time_ps) == ("hold", 40.0)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"stage": "nowhere"}, "stage"),
        ({"time_ps": 5.0}, "stage"),
        ({"stage": "packing", "time_ps": 5.0}, "time_ps"),
        ({"stage": "packing"}, "stage"),
        ({"stage": "hold", "time_ps": 5.0, "frames": [1]}, "time_ps"),
        ({"stage": "hold", "time_ps": 0.0}, "time_ps"),
    ],
)
def test_a_stage_that_cannot_be_is_refused(
    served: Served, said: dict[str, Any], field: str
) -> None:
    data = structure_files.xyz(structure_files.snapshots(DESIGN, 2))
    assert error(ask(served, "a.xyz", data, **said))["field"] == field


def test_what_is_taken_as_periodic_is_said(served: Served) -> None:
    short = {"energy_exchange": "open"}
    for name, write in WRITERS.items():
        data = write(structure_files.snapshots(DESIGN))
        is_silent = name.endswith((".data", ".gsd"))
        (open_one,) = told(ask(served, name, data, short)).frames
        assert ("taken as periodic" in reasons(open_one)) == is_silent
        (said,) = told(ask(served, name, data, short | {"mass_exchange": "open"})).frames
        assert "taken as periodic" not in reasons(said)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"n_atoms": 221}, "design.n_atoms"),
        ({"packing_density_g_cm3": 0.06}, "design.packing_density_g_cm3"),
        ({"mass_exchange": "confined"}, "design.mass_exchange"),
        ({"hold_temperature_K": 20.0}, "design.hold_temperature_K"),
        ({"colour": "red"}, "design.colour"),
    ],
)
def test_a_design_that_is_not_the_files_is_refused(
    served: Served, changed: dict[str, Any], field: str
) -> None:
    data = structure_files.xyz(structure_files.snapshots(DESIGN))
    assert error(ask(served, "a.xyz", data, SAID | changed))["field"] == field


def test_the_density_inside_a_wall_must_be_said(served: Served) -> None:
    confined = lithium(n_atoms=220, mass_exchange="confined")
    data = structure_files.xyz(structure_files.snapshots(confined))
    one = error(ask(served, "a.xyz", data, {"energy_exchange": "open"}))
    assert (one["field"], one["found"]) == ("design.packing_density_g_cm3", None)
    assert (one["allowed"]["type"], one["allowed"]["minimum"]) == ("number", 0.0001)
    assert f"from 0.0001 to {one['allowed']['maximum']:.6g}, but is missing" in one["message"]
    assert "frame 1 is not periodic" in one["message"]
    assert "density at which it was packed" in one["message"]
    told(ask(served, "a.xyz", data, {"energy_exchange": "open", "packing_density_g_cm3": 0.0534}))


@pytest.mark.parametrize("wall_shape", ["sphere", "cube"])
def test_atoms_must_fit_inside_their_wall(served: Served, wall_shape: str, tmp_path: Path) -> None:
    sphere = lithium(n_atoms=220, mass_exchange="confined")
    confined = sphere.model_copy(update={"wall_shape": wall_shape})
    data = structure_files.xyz(structure_files.snapshots(confined))
    (tmp_path / "a.xyz").write_bytes(data)
    said = confined.model_dump(mode="json")
    told(ask(served, "a.xyz", data, said))
    dense = said | {"packing_density_g_cm3": 0.3}
    one = error(ask(served, "a.xyz", data, dense))
    assert (one["field"], one["found"]) == ("design.packing_density_g_cm3", 0.3)
    assert wall_shape in one["message"]
    with pytest.raises(MisuseError, match=r"frame 1: at packing_density_g_cm3 = 0\.3"):
        _structure_question(tmp_path / "a.xyz", json.dumps(dense), None)


def test_lammps_files_are_known_by_their_usual_names(served: Served) -> None:
    snapshots = structure_files.snapshots(DESIGN)
    data, dump = structure_files.lammps_data(snapshots), structure_files.lammps_dump(snapshots)
    for name, content in (
        ("data.li", data),
        ("dump.100", dump),
        ("DUMP.7.gz", gzip.compress(dump)),
    ):
        assert told(ask(served, name, content)).frames[0].n_atoms == DESIGN.n_atoms
    for name in ("README.md", "POSCAR", "data.cif"):
        one = error(ask(served, name, data))
        assert (one["field"], one["found"]) == ("format", name)
        assert "POSCAR and CIF, are not read" in one["message"]


def test_every_refusal_names_its_part(served: Served) -> None:
    data = structure_files.xyz(structure_files.snapshots(DESIGN))
    assert error(ask(served, "a.txt", data))["field"] == "format"
    assert error(ask(served, "a.xyz", data, horizon_ps=-1))["field"] == "horizon_ps"
    assert error(ask(served, "a.xyz", data, frames=[0]))["field"] == "frames"
    assert error(ask(served, "a.xyz", data, frames=[2]))["field"] == "file"
    assert error(ask(served, "a.xyz", data, with_atoms="yes"))["field"] == "with_atoms"
    assert error(ask(served, "a.xyz", data[:-900]))["field"] == "file"
    url = f"{served.url}/v1/structures/predict"
    assert error(httpx.post(url, json={}), 415)["allowed"] == {"enum": ["multipart/form-data"]}
    parts = {"design": (None, json.dumps(SAID))}
    assert error(httpx.post(url, files=parts))["field"] == "file"
    parts = {"file": ("a.xyz", data), "design": (None, "{")}
    assert error(httpx.post(url, files=parts))["field"] == "design"
    head = {"content-type": "multipart/form-data"}
    assert error(httpx.post(url, content=b"x", headers=head))["field"] == "body"
    head = {"content-type": "multipart/form-data; boundary=x"}
    assert error(httpx.post(url, content=b"--y\r\n", headers=head))["field"] == "body"


def test_what_is_too_large_is_refused_by_the_servers_own_limits(served: Served) -> None:
    limits = Limits(upload_bytes=20_000, atoms=500, frames=3)
    few = structure_files.xyz_gz(structure_files.snapshots(DESIGN, 2))
    with served_package(served.package, ServerSettings(limits=limits)) as small:
        told(ask(small, "a.xyz.gz", few))
        many = structure_files.xyz_gz(structure_files.snapshots(DESIGN, 3))
        assert error(ask(small, "a.xyz.gz", many), 413)["allowed"] == {"maximum": 500}
        told(ask(small, "a.xyz.gz", many, frames=[1, 3]))
        four = structure_files.xyz_gz(structure_files.snapshots(DESIGN, 4))
        assert error(ask(small, "a.xyz.gz", four), 413)["allowed"] == {"maximum": 3}
        body = error(ask(small, "a.xyz", b" " * 1_200_000), 413)
        assert body["field"] == "body"


def test_no_path_and_no_traceback_is_told(served: Served) -> None:
    for data in (b"", b"\x00" * 100, gzip.compress(b"300\n\n"), b"5\n\nLi 1 2\n" * 5):
        for name in ("a.xyz", "a.gsd", "a.data", "a.dump"):
            text = ask(served, name, data).text
            assert "Traceback" not in text
            assert "/tmp" not in text  # noqa: S108 - where the reader lives
            assert str(Path.home()) not in text


@pytest.mark.parametrize("places", ["MOST_ARRIVING", "MOST_ARRIVED"])
def test_only_so_many_files_are_taken_at_once(
    served: Served, monkeypatch: pytest.MonkeyPatch, places: str
) -> None:
    monkeypatch.setattr(f"serve.endpoint.routes.structures.{places}", 0)
    with served_package(served.package) as full:
        response = ask(full, "a.xyz", structure_files.xyz(structure_files.snapshots(DESIGN)))
    assert error(response, 503)["field"] == "server"
    assert int(response.headers["Retry-After"]) > 0


@contextmanager
def trickling(served: Served, n: int) -> Iterator[None]:
    """So many clients that send the head of a form and no more."""
    head = (
        "POST /v1/structures/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    address = httpx.URL(served.url)
    with ExitStack() as open_ones:
        for _ in range(n):
            one = socket.create_connection((address.host, address.port or 80))
            open_ones.enter_context(one)
            one.sendall(head.encode())
        time.sleep(0.3)
        yield


def test_slow_clients_do_not_keep_others_out(served: Served) -> None:
    with trickling(served, 16):
        data = structure_files.xyz(structure_files.snapshots(DESIGN))
        assert told(ask(served, "a.xyz", data)).frames


def test_an_upload_is_answered_in_time_or_sent_away(served: Served) -> None:
    data = structure_files.xyz(structure_files.snapshots(DESIGN))
    with served_package(served.package, ServerSettings(limits=Limits(request_s=0.02))) as hasty:
        # Its reader is still being started.
        response = ask(hasty, "a.xyz", data)
    one = error(response, 503)
    assert one["field"] == "server"
    assert "at most 0.02 s" in one["message"]


def test_a_server_that_can_start_no_reader_says_so(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("serve.uploads.readers.sys.executable", str(tmp_path / "nowhere"))
    data = structure_files.xyz(structure_files.snapshots(DESIGN))
    with served_package(served.package) as ill:
        response = ask(ill, "a.xyz", data)
    assert error(response, 503)["field"] == "server"
    assert str(tmp_path) not in response.text


def test_a_reader_is_there_before_the_first_file_and_goes_with_the_server(served: Served) -> None:
    def readers() -> set[psutil.Process]:
        return {
            each
            for each in psutil.Process().children()
            if "serve.uploads.child" in command_line(each)
        }

    def wait_until(is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60.0
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    others = readers()  # some of them may be about to end
    with served_package(served.package):
        wait_until(lambda: readers() - others)
        own = readers() - others
    wait_until(lambda: not readers() & own)
