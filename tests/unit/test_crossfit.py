"""What judges forecast together is the mean of what each forecasts."""

import math

import pytest
import torch

from train.crossfit import _loss_together
from train.metrics import LEAST_PROBABILITY


def test_judges_together_say_the_mean_of_their_probabilities() -> None:
    losses = -torch.tensor([[0.2, 0.9], [0.6, 0.1]], dtype=torch.float64).log()
    judges = torch.tensor([[True, True], [True, False]])
    expected = -(math.log(0.4) + math.log(0.9)) / 2.0
    assert _loss_together(losses, judges) == pytest.approx(expected)


def test_one_judge_taken_by_surprise_does_not_decide_alone() -> None:
    losses = torch.tensor([[50.0], [1.0]], dtype=torch.float64)
    both, one = torch.tensor([[True], [True]]), torch.tensor([[True], [False]])
    assert _loss_together(losses, both) == pytest.approx(1.0 + math.log(2.0))
    assert _loss_together(losses, one) == pytest.approx(-math.log(LEAST_PROBABILITY))
