"""SQL, one function per question."""
