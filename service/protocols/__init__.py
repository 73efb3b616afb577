"""Protocols of other services, each answered in its own shape, errors too; beside the native API under ``/v1``."""
