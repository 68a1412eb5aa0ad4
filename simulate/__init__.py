"""From design points to records: packing, molecular dynamics, labels, incubation."""
