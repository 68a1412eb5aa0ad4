"""Forecasts written down before anything is simulated, so that fresh dynamics can judge them.

`forecasts`    what is written, and read again
`freezing`     which conditions, which embryos, and what the model says of them
"""
