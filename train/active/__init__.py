"""Active learning: which embryos to simulate next, so that the boundary is known with few."""
