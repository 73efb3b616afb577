"""Alembic migration scripts, numbered in order."""
