"""Text for messages."""

import re


def counted(number: int, noun: str) -> str:
    """``number`` and ``noun``, with a plural s unless it is 1: ``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bare_name(name: str) -> str:
    """``name`` in lower case, without punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
