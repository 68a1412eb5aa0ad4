"""Protocols that travel with the program."""
