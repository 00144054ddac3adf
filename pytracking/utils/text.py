"""Words for people."""


def counted(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``: ``number`` with its ``noun``, of which the plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
