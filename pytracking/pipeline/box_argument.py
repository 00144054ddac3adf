"""What a user writes for a target: ``x,y,w,h``, ``x,y,w,h@FRAME``, ``x,y,w,h@FRAME-END``, each also with ``#ID``."""

import re
from collections.abc import Sequence

from ltr.utils.errors import InputError
from pytracking.pipeline.track_video import Start

_FORM = re.compile(r"(?P<box>[^@#]*)(@(?P<frame>\d+)(-(?P<end>\d+))?)?(#(?P<target>\d{1,9}))?")


def parse_boxes(texts: Sequence[str], numbers: range, backward: bool, source: str) -> list[Start]:
    """The targets that ``texts`` show.

    FRAME is the first of the frames ``numbers`` unless it is given (the last, where they are followed backward), END
    the last in which the target is followed. Those without #ID are targets 0, 1, ...; #ID is one of these.

    Raises:
        ValueError: one is not written so, is of a target that does not exist, lies in a frame that is not used, ends
            before it starts, or is given twice.
    """
    first, starts, ids = numbers[-1] if backward else numbers[0], list[Start](), 0
    for text in texts:
        start = _parse(text, first, ids)
        ids += "#" not in text
        if start.frame not in numbers:
            raise InputError(f"--box {text}: frame {start.frame} is not among the frames used of {source}")
        if start.end is not None and (start.end > start.frame if backward else start.end < start.frame):
            hint = f"; --backward goes from the later to the earlier frame: @{start.end}-{start.frame}"
            raise InputError(f"--box {text}: target {start.target} ends before it starts{hint if backward else ''}")
        if any((start.target, start.frame) == (other.target, other.frame) for other in starts):
            raise InputError(f"--box {text}: target {start.target} has another box in frame {start.frame}")
        starts.append(start)
    for text, start in zip(texts, starts, strict=True):
        if start.target >= ids:
            there = f"there are {', '.join(map(str, range(ids)))}" if ids else "there is none"
            raise InputError(f"--box {text}: no target {start.target}; {there} (a box without #ID begins a new one)")
    return starts


def _parse(text: str, first: int, free: int) -> Start:
    form = _FORM.fullmatch(text)
    try:
        x, y, w, h = (float(part) for part in (form["box"] if form else "").split(","))
    except ValueError:
        raise InputError(
            f"--box {text}: expected x,y,w,h, four numbers in pixels, or x,y,w,h@FRAME, x,y,w,h@FRAME-END, each also"
            " with #ID of the target"
        ) from None
    assert form is not None
    frame, end, target = (None if form[name] is None else int(form[name]) for name in ("frame", "end", "target"))
    return Start((x, y, w, h), first if frame is None else frame, free if target is None else target, end)
