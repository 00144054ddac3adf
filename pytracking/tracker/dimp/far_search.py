"""The search for a lost target in the rest of the picture: one more crop in each frame.

The search areas go around the last place in a spiral (:mod:`pytracking.tracker.dimp.spiral_search`), which moves with
the scene. They are enlarged where the picture is large; what looks like the target in one of them is a candidate. The
best candidate is then looked at in its own size, after the sweep over the picture, or at once if it is very good. It is
the target if, in several frames in a row, both filters, the appearance and the energy agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ltr.data.crop import CropTransform, box_from_crop, box_to_crop
from ltr.models.tracking.settings import DiMPnetSettings
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.output import TrackOutput, TrackState
from pytracking.tracker.dimp.camera_motion import camera_motion, small_gray
from pytracking.tracker.dimp.functions import BoxQuery, CropFeatures, DiMPFunctions
from pytracking.tracker.dimp.localization import peaks
from pytracking.tracker.dimp.spiral_search import spiral_places

if TYPE_CHECKING:
    from pytracking.tracker.dimp.target_state import TargetState

View = tuple[CropTransform, CropFeatures, np.ndarray]  # of a crop, with the scores of both filters [2, K, K]
MAX_PEAKS, MAX_CANDIDATES = 3, 8  # in a crop, in all


@dataclass(frozen=True)
class SearchState:
    """What is known of a lost target. Places are (x, y) in image pixels."""

    lost: int = 0  # 1: the target was lost in the last frame
    origin: tuple[float, float] = (0.0, 0.0)  # of the spiral: the target's last place, moved with the scene
    cell: int = -1  # number of the last one searched
    candidates: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))  # the best first: x, y, evidence, and
    # in how many frames it was looked at and is the target
    view: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))  # small gray copy of the last frame

    def after(self, lost: bool, state: TrackState) -> SearchState:
        """After a frame: it goes on until the target is tracked, and rests where that is uncertain."""
        return SearchState() if state == "tracking" and not lost else replace(self, lost=int(lost))

    def moved(self, motion: tuple[float, float]) -> SearchState:
        """After the scene has moved in the picture."""
        x, y = self.origin
        return replace(
            self, origin=(x + motion[0], y + motion[1]), candidates=self.candidates + np.array([*motion, 0.0, 0.0])
        )

    def scaled(self, factors: np.ndarray) -> SearchState:
        """In a frame of another size."""
        x, y = (np.array(self.origin) * factors).tolist()
        return replace(self, origin=(x, y), candidates=self.candidates * np.array([*factors, 1.0, 1.0]))


@dataclass(frozen=True)
class Region:
    """A search area: its center (x, y) in image pixels, and image pixels per crop pixel."""

    center: tuple[float, float]
    scale: float
    closer: bool  # a candidate is looked at


@dataclass(frozen=True)
class FoundFar:
    """The target, found again: its box ``[4]`` in image pixels, and the lower score of both filters."""

    box: np.ndarray
    score: float


class FarSearch:
    """The stateless search; see the module.

    Args:
        functions: the numerical functions.
        settings: of the network.
        params: of the tracker.
    """

    def __init__(self, functions: DiMPFunctions, settings: DiMPnetSettings, params: DiMPParams) -> None:
        self.functions, self.settings = functions, settings
        self.enabled, self.params = params.search == "everywhere", params.far_search

    def regions(self, states: Sequence[TargetState], frame: np.ndarray) -> list[tuple[int, Region]]:
        """Indices of the lost ones of ``states``, and where each is searched for in ``frame`` (RGB ``[H, W, 3]``)."""
        lost = [i for i, state in enumerate(states) if state.search.lost] if self.enabled else []
        view = small_gray(frame) if lost else None
        found = [(i, self._region(states[i], view)) for i in lost if view is not None]
        return [(i, region) for i, region in found if region]

    def _region(self, state: TargetState, view: np.ndarray) -> Region | None:
        """Where to look in this frame, of which ``view`` is the small gray copy; None where nothing is left to search.

        Updates ``state.search``.
        """
        search, size, frame_size = state.search, state.box[2:], state.frame_size
        middle = state.box[:2] + size / 2
        if not search.view.size:
            x, y = middle.tolist()
            search = replace(search, origin=(x, y))
        search = replace(search.moved(camera_motion(search.view, view, frame_size)), view=view)
        area = float(np.sqrt(size.prod())) * self.settings.search_area
        step = max(area - float(size.max()), area / 2)  # the target lies wholly in one of the areas
        cells = frame_size[0] * frame_size[1] / step**2
        zoom = float(np.clip(np.sqrt(cells / self.params.sweep), 1.0, self.params.max_zoom))
        numbers, centers = spiral_places(search.origin, step * zoom, frame_size)
        new = np.abs(centers - middle).max(axis=1) > area / 4  # the others are in the crop around the last place
        numbers, centers = numbers[new], centers[new]
        left = numbers > search.cell
        closer = len(search.candidates) > 0 and (
            not left.any() or search.candidates[0, 2] >= self.params.found_evidence
        )
        if closer:
            center, zoom = search.candidates[0, :2], 1.0
        elif len(numbers):
            index = int(left.argmax()) if left.any() else 0
            center = centers[index]
            search = replace(search, cell=int(numbers[index]))
        state.search = search
        if not closer and not len(numbers):
            return None
        x, y = center.tolist()
        w, h = (size * zoom).tolist()
        return Region(*self.settings.search_region((x, y), (w, h), frame_size), closer)

    def examine(self, state: TargetState, region: Region, view: View) -> FoundFar | None:
        """The target, if it is now certain that it is in the ``view`` of ``region``. Updates ``state.search``."""
        transform, features, scores = view
        cell = self.settings.stride * transform.scale
        half_w, half_h = np.maximum(state.box[2:] / cell / 2, 1).tolist()
        offsets, found = zip(*islice(peaks(scores.min(axis=0), half_w, half_h), MAX_PEAKS), strict=True)
        places, heights = np.array(transform.center) + np.array(offsets) * cell, np.array(found)
        boxes = np.concatenate([places - state.box[2:] / 2, np.tile(state.box[2:], (len(places), 1))], axis=1)
        boxes_crop = box_to_crop(boxes, transform)
        evidence = self._evidence(state, features, boxes_crop, heights)
        reach = self.params.reach * float(np.sqrt(state.box[2:].prod()))
        here = np.hypot(*(places - state.box[:2] - state.box[2:] / 2).T) <= reach  # the other crop is for this place
        evidence[(heights < self.params.min_score) | here] = -np.inf
        if not region.closer:
            rows = np.column_stack([places, evidence, np.zeros(len(places))])[
                evidence >= self.params.candidate_evidence
            ]
            rows = np.concatenate([state.search.candidates, rows])
            best = np.argsort(-rows[:, 2], kind="stable")[:MAX_CANDIDATES]
            state.search = replace(state.search, candidates=rows[best])
            return None
        candidate, others = state.search.candidates[0], state.search.candidates[1:]
        state.search = replace(state.search, candidates=others)
        near = (np.hypot(*(places - candidate[:2]).T) <= reach) & np.isfinite(evidence)
        if not near.any():
            return None
        chosen = int(np.where(near, evidence, -np.inf).argmax())
        size = state.expected_size / transform.scale
        query = BoxQuery(features, state.modulation, boxes_crop[chosen], size, state.generator)
        (refined,) = self.functions.refine_target_box([query])
        box_crop = refined.box.astype(np.float64)
        (certainty,) = self._evidence(state, features, box_crop[None], heights[[chosen]])
        energy = refined.value - state.first_energy  # NaN, never too low, if that is not known
        if certainty < self.params.found_evidence or energy < self.params.min_energy:
            return None
        box, confirmed = box_from_crop(box_crop, transform), candidate[3] + 1
        row = np.array([[*(box[:2] + box[2:] / 2), certainty, confirmed]])
        state.search = replace(state.search, candidates=np.concatenate([row, others]))
        score = min(max(float(heights[chosen]), 0.0), 1.0)
        return FoundFar(box, score) if confirmed >= self.params.confirmations else None

    def is_lost(self, state: TargetState, output: TrackOutput, view: View) -> bool:
        """Whether to search for a target with this ``output``: it is lost, or looks like something else."""
        if output.state == "lost" or state.reacquisition.lost:
            return True
        if not self.enabled or output.score >= self.params.doubt_score:
            return False
        transform, features, _ = view
        box_crop = box_to_crop(state.box[None], transform)
        (evidence,) = self._evidence(state, features, box_crop, np.array([state.identity_score]))
        elsewhere = state.search.candidates[:1, 2].tolist()  # the best that was seen
        return bool(evidence < max([self.params.doubt_evidence, *(each - self.params.margin for each in elsewhere)]))

    def _evidence(
        self, state: TargetState, features: CropFeatures, boxes: np.ndarray, scores: np.ndarray
    ) -> np.ndarray:
        """That the target is in ``boxes`` ``[n, 4]`` (crop pixels), whose filters have at least ``scores``: ``[n]``.

        The similarity (cosine of the mean features) to the first frame's target, plus ``score_weight`` of the score.
        """
        (first,) = self.functions.describe(state.memory.samples[0], state.memory.boxes[0])
        similarity = self.functions.describe(features.sample, boxes) @ first
        return similarity.astype(np.float64) + self.params.score_weight * scores.clip(0, 1)
