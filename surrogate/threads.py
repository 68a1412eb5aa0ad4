"""Small tensors are computed on one thread: quicker on a busy machine, and the same every time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread while the block runs.

    For tensors of a few thousand numbers waiting for other threads costs more than they give,
    tenfold on a busy machine; and sums over threads may round differently from call to call.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
