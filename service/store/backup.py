"""Backups."""


class BackupError(Exception):
    """A backup cannot be made or used."""
