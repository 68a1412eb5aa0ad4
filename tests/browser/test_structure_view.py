"""The structure view: a file becomes a picture in three dimensions and a forecast of each frame."""

import gzip
import io

import numpy as np
import pytest
from browsing import ARGUMENTS, WIDE, WITHOUT_WEBGL, Visit, browser_path, new_context
from PIL import Image

VIEW = "structure"
CANVAS = "#structure-view .atoms canvas"

FRAMES = "train/reference/frames/9cbd285db4aa3139"


def pixels(visit):
    """The picture of the atoms."""
    with Image.open(io.BytesIO(visit.page.locator(CANVAS).screenshot())) as image:
        return np.asarray(image.convert("RGB"), dtype=float)


def open_example(visit):
    visit.open("#structure", VIEW)
    visit.rest()
    visit.page.click("#structure-view button:has-text('Try')")
    visit.page.wait_for_selector(CANVAS)
    visit.settle(VIEW)


@pytest.fixture
def frames(request):
    """Frames of a reference trajectory, as its file is in the repository."""
    (path,) = request.config.rootpath.glob(f"{FRAMES}*.xyz.gz")
    return path


def upload(visit, name, content):
    visit.page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": content})


@pytest.mark.parametrize("kind", ["xyz.gz", "xyz"])
def test_an_uploaded_file_is_seen_and_forecast(visit, frames, kind):
    visit.open("#structure", VIEW)
    content = frames.read_bytes() if kind == "xyz.gz" else gzip.decompress(frames.read_bytes())
    visit.page.fill("#structure-view [name=packing_density_g_cm3] input[type=text]", "0.076")
    upload(visit, f"embryo.{kind}", content)
    visit.page.wait_for_selector(CANVAS)
    visit.settle(VIEW)
    assert visit.page.get_attribute(CANVAS, "data-renderer") == "WebGL"
    assert "4 of 4" in visit.page.inner_text("#structure-view [data-out=frame-said]")
    # It has ordered in its last frame: nothing that waits could be forecast.
    assert not any(sign.isdigit() for sign in visit.number(VIEW))
    assert "already ordered" in visit.page.inner_text("#structure-view .headline")
    assert "solid-like" in visit.page.inner_text("#structure-view .doubt > p")
    assert not visit.page.locator("#structure-view [data-out=survival]").is_visible()
    visit.page.focus("#frame")
    visit.page.keyboard.press("Home")
    visit.settle(VIEW)
    assert 0.0 <= float(visit.number(VIEW)) <= 1.0
    assert visit.page.locator("#structure-view [data-out=survival]").is_visible()
    visit.page.keyboard.press("End")
    visit.settle(VIEW)
    assert "446 Li" in visit.page.inner_text("#structure-view .sentence")
    # Ordered atoms are blue, the others grey, on a plain ground.
    picture = pixels(visit)
    blue = (picture[..., 2] - picture[..., 0]) > 60.0
    grey = np.ptp(picture, axis=-1) < 30.0
    assert 0.01 < blue.mean() < 0.6
    assert grey.mean() > 0.1


def test_what_the_file_does_not_say_of_its_stage_can_be_said(visit, frames):
    first = gzip.decompress(frames.read_bytes()).decode().splitlines()[: 2 + 446]
    first[1] = first[1].replace("time_ps=-300.6 stage=packing ", "")
    visit.open("#structure", VIEW)
    visit.page.fill("#structure-view [name=packing_density_g_cm3] input[type=text]", "0.076")
    upload(visit, "embryo.xyz", "\n".join(first).encode())
    visit.settle(VIEW)
    sentence = visit.page.locator("#structure-view .sentence")
    assert "hold" not in sentence.inner_text()
    visit.page.select_option("#structure-view [name=stage]", "hold")
    visit.page.fill("#structure-view [name=time_ps] input[type=text]", "40")
    visit.page.wait_for_selector("#structure-view .sentence:has-text('40 ps into the hold')")
    assert "-F stage=hold" in visit.page.inner_text("#structure-view .take")


def test_the_format_of_a_file_of_any_name_can_be_said(visit):
    spacing_A, n = 3.1, 5
    rows = [
        f"{i + 1} 1 " + " ".join(f"{spacing_A * each:.1f}" for each in place)
        for i, place in enumerate(np.ndindex(n, n, n))
    ]
    sides = [f"0.0 26.0 {axis}lo {axis}hi" for axis in "xyz"]
    head = ["lithium", "", f"{n**3} atoms", "1 atom types", *sides, "", "Atoms # atomic", ""]
    content = "\n".join([*head, *rows, ""]).encode()
    visit.open("#structure", VIEW)
    visit.rest()
    upload(visit, "README.md", content)
    complaint = visit.page.locator("#structure-view [data-complaint=format]")
    complaint.wait_for(state="visible")
    assert "POSCAR and CIF, are not read" in complaint.inner_text()
    visit.page.select_option("#format", "lammps-data")
    visit.page.wait_for_selector(CANVAS)
    visit.settle(VIEW)
    assert not complaint.is_visible()
    assert "125 Li" in visit.page.inner_text("#structure-view .sentence")
    assert "-F format=lammps-data" in visit.page.inner_text("#structure-view .take")
    # By its name alone.
    visit.page.select_option("#format", "")
    complaint.wait_for(state="visible")
    upload(visit, "data.li", content)
    complaint.wait_for(state="hidden")
    visit.rest()
    assert "-F file=@data.li" in visit.page.inner_text("#structure-view .take")


