"""Figures hold every record, mark its class, and take their ink from the page."""

import re
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from synthetic import ALWAYS, NEVER, Truth, lithium, synthetic_record
from truth_forecaster import forecast

from serve.plots import draw_incubation, fraction_svg, grouped, incubation_svg
from serve.survival_plot import survival_svg
from serve.themed_svg import PAGE, PRINT
from simulate.record import TrajectoryRecord
from surrogate.prediction import Prediction

SOON = Truth(quench_logit=-50.0, cure=0.0, median_ps=40.0)


def three_classes() -> list[TrajectoryRecord]:
    return [
        synthetic_record(lithium(150), truth=ALWAYS),
        synthetic_record(lithium(300), truth=SOON),
        synthetic_record(lithium(450, mass_exchange="confined"), truth=NEVER),
    ]


def predictions(records: list[TrajectoryRecord]) -> list[Prediction]:
    return [forecast(record.design, Truth(), 200.0) for record in records]


def test_every_class_has_its_own_mark_at_its_own_time() -> None:
    records = three_classes()
    with mpl.rc_context(PRINT.settings("test")):
        figure = Figure()
        draw_incubation(figure, records, PRINT)
    main, strip = figure.axes
    drawn = {
        (line.get_marker(), line.get_markerfacecolor() == "none"): float(line.get_ydata()[0])
        for line in main.lines
        if len(line.get_xdata()) == 1 and np.isfinite(line.get_ydata()[0])
    }
    censored, observed = records[2].incubation, records[1].incubation
    assert drawn["^", True] == censored.lower_ps
    (filled,) = [time_ps for (_, is_open), time_ps in drawn.items() if not is_open]
    assert observed.lower_ps <= filled <= observed.upper_ps
    assert [float(line.get_ydata()[0]) for line in strip.lines] == [0.0]


def test_replicas_do_not_hide_each_other() -> None:
    records = [synthetic_record(lithium(300), seed, truth=NEVER) for seed in (1, 2, 3)]
    with mpl.rc_context(PRINT.settings("test")):
        figure = Figure()
        draw_incubation(figure, records, PRINT)
    places = [
        float(line.get_xdata()[0])
        for line in figure.axes[0].lines
        if line.get_marker() == "^" and len(line.get_xdata())
    ]
    assert len(set(places)) == len(records)


def test_figures_are_well_formed_and_take_the_page_s_ink() -> None:
    records = three_classes()
    for svg in (
        incubation_svg(records),
        fraction_svg(records),
        survival_svg(records, predictions(records)),
    ):
        root = ET.fromstring(svg)  # noqa: S314 - our own drawing
        assert root.tag.endswith("svg")
        assert "width" not in root.attrib
        assert "var(--ink)" in svg
        assert not {PAGE.ink, PAGE.faint, PAGE.paper} & set(re.findall(r"#[0-9a-f]{6}", svg))


def test_figures_without_data_are_empty() -> None:
    failed = synthetic_record(lithium(), is_failed=True)
    assert not incubation_svg([])
    assert not incubation_svg([failed])
    assert not fraction_svg([failed])
    assert not survival_svg([], [])


def test_many_trajectories_stay_a_small_figure() -> None:
    records = [synthetic_record(lithium(), seed) for seed in range(120)]
    assert len(fraction_svg(records)) < 300_000
    assert len(incubation_svg(records * 4)) < 300_000


def test_groups_are_surroundings_and_show_temperatures_where_they_differ() -> None:
    cold, warm = lithium(hold_temperature_K=250.0), lithium(hold_temperature_K=300.0)
    one = [synthetic_record(lithium(n_atoms)) for n_atoms in (150, 300)]
    assert list(grouped(one)) == ["0.0534 g/cm³, periodic, thermostatted"]
    assert [name[-5:] for name in grouped([synthetic_record(cold), synthetic_record(warm)])] == [
        "250 K",
        "300 K",
    ]


def test_the_predicted_curve_follows_the_prediction() -> None:
    records = three_classes()
    drawn = {
        cure: survival_svg(
            records,
            [forecast(record.design, Truth(cure=cure), 200.0) for record in records],
        )
        for cure in (0.1, 0.9)
    }
    assert drawn[0.1] != drawn[0.9]
