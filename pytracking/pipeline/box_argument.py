"""Parsing of ``--box``: ``x,y,w,h``, ``x,y,w,h@FRAME``, ``x,y,w,h@FRAME-END``, each optionally with ``#ID``."""

import re
from collections.abc import Sequence

from ltr.utils.errors import InputError
from pytracking.pipeline.track_video import InitialBox

_FORM = re.compile(r"(?P<box>[^@#]*)(@(?P<frame>\d+)(-(?P<end>\d+))?)?(#(?P<target>\d{1,9}))?")


def parse_boxes(texts: Sequence[str], numbers: range, backward: bool, source: str) -> list[InitialBox]:
    """The initial boxes of ``texts``.

    FRAME is by default the first of the frames ``numbers`` (the last one for backward tracking), END is the last frame
    in which the target is tracked. Boxes without #ID are targets 0, 1, ...; #ID names one of these.

    Raises:
        InputError: a text has another form, names an unknown target or an unused frame, ends before it starts, or
            repeats a target and frame.
    """
    first, starts, ids = numbers[-1] if backward else numbers[0], list[InitialBox](), 0
    for text in texts:
        start = _parse(text, first, ids)
        ids += "#" not in text
        if start.frame not in numbers:
            raise InputError(f"--box {text}: frame {start.frame} of {source} is not used")
        if start.end is not None and (start.end > start.frame if backward else start.end < start.frame):
            hint = f"; --backward goes from the later to the earlier frame: @{start.end}-{start.frame}"
            raise InputError(f"--box {text}: target {start.target} ends before it starts{hint if backward else ''}")
        if any((start.target, start.frame) == (other.target, other.frame) for other in starts):
            raise InputError(f"--box {text}: target {start.target} has another box in frame {start.frame}")
        starts.append(start)
    for text, start in zip(texts, starts, strict=True):
        if start.target >= ids:
            known = ", ".join(map(str, range(ids))) or "none"
            raise InputError(f"--box {text}: no target {start.target}; known: {known} (a box without #ID adds one)")
    return starts


def unreached_ends(texts: Sequence[str], starts: Sequence[InitialBox], numbers: range, backward: bool) -> list[str]:
    """A notice for each of ``texts`` whose END lies beyond the frames ``numbers``; ``starts``: as parsed."""
    last = numbers[0] if backward else numbers[-1]
    return [
        f"--box {text}: frame {start.end} is not used; target {start.target} is followed to frame {last}"
        for text, start in zip(texts, starts, strict=True)
        if start.end is not None and (start.end < last if backward else start.end > last)
    ]


def _parse(text: str, first: int, free: int) -> InitialBox:
    form = _FORM.fullmatch(text)
    try:
        x, y, w, h = (float(part) for part in (form["box"] if form else "").split(","))
    except ValueError:
        raise InputError(
            f"--box {text}: expected x,y,w,h (four numbers in pixels), x,y,w,h@FRAME or x,y,w,h@FRAME-END, each"
            " optionally with #ID of a target"
        ) from None
    assert form is not None
    frame, end, target = (None if form[name] is None else int(form[name]) for name in ("frame", "end", "target"))
    return InitialBox((x, y, w, h), first if frame is None else frame, free if target is None else target, end)
