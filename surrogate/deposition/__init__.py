"""From deposition conditions to a glassy share: every assumption between a cell and a simulation.

`conditions`    what is set at the bench
`maps`          the assumption that turns it into embryos; `paper_map`, `overpotential_map`
`bridge`        the assumption that turns nanoseconds into minutes
`forecast`      a model, a map and a bridge, asked about conditions
`observations`, `calibration`   what the paper saw, and what it says about a map
"""
