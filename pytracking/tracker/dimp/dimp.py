"""DiMP with energy-based box refinement: the logic of a frame, in the order of ``docs/tracking.md``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ltr.data.crop import CropTransform, box_from_crop, box_to_crop
from ltr.models.tracking.settings import DiMPnetSettings
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.frame_size import Size, size_of
from pytracking.tracker.base.output import Box, Candidate, TrackOutput, TrackState
from pytracking.tracker.dimp.confidence import Calibration, Evidence
from pytracking.tracker.dimp.debug import DebugHook
from pytracking.tracker.dimp.distractors import Distractors
from pytracking.tracker.dimp.far_search import FarSearch, FoundFar
from pytracking.tracker.dimp.functions import BoxQuery, CropFeatures, DiMPFunctions, RefinedBox
from pytracking.tracker.dimp.identity import Reacquisition, local_max_score, verify_state
from pytracking.tracker.dimp.localization import Localization, MotionContext, localize
from pytracking.tracker.dimp.memory import Memory
from pytracking.tracker.dimp.target_state import TargetState


class DiMP:
    """The stateless logic of the tracker: each target has a :class:`TargetState`.

    Args:
        functions: the numerical functions.
        settings: of the network.
        params: of the tracker.
        calibration: of the network's scores; None: scores are no probabilities.
    """

    def __init__(
        self,
        functions: DiMPFunctions,
        settings: DiMPnetSettings,
        params: DiMPParams,
        calibration: Calibration | None = None,
    ) -> None:
        self.functions, self.settings, self.params, self.calibration = functions, settings, params, calibration
        self.far_search = FarSearch(functions, settings, params)

    def initialize(self, frame: np.ndarray, box: Box, seed: int = 0, hook: DebugHook | None = None) -> TargetState:
        """Learn the target ``box`` (x, y, w, h; pixels) of ``frame`` (RGB uint8 ``[H, W, 3]``).

        seed: of the random boxes drawn here and in gradient ascent. hook: receives what the learned target looks like
        in its own frame; the refined box is not taken, and the score map is computed for the hook only.
        """
        f, params = self.functions, self.params
        generator, first = f.new_generator(seed), np.array(box, np.float64)
        center, scale = self._search_region(first, size_of(frame))
        transform = CropTransform(center, scale, self.settings.crop_side)
        crops, boxes = augmented_crops(frame, box, transform, params.augmentation, seed)
        arrays = [f.to_array(crop) for crop in crops]
        features = f.extract_features(arrays)
        modulation = f.get_iou_modulation(arrays[0], boxes[0])
        if params.box_learning.num_iter:
            modulation = f.finetune_modulation(modulation, features, boxes, params.box_learning, generator)
        plain, augmentation = features[0].sample, params.augmentation
        copies = f.dropout(plain, augmentation.dropout_copies, augmentation.dropout, generator)
        samples = f.new_memory([*(of_crop.sample for of_crop in features), *copies], params.memory.size)
        memory = Memory.start(samples, np.concatenate([boxes, boxes[:1].repeat(len(copies), axis=0)]))
        query = BoxQuery(features[0], modulation, boxes[0], first[2:] / transform.scale, f.new_generator(seed))
        (of_first,) = self._refine_target_box([query], [self.calibration is not None or self.far_search.enabled])
        learned = f.learn_filter(samples[: memory.count], memory.boxes[: memory.count], params.memory.init_iter)
        state = TargetState(
            box=first,
            first_size=first[2:].copy(),
            frame_size=size_of(frame),
            motion=np.zeros(2),
            filter=learned,
            first_filter=learned,
            modulation=modulation,
            memory=memory,
            generator=generator,
            first_energy=of_first.value if of_first else math.nan,
        )
        if hook is not None:
            hook.on_search(arrays[0])
            scores, _ = f.classify_target([(learned, learned)], features[:1])[0]
            hook.on_localize(scores, self._localize_target(state, scores, transform))
            if of_first:
                hook.on_refine(f.energy(query), query.box, of_first.box)
            hook.on_update(memory)
        return state

    def track(self, states: Sequence[TargetState], frame: np.ndarray, hooks: Sequence[DebugHook]) -> list[TrackOutput]:
        """Find targets in the next frame (RGB uint8 ``[H, W, 3]``), all crops in one batch, with a second one for each
        lost target.

        Updates ``states``; each of ``hooks`` receives the intermediate results of its target.
        """
        if not states:
            return []
        for state in states:
            state.fit_to(size_of(frame))
        f = self.functions
        loaded = f.load_frame(frame)
        far = self.far_search.regions(states, frame)
        regions = [self._search_region(state.box, state.frame_size) for state in states]
        regions += [(region.center, region.scale) for _, region in far]
        crops, transforms = zip(*(f.crop(loaded, center, scale) for center, scale in regions), strict=True)
        features = f.extract_features(crops)
        owners = [*states, *(states[i] for i, _ in far)]
        scores = f.classify_target([(state.filter, state.first_filter) for state in owners], features)
        near = slice(len(states))
        learned, first = zip(*scores[near], strict=True)  # score maps of the two filters
        found = [self._localize_target(*each) for each in zip(states, learned, transforms[near], strict=True)]
        queries = [self._box_query(*each) for each in zip(states, features[near], found, transforms[near], strict=True)]
        # Where the refined box is not taken, its energy is of use: it tells how good the box is.
        wanted = [self.calibration is not None or self._moves_to_refined(each) for each in found]
        refined = self._refine_target_box(queries, wanted)
        outputs = []
        for i, (state, hook) in enumerate(zip(states, hooks, strict=True)):
            hook.on_search(crops[i])
            hook.on_localize(learned[i], found[i])
            if (refined_box := refined[i]) and self._moves_to_refined(found[i]):
                hook.on_refine(f.energy(queries[i]), queries[i].box, refined_box.box)
            evidence = _evidence(state, first[i], found[i], refined_box)
            hook.on_evidence(evidence)
            outputs.append(self._update(state, transforms[i], evidence, found[i], queries[i], refined_box))
            hook.on_update(state.memory)
        views = list(zip(transforms, features, scores, strict=True))
        lost = [self.far_search.is_lost(*each) for each in zip(states, outputs, views[near], strict=True)]
        for (i, region), view in zip(far, views[near.stop :], strict=True):
            if lost[i] and (again := self.far_search.examine(states[i], region, view)):
                outputs[i], lost[i] = self._move_to(states[i], again), False
        for state, is_lost, output in zip(states, lost, outputs, strict=True):
            state.search = state.search.after(is_lost, output.state)
        return outputs

    def _search_region(self, box: np.ndarray, frame_size: Size) -> tuple[tuple[float, float], float]:
        """Center of the crop in image pixels, and image pixels per crop pixel."""
        x, y, w, h = box.tolist()
        return self.settings.search_region((x + w / 2, y + h / 2), (w, h), frame_size)

    def _localize_target(self, state: TargetState, scores: np.ndarray, transform: CropTransform) -> Localization:
        """Localize the target in the crop by the learned filter's ``scores`` ``[K, K]``."""
        cell = self.settings.stride * transform.scale
        width, height = (state.box[2:] / cell).tolist()
        motion_x, motion_y = (state.motion / cell).tolist()
        last_x, last_y = self._last_place(state, transform).tolist()
        distractors = tuple((x, y) for x, y in ((state.distractors.shown.places - transform.center) / cell).tolist())
        context = MotionContext(
            last_place=(last_x, last_y),
            place_known=not state.reacquisition.is_active,
            lost=state.reacquisition.lost,
            motion=(motion_x, motion_y),
            distractors=distractors,
        )
        return localize(scores, (width, height), context, self.params.localization)

    def _last_place(self, state: TargetState, transform: CropTransform) -> np.ndarray:
        """The target's last center (x, y) from the crop's, in cells: 0 unless the crop was moved into the frame."""
        center: np.ndarray = state.box[:2] + state.box[2:] / 2
        return (center - transform.center) / (self.settings.stride * transform.scale)

    def _box_query(
        self, state: TargetState, features: CropFeatures, found: Localization, transform: CropTransform
    ) -> BoxQuery:
        """The last box, shifted to the localized position."""
        box_crop = box_to_crop(state.box, transform)
        box_crop[:2] += (found.displacement - self._last_place(state, transform)) * self.settings.stride
        size = state.expected_size / transform.scale
        return BoxQuery(features, state.modulation, box_crop, size, state.generator)

    def _moves_to_refined(self, found: Localization) -> bool:
        """Whether the refined box is taken: in the state tracking (and uncertain, if set)."""
        return found.state == "tracking" or (found.state == "uncertain" and self.params.refinement.when_uncertain)

    def _refine_target_box(self, queries: Sequence[BoxQuery], wanted: Sequence[bool]) -> list[RefinedBox | None]:
        """The refined boxes where they are ``wanted`` and refinement is enabled, else None."""
        chosen = [each and self.params.refinement.enabled for each in wanted]
        refined = iter(
            self.functions.refine_target_box([query for query, is_it in zip(queries, chosen, strict=True) if is_it])
        )
        return [next(refined) if is_it else None for is_it in chosen]

    def _update(
        self,
        state: TargetState,
        transform: CropTransform,
        evidence: Evidence,
        found: Localization,
        query: BoxQuery,
        refined: RefinedBox | None,
    ) -> TrackOutput:
        """Update the target's box, its recognition by the first filter, and the classifier if the frame is sure."""
        thresholds = self.params.localization
        state.frame_number += 1
        verdict = "uncertain" if state.reacquisition.is_active and found.state == "tracking" else found.state
        state.reacquisition = state.reacquisition.after(found.state == "lost", thresholds)
        cell = self.settings.stride * transform.scale
        places = np.array(found.distractors).reshape(-1, 2) * cell + transform.center
        size = math.sqrt(state.box[2] * state.box[3])
        state.distractors = state.distractors.after(places, np.array(found.distractor_scores), size)
        if found.state != "lost":
            state.identity_score += thresholds.recognition_rate * (evidence.recognition - state.identity_score)
            chosen = refined if self._moves_to_refined(found) else None
            box_crop = chosen.box.astype(np.float64) if chosen else query.box
            box = self._clip_to_frame(box_from_crop(box_crop, transform), state.frame_size)
            if chosen and self.params.refinement.rotation:
                state.rotation = state.rotation.after(box[2:], state.first_size)
            change = box - state.box
            state.box, state.motion = box, change[:2] + change[2:] / 2
        if verdict == "tracking":
            self._update_classifier(state, query.features, box_to_crop(state.box, transform), found.hard_negative)
        score, said = self._confidence(state, evidence, verdict)
        std = refined.std if refined and said == "tracking" else None
        box_std = None if std is None else _as_box(std * transform.scale)
        return TrackOutput(_as_box(state.box), score, said, box_std, _candidates(state))

    def _confidence(self, state: TargetState, evidence: Evidence, verdict: TrackState) -> tuple[float, TrackState]:
        """Score and state that are said of a frame: by the calibrated probability, if there is one."""
        if self.calibration is None or math.isnan(evidence.energy):
            score = min(evidence.peak, state.identity_score)
            return score, verify_state(verdict, state.identity_score, self.params.localization)
        state.log_odds = self.calibration.log_odds(evidence, state.log_odds)
        return self.calibration.said(state.log_odds, verdict)

    def _move_to(self, state: TargetState, again: FoundFar) -> TrackOutput:
        """Continue at the place where the lost target was found again, with the caution that follows every loss."""
        state.box, state.motion = self._clip_to_frame(again.box, state.frame_size), np.zeros(2)
        state.distractors, state.identity_score, state.log_odds = (
            Distractors(count=state.distractors.count),
            again.score,
            math.nan,
        )
        state.reacquisition = Reacquisition(0, self.params.localization.probation_frames)
        return TrackOutput(_as_box(state.box), again.score, "uncertain")

    def _clip_to_frame(self, box: np.ndarray, frame_size: Size) -> np.ndarray:
        """Limit the size of a box ``[4]`` in image pixels, and its distance from the frame."""
        frame = np.array(frame_size, np.float64)
        size = np.maximum(np.minimum(box[2:], frame), self.params.min_target_size)
        reach = (self.params.max_outside - 0.5) * size
        center = np.maximum(np.minimum(box[:2] + box[2:] / 2, frame + reach), -reach)
        return np.concatenate([center - size / 2, size])

    def _update_classifier(
        self, state: TargetState, features: CropFeatures, box_crop: np.ndarray, hard_negative: bool
    ) -> None:
        """Store the sample; update the filter every ``train_skipping`` frames, and at once after a distractor."""
        params, memory = self.params.memory, state.memory
        rate = params.hard_negative_learning_rate if hard_negative else params.learning_rate
        memory.add(features.sample, box_crop, rate, params)
        steps = params.hard_negative_iter if hard_negative else 0
        if state.frame_number % params.train_skipping == 0:
            steps = params.update_iter
        if steps:
            used = slice(memory.count)
            state.filter = self.functions.update_filter(
                state.filter, memory.samples[used], memory.boxes[used], memory.weights[used], steps
            )


def _evidence(
    state: TargetState, first_scores: np.ndarray, found: Localization, refined: RefinedBox | None
) -> Evidence:
    """first_scores: of the first frame's filter, ``[K, K]``."""
    return Evidence(
        peak=min(max(found.score, 0.0), 1.0),
        recognition=local_max_score(first_scores, found.displacement),
        energy=refined.value - state.first_energy if refined else math.nan,
    )


def _candidates(state: TargetState) -> tuple[Candidate, ...]:
    """The distractors of the last frame, with boxes of the target's size."""
    distractors, size = state.distractors.shown, state.box[2:]
    boxes = [_as_box(np.concatenate([place - size / 2, size])) for place in distractors.places]
    scores = distractors.scores.clip(0, 1).tolist()
    return tuple(map(Candidate, distractors.ids.tolist(), boxes, scores))


def _as_box(values: np.ndarray) -> Box:
    x, y, w, h = values.tolist()
    return x, y, w, h
