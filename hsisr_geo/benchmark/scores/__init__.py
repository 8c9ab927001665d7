"""Scores and times of one system."""
