"""Interatomic potentials: coefficients as data with their citation, and the admission test."""
