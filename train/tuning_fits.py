"""Fits the members of a trial, here or in processes of their own; answers in the order asked."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from simulate.errors import GlassyLiError
from train.config import TrainingConfig
from train.course import Course
from train.dataset import TrainingSet
from train.held_out import Losses
from train.member import fit_member

Fit = tuple[TrainingConfig, int]
"""Settings of a member, and its number."""

FitAll = Callable[[Sequence[Fit]], Iterator[Losses]]
"""Fits members and asks each of the designs it never saw."""


@contextmanager
def fitting(data: TrainingSet, folder: Path, n_workers: int) -> Iterator[FitAll]:
    """Fits members as long as it is held.

    Args:
        data: What they are fitted to.
        folder: Where the data are for processes elsewhere, while there are any.
        n_workers: Processes; 1: this one.
    """
    if n_workers == 1:
        yield lambda fits: (_losses(data, *each) for each in fits)
        return
    data.write(folder)
    pool = ProcessPoolExecutor(n_workers, get_context("spawn"), _read_data, (folder,))

    def fit_all(fits: Sequence[Fit]) -> Iterator[Losses]:
        answers = [pool.submit(_losses_of_process, *each) for each in fits]
        try:
            for each in answers:
                yield each.result()
        except BrokenProcessPool as error:
            raise GlassyLiError(
                "every process of a tuning must live to the end of its trial, but one was lost, "
                "for want of memory perhaps. Lower n_workers; the same command goes on."
            ) from error
        finally:
            for each in answers:
                each.cancel()

    try:
        yield fit_all
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)


_PROCESS: dict[str, TrainingSet] = {}
"""The data of a process that fits members for another."""


def _read_data(folder: Path) -> None:
    _PROCESS["data"] = TrainingSet.read(folder)


def _losses_of_process(config: TrainingConfig, number: int) -> Losses:
    return _losses(_PROCESS["data"], config, number)


def _losses(data: TrainingSet, config: TrainingConfig, number: int) -> Losses:
    """Of the designs that a member never saw; processes share the GPU, if one is asked for."""
    course = Course(device="cuda" if config.use_gpu else "cpu")
    return Losses.of(data, config, fit_member(data, config, number, course))
