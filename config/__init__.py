"""Settings and logging; imports nothing else of ours."""

from config.settings import Settings, SettingsError, load

__all__ = ["Settings", "SettingsError", "load"]
