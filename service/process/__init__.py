"""Processes: the supervisor behind `sluice up` and the embedded Redis."""
