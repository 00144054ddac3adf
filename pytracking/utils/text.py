"""Words for people."""

import re


def counted(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``: ``number`` with its ``noun``, of which the plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bare_name(name: str) -> str:
    """``name`` without what people spell differently: case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
