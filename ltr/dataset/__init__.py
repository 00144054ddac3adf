"""Data sets: sequences of frames with the box of one target."""
