"""The brain: plain values in, plain values out."""
