"""Weights that others trained, read without running their code."""
