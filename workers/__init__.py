"""The hands that work in the background: RQ jobs and upkeep."""
