"""Configs that travel with the program."""
