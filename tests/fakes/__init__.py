"""Tiny data sets, written in the formats that the real ones have on disk."""
