"""Settings and logging; imports nothing else of ours."""
