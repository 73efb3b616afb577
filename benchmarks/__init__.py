"""Benchmarks of the real stack, each against its baseline in the same run: ``python -m benchmarks``."""