def test_a_density_that_the_file_cannot_tell_is_asked_for(visit, frames):
    visit.open("#structure", VIEW)
    field = visit.page.locator("#structure-view quantity-field[name=packing_density_g_cm3]")
    assert "empty: from a periodic file" in field.inner_text()
    upload(visit, "embryo.xyz.gz", frames.read_bytes())
    field.locator(".complaint").wait_for(state="visible")
    assert "density at which it was packed" in field.locator(".complaint").inner_text()


def test_frames_differ_and_the_picture_turns(visit):
    open_example(visit)
    of_third = visit.number(VIEW), pixels(visit)
    visit.page.focus("#frame")
    visit.page.keyboard.press("ArrowRight")
    visit.settle(VIEW)
    assert "4 of 4, 100 ps into the hold" in visit.page.inner_text(
        "#structure-view [data-out=frame-said]"
    )
    of_fourth = visit.number(VIEW), pixels(visit)
    assert of_fourth[0] != of_third[0]
    assert np.abs(of_fourth[1] - of_third[1]).mean() > 1.0
    visit.page.focus(CANVAS)
    for key in ("ArrowRight", "ArrowUp", "+"):
        before = pixels(visit)
        visit.page.keyboard.press(key)
        assert np.abs(pixels(visit) - before).mean() > 0.5
    visit.page.keyboard.press("0")
    assert np.abs(pixels(visit) - of_fourth[1]).mean() < 0.1
    visit.page.check("#shrink")
    assert np.abs(pixels(visit) - of_fourth[1]).mean() > 1.0


def test_no_frame_of_the_file_before_can_be_chosen(visit, frames):
    open_example(visit)
    assert visit.page.locator("#frame").is_visible()
    held = []

    def hold(route):
        held.append(route)

    visit.page.route("**/v1/structures/predict", hold)
    with visit.page.expect_request("**/v1/structures/predict"):
        upload(visit, "another.xyz.gz", frames.read_bytes())
    assert not visit.page.locator("#frame").is_visible()
    for route in held:
        route.continue_()
    visit.page.unroute("**/v1/structures/predict")
    visit.page.locator("#frame").wait_for(state="visible")
    visit.settle(VIEW)


def test_a_file_is_sent_again_once_the_hand_rests(visit):
    open_example(visit)
    sent = [path for path, _ in visit.asked]
    for horizon_ps in (100.0, 200.0, 300.0, 400.0):
        visit.slide(VIEW, "horizon_ps", horizon_ps)
        visit.page.wait_for_timeout(150)
    visit.page.wait_for_selector("#structure-view .answer.waiting")
    visit.page.wait_for_selector("#structure-view .answer:not(.waiting)")
    assert "within 40" in visit.page.inner_text("#structure-view .headline .what")
    # The horizon changes no atom: the picture is not asked for again.
    assert [path for path, _ in visit.asked] == [*sent, "/v1/structures/predict"]


def test_a_hand_turns_the_atoms(visit):
    open_example(visit)
    before = pixels(visit)
    box = visit.page.locator(CANVAS).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(*middle)
    visit.page.mouse.down()
    visit.page.mouse.move(middle[0] + 120, middle[1] + 40, steps=5)
    visit.page.mouse.up()
    assert np.abs(pixels(visit) - before).mean() > 1.0


@pytest.mark.parametrize(
    ("name", "content"),
    [("broken.xyz", b"3\nno lattice here\nLi 0 0\n"), ("picture.png", b"\x89PNG\r\n\x1a\n")],
)
def test_a_file_that_is_none_is_a_sentence(visit, name, content):
    visit.open("#structure", VIEW)
    visit.rest()
    upload(visit, name, content)
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('#structure-view .complaint, #trouble')]"
        ".some((each) => !each.hidden && each.textContent.trim().endsWith('.'))"
    )
    assert visit.page.locator(CANVAS).count() == 0


def test_without_webgl_atoms_are_seen_all_the_same(server, chromium):
    browser = chromium.browser_type.launch(
        executable_path=browser_path(), args=[*ARGUMENTS, WITHOUT_WEBGL]
    )
    visit = Visit.of(new_context(browser, WIDE), server)
    open_example(visit)
    assert visit.page.get_attribute(CANVAS, "data-renderer") == "2D"
    before = pixels(visit)
    assert before.std() > 10.0
    visit.page.focus(CANVAS)
    visit.page.keyboard.press("ArrowLeft")
    assert np.abs(pixels(visit) - before).mean() > 0.5
    browser.close()
    assert visit.complaints == []
