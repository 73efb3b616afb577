"""HTTP routes; each translates a protocol into a use case and back."""
