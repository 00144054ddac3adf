"""The scoring rules of the benchmarks, as data.

The same boxes on UAV123 score 66.1, 68.1 or 70.3, depending on the rules, so the rules have names. The
default reproduces pytracking; ``matlab``, ``pysot`` and ``got10k_toolkit`` score any data set by the rules of those
toolkits; ``trackingnet`` and ``got10k`` are the official rules of the two data sets.

Sources: pytracking ``analysis/extract_results.py`` and ``plot_results.py``; the OTB and LaSOT MATLAB toolkits
(``calc_seq_err_robust.m``); pysot ``toolkit/utils/statistics.py`` and ``evaluation/ope_benchmark.py``; got10k
``experiments/otb.py`` and ``experiments/got10k.py``; TrackingNet-devkit ``metrics.py``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from ltr.dataset.layouts import EVALUATED
from ltr.utils.errors import InputError
from pytracking.utils.text import bare_name


class FrameRule(NamedTuple):
    """The values of the three measures of a frame without a usable truth; NaN leaves the frame out."""

    overlap: float
    center_error: float
    normalized_error: float


NO_OVERLAP, HIT, MISS = -1.0, -1.0, math.inf
LEAVE_OUT = FrameRule(math.nan, math.nan, math.nan)
ALL_MISSED = FrameRule(NO_OVERLAP, MISS, MISS)
ERRORS_HIT = FrameRule(NO_OVERLAP, HIT, HIT)  # an error of -1 is below every threshold
CENTER_MISSED = FrameRule(NO_OVERLAP, MISS, HIT)

_STEPS_OF_5_PERCENT = tuple(0.05 * i for i in range(21))
_PIXELS = tuple(float(i) for i in range(51))
_PERCENT = tuple(i / 100 for i in range(51))


@dataclass(frozen=True)
class Protocol:
    """The rules of one benchmark or toolkit.

    Attributes:
        overlap_thresholds, center_thresholds (px), normalized_thresholds: the x values of the three curves.
        strict: success counts overlaps above the threshold, not those at it.
        trapezoid: all three scores are areas by the trapezoid rule; otherwise AUC is the mean of the success curve, and
            precision and normalized precision are their curves at 20 px and 0.2.
        first_frame: the first box is set to the truth, kept as it is, or left out.
        repeat_empty: a predicted box without area is replaced by the box before it (not if the truth is NaN).
        usable: a true box is usable if w, h > 0 ("size") or all four numbers > 0 ("all").
        errors_need_center: center errors are usable by their own rule, a true center with both coordinates > 0.
        unusable: the values of a frame whose true box exists but is not usable; None measures it like any other frame.
        absent: the values of a frame whose target is flagged as absent.
        needs_flags: the rules depend on absent frames, and the truth alone does not say which frames these are.
        nan_truth: a frame with NaN truth counts as "absent" or as "unusable".
        divide_first: see ``metrics.normalized_center_error``.
        rows_short: how many rows may be missing at the end; they count as boxes without area. More is an error.
        rows_over: how many surplus rows a result may have; they are cut off. More is an error.
        round_boxes, clip_to_image: boxes are rounded to whole pixels; clipped to the image, if its size is known.
        pool_frames: data set scores average over all frames, not over sequences.
        exclude_unusable: the divisor counts only usable frames; the numerator is unchanged.
        omitted_rows: sequence (letters and digits, lower case) -> (rows of the full truth, rows left out at its start).
    """

    name: str
    source: str
    overlap_thresholds: tuple[float, ...] = _STEPS_OF_5_PERCENT
    center_thresholds: tuple[float, ...] = _PIXELS
    normalized_thresholds: tuple[float, ...] = _PERCENT
    strict: bool = True
    trapezoid: bool = False
    first_frame: Literal["truth", "keep", "drop"] = "truth"
    repeat_empty: bool = True
    usable: Literal["size", "all"] = "all"
    errors_need_center: bool = False
    unusable: FrameRule | None = CENTER_MISSED
    absent: FrameRule = LEAVE_OUT
    needs_flags: bool = False
    nan_truth: Literal["absent", "unusable"] = "absent"
    divide_first: bool = False
    rows_short: int = 1
    rows_over: int = 1
    round_boxes: bool = False
    clip_to_image: bool = False
    pool_frames: bool = False
    exclude_unusable: bool = False
    omitted_rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)


# pytracking's loader starts Tiger1 at frame 6 (initOmit = 5); nearly all published results have 349 rows for it.
_TIGER1 = {"tiger1": (354, 5)}

_PYTRACKING = Protocol(
    name="nfs",
    source="pytracking on data sets without a rule of their own; NaN truth, which it refuses, is left out",
    divide_first=True,
)
# MDNet and others stop one frame early on Board and Twinnings, whose last true box is 0 0 0 0: one row may be missing.
# Diving, Football1, Freeman3 and Freeman4 have 7 to 16 images more than boxes, and there are results for all images.
_OTB = replace(
    _PYTRACKING, name="otb", source="pytracking on OTB; NaN truth is left out", rows_over=16, omitted_rows=_TIGER1
)
_MATLAB = replace(
    _OTB,
    name="matlab",
    source="OTB and LaSOT MATLAB toolkits: errors of unusable frames are -1; absent frames leave only the numerator",
    unusable=ERRORS_HIT,
    absent=ALL_MISSED,
    nan_truth="unusable",
    divide_first=False,
)
_GOT10K_TOOLKIT = replace(
    _PYTRACKING,
    name="got10k_toolkit",
    overlap_thresholds=tuple(i / 20 for i in range(21)),  # as numpy's linspace; 0.05 * i would round differently
    source="got10k ExperimentOTB and its kin: only frames of NaN truth are left out, no box is repaired",
    repeat_empty=False,
    usable="size",
    unusable=None,
    divide_first=False,
    omitted_rows=_TIGER1,
)

_ALL = (
    _OTB,
    _PYTRACKING,
    replace(_PYTRACKING, name="dtb70"),
    replace(_PYTRACKING, name="uavdt"),
    replace(
        _PYTRACKING,
        name="folder",
        source="ours, for other data: as nfs, but coordinates may be 0, and frames without a true box are left out",
        usable="size",
        unusable=LEAVE_OUT,
    ),
    replace(
        _PYTRACKING,
        name="uav",
        source="pytracking on UAV123 and UAV20L: unusable and NaN frames have errors -1, which hit",
        unusable=ERRORS_HIT,
        absent=ERRORS_HIT,
    ),
    replace(
        _PYTRACKING,
        name="lasot",
        source="pytracking on LaSOT: absent frames are missed; results may be longer (monkey-17), never shorter",
        absent=ALL_MISSED,
        needs_flags=True,
        rows_short=0,
        rows_over=10**9,
    ),
    _MATLAB,
    replace(
        _PYTRACKING,
        name="pysot",
        source="pysot OPEBenchmark: first box kept, -1 where the truth has no area (overlap) or no center (errors)",
        first_frame="keep",
        repeat_empty=False,
        usable="size",
        errors_need_center=True,
        unusable=ERRORS_HIT,
        absent=ALL_MISSED,
        nan_truth="unusable",
        omitted_rows=_TIGER1,
    ),
    _GOT10K_TOOLKIT,
    replace(
        _GOT10K_TOOLKIT,
        name="got10k",
        source="got10k ExperimentGOT10k (val): frame 1 and covered frames left out, boxes clipped, frames pooled",
        overlap_thresholds=tuple(i / 100 for i in range(101)),
        first_frame="drop",
        clip_to_image=True,
        pool_frames=True,
        rows_short=0,
        rows_over=0,
        omitted_rows={},
    ),
    replace(
        _GOT10K_TOOLKIT,
        name="trackingnet",
        source="TrackingNet-devkit: whole pixels, overlap at or above the threshold, trapezoid areas of 21 thresholds",
        center_thresholds=tuple(2.5 * i for i in range(21)),
        normalized_thresholds=tuple(i / 40 for i in range(21)),
        strict=False,
        trapezoid=True,
        rows_short=0,
        rows_over=0,
        round_boxes=True,
        omitted_rows={},
    ),
)
PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _ALL}

_ALIASES = {
    "otb100": "otb", "otb2015": "otb", "tb100": "otb", "tb50": "otb", "uav123": "uav", "nfs30": "nfs", "dtb": "dtb70",
    "lasotext": "lasot", "demo": "folder",
}  # fmt: skip
_ALIASES |= {bare_name(name): layout.benchmarks[name].protocol for name, layout in EVALUATED.items()}


def find_protocol(name: str) -> Protocol:
    """The protocol called ``name``; case and punctuation do not matter, and data sets' tags are accepted."""
    bare = {bare_name(key): key for key in PROTOCOLS}
    wanted = bare_name(name)
    wanted = _ALIASES.get(wanted, wanted)
    if wanted not in bare:
        raise InputError(f"protocol {name!r} is unknown; there are {', '.join(sorted(PROTOCOLS))}")
    return PROTOCOLS[bare[wanted]]


def exclude_unusable_frames(protocol: Protocol) -> Protocol:
    """pytracking's ``exclude_invalid_frames``: the divisor counts only usable frames (the numerator is unchanged)."""
    return replace(protocol, name=f"{protocol.name} without unusable frames", exclude_unusable=True)
