"""From deposition conditions to a glassy share: every assumption between a cell and a simulation.

`conditions`    what is set at the bench
`maps`          the assumption that turns it into embryos; `paper_map`, `overpotential_map`
`bridge`        the assumption that turns nanoseconds into minutes
`forecast`      a model, a map and a bridge, asked about conditions
`likelihoods`, `observations`   what the paper saw
`calibration`, `summary`        what that says about a map
"""
