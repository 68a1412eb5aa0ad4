"""The curvature a line is fitted by, against automatic differentiation through its unknowns."""

import pytest
import torch
from synthetic import lithium, synthetic_record
from torch.func import grad, jacrev, vmap

from train import design_fit
from train.design_fit import Rows, fit_lines
from train.loss import Prior, Targets


def test_the_curvature_of_a_line_is_that_of_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [synthetic_record(lithium(n), seed) for n in (200, 300, 500) for seed in (1, 2, 3)]
    features = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = Rows(features, Targets.of(records), [record.design.key for record in records])
    prior = Prior.for_hold(200.0, 0.5, n_features=2)
    differences = []

    def checked(loss, curvature, start, others):
        moved = start + 0.3 * torch.linspace(-1.0, 1.0, start.numel()).reshape(start.shape)
        expected = vmap(jacrev(grad(loss)))(moved, *others)
        differences.append(
            (curvature(moved, *others) - expected).abs().max() / expected.abs().max()
        )
        return newton(loss, curvature, start, others)

    newton = design_fit._newton
    monkeypatch.setattr(design_fit, "_newton", checked)
    weights = torch.stack([rows.everyone, torch.linspace(0.0, 2.0, 9, dtype=torch.float64)])
    fit_lines(rows, weights, Prior.stacked([prior.anchored(1, 1.0), prior.anchored(1, -1.0)]))
    assert len(differences) == 1
    assert differences[0] < 1.0e-12
