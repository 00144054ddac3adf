"""All parameters of the DiMP tracker, with their units. A variant is a ``dataclasses.replace`` of another.

Comments give the old parameter name, as ``pytracking: NAME``, where it differs and means the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from ltr.data.crop import CropMode
from ltr.models.bbreg.prediction import BoxPrediction
from ltr.utils.config import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Range, UnitInterval, to_json

NETWORKS = Path(__file__).resolve().parents[2] / "networks"  # the shipped ones


def network_path(name: str, networks: Path = NETWORKS) -> Path:
    """The file of the network ``name`` in the folder ``networks``, or ``name`` itself if it is a .safetensors path."""
    return Path(name) if name.endswith(".safetensors") else networks / f"{name}.safetensors"


@dataclass(frozen=True)
class LocalizationParams:
    """Thresholds of localization (scores are about 1 on the target, 0 on background)."""

    not_found_threshold: float = 0.1  # the target is lost below this score (pytracking: target_not_found_threshold)
    uncertain_threshold: float = 0.15  # below it, the target is tracked but not learned
    far_threshold: float = 0.4  # and below this one at a displacement above displacement_scale
    found_again_threshold: float = 0.25  # and below this one after a lost frame
    distractor_ratio: float = 0.8  # second peak / first, above which both compete (pytracking: distractor_threshold)
    swap_ratio: float = 0.4  # the same where the first peak was a distractor in the last frame
    swap_margin: float = 0.5  # then the second is the target if this explains less motion, by this many target sizes
    hard_negative_ratio: float = 0.5  # second / first, above which it is learned (pytracking: hard_negative_threshold)
    neighborhood_scale: float = 2.2  # second peaks are outside, in target sizes (pytracking: target_neighborhood_scale)
    displacement_scale: float = 0.8  # largest plausible displacement in a frame, as a part of half the search radius
    recognition_rate: PositiveFloat = 0.3  # weight of a frame in the running mean of the first frame's filter's score
    probation_after: PositiveInt = 3  # lost frames in a row after which a found target is on probation
    probation_frames: NonNegativeInt = 10  # length of the probation, in which the target is not learned; 0: none
    window: bool = False  # choose the peak by its score times a Hann window around the last place (window_output)


Search = Literal["near", "everywhere"]


@dataclass(frozen=True)
class FarSearchParams:
    """The search for a lost target in the rest of the picture (``search`` everywhere)."""

    sweep: PositiveInt = 12  # about so many search areas for the whole picture: those of large pictures are enlarged,
    max_zoom: Annotated[float, Range(least=1, most=10)] = 2.0  # by this at most
    min_score: float = 0.25  # of both filters; where one's is lower, the target is not
    # Evidence is the similarity to the first frame's target (cosine of the mean features in the box) plus
    score_weight: NonNegativeFloat = 0.3  # of the lower score of the two filters
    candidate_evidence: float = 0.4  # from which something in an enlarged area is looked at closer
    found_evidence: float = 0.65  # from which it is the target, in its own size
    min_energy: float = -10.0  # least energy there, minus that of the first box in the first frame
    confirmations: PositiveInt = 3  # frames in a row in which all this holds
    reach: PositiveFloat = 1.0  # how far a candidate moves in a frame at most, in target sizes
    doubt_score: float = 0.8  # what is followed with a lower score and
    doubt_evidence: float = 0.6  # less evidence than this is searched for, too,
    margin: float = 0.2  # and while something elsewhere has more evidence by this


@dataclass(frozen=True)
class MemoryParams:
    """Training samples of the filter, and its updates."""

    size: Annotated[int, Range(least=1, most=10_000)] = (
        50  # samples, including the first frame's (pytracking: sample_memory_size)
    )
    learning_rate: UnitInterval = 0.01  # weight of a new sample
    hard_negative_learning_rate: UnitInterval = 0.02  # the same for a frame with a distractor
    init_samples_minimum_weight: UnitInterval = (
        0.25  # least total weight of the first frame's samples; with 0 they are replaced first
    )
    train_skipping: PositiveInt = 5  # frames between two updates of the filter
    init_iter: NonNegativeInt = 40  # optimizer steps in the first frame (pytracking: net_opt_iter)
    update_iter: NonNegativeInt = 1  # optimizer steps of an update (pytracking: net_opt_update_iter)
    hard_negative_iter: NonNegativeInt = 1  # steps in a frame with a distractor (pytracking: net_opt_hn_iter)


@dataclass(frozen=True)
class AugmentationParams:
    """Augmented samples of the first frame (pytracking: augmentation)."""

    shifts: tuple[tuple[float, float], ...] = (
        (0.3, 0.3),
        (-0.3, 0.3),
        (0.3, -0.3),
        (-0.3, -0.3),
    )  # in target sizes
    rotations: tuple[float, ...] = (10.0, -10.0, 30.0, -30.0)  # degrees (pytracking: rotate)
    blurs: tuple[tuple[NonNegativeFloat, NonNegativeFloat], ...] = (
        (3.0, 0.5),
        (0.5, 3.0),
        (2.0, 2.0),
    )  # sigma in crop pixels, x and y (pytracking: blur)
    scales: tuple[PositiveFloat, ...] = (0.85, 1.15)
    flip: bool = True  # pytracking: fliplr
    crop_shifts: tuple[tuple[float, float], ...] = ()  # in half crop sides (pytracking: relativeshift)
    random_shift: UnitInterval = 0.0  # of all samples but shifted ones: width of a uniform density, in crop sides
    dropout_copies: NonNegativeInt = 0  # of the plain sample, each without some of its channels (pytracking: dropout)
    dropout: Annotated[float, Range(least=0, most=0.95)] = 0.2  # part of the channels that a copy lacks


@dataclass(frozen=True)
class MeanParams:
    """Posterior mean: the average of boxes around the last one, weighted by their energy, in relative box space."""

    num_boxes: Annotated[int, Range(least=2)] = 32  # in each round
    rounds: PositiveInt = 2
    position_spread: PositiveFloat = 0.1  # standard deviation in the first round, in target sizes
    size_spread: PositiveFloat = 0.1  # standard deviation of log size in the first round
    narrowing: PositiveFloat = 0.7  # factor on both in each further round
    temperature: PositiveFloat = 2.0  # divides the energies; a higher one keeps the box closer to the last one


@dataclass(frozen=True)
class AscentParams:
    """Gradient ascent of the energy of boxes (Gustafsson et al., Algorithm S1), in relative box space."""

    num_boxes: PositiveInt = 10  # the box at the new position, and jittered copies (num_init_random_boxes)
    position_jitter: NonNegativeFloat = 0.1  # standard deviation, in target sizes (pytracking: box_jitter_pos, uniform)
    size_jitter: NonNegativeFloat = 0.1  # standard deviation of log size (pytracking: box_jitter_sz, uniform)
    num_iterations: NonNegativeInt = 5  # pytracking: box_refinement_iter
    step_length: PositiveFloat = 5e-3  # on the relative box (pytracking: box_refinement_step_length)
    step_decay: PositiveFloat = 0.5  # pytracking: box_refinement_step_decay
    top_k: PositiveInt = 3  # boxes of the highest energy are averaged (pytracking: iounet_k)
    position_weight: UnitInterval = 0.5  # of the refined center; the rest is the classifier's
    size_rate: UnitInterval = 0.5  # part of the size change that is applied
    max_size_change: NonNegativeFloat = 0.06  # of log size, in one frame


@dataclass(frozen=True)
class OverlapAscentParams:
    """Gradient ascent of a predicted overlap, as in ATOM and DiMP: step_length * gradient * (w, h, w, h) on a box
    (x, y, w, h) in crop pixels."""

    num_boxes: PositiveInt = 10  # the one at the new position, and jittered copies (num_init_random_boxes)
    position_jitter: NonNegativeFloat = 0.1  # width of a uniform density, in sqrt(w h) (pytracking: box_jitter_pos)
    size_jitter: NonNegativeFloat = 0.5  # the same of w and of h (pytracking: box_jitter_sz)
    num_iterations: PositiveInt = 5  # pytracking: box_refinement_iter
    step_length: PositiveFloat = 1.0  # pytracking: box_refinement_step_length
    step_decay: PositiveFloat = 1.0  # pytracking: box_refinement_step_decay
    top_k: PositiveInt = 3  # boxes of the highest overlap are averaged (pytracking: iounet_k)
    max_aspect: Annotated[float, Range(above=1)] = 6.0  # longer boxes are dropped (pytracking: maximal_aspect_ratio)


RefinementMethod = Literal["mean", "ascent", "overlap_ascent"]


@dataclass(frozen=True)
class RefinementParams:
    """Box refinement by the box branch."""

    enabled: bool = True  # pytracking: use_iou_net
    method: RefinementMethod | None = None  # None: see FOR_PREDICTION
    when_uncertain: bool = False  # refine boxes in the state uncertain, too (pytracking: update_scale_when_uncertain)
    size_spread: PositiveFloat = 0.2  # scale of the prior (Student's t) of log sqrt(w h), relative to the first box
    aspect_spread: PositiveFloat = 0.2  # the same of log (w / h)
    rotation: bool = False  # relative to the first box turned in the plane, by the likely angle
    mean: MeanParams = field(default_factory=MeanParams)
    ascent: AscentParams = field(default_factory=AscentParams)
    overlap_ascent: OverlapAscentParams = field(default_factory=OverlapAscentParams)


@dataclass(frozen=True)
class BoxLearningParams:
    """Fine-tuning of the modulation in the first frame: NCE+ (Gustafsson et al., equation 16)."""

    num_iter: NonNegativeInt | None = None  # steps; 0 keeps the network's modulation. None: see FOR_PREDICTION
    learning_rate: PositiveFloat = 0.1  # of Adam, on relative changes of the modulation
    prior: NonNegativeFloat = 0.03  # weight decay of these changes
    weight: UnitInterval = 0.5  # part of the learned changes that is applied, since appearance changes later
    num_parts: PositiveInt = 5  # minibatches of the crops, used in turn
    num_samples: PositiveInt = 48  # M, noise samples for each crop
    sigmas: tuple[PositiveFloat, ...] = (0.05, 0.5)  # of the noise, in relative box space
    beta: PositiveFloat = 0.1  # scale of the true box's noise


def minibatches(num_crops: int, params: BoxLearningParams) -> list[slice]:
    """The crops of the first steps, which are then used in turn."""
    num_parts = min(params.num_parts, num_crops)
    return [slice(first, None, num_parts) for first in range(num_parts)]


class _ForPrediction(NamedTuple):
    method: RefinementMethod
    box_learning_iter: int
    search: Search


# By what the network's box branch predicts, where the parameters leave it open. NCE+ is for log-densities, and the
# thresholds of the search everywhere were fitted to features that were trained with it.
FOR_PREDICTION: dict[BoxPrediction, _ForPrediction] = {
    "log_density": _ForPrediction("mean", box_learning_iter=30, search="everywhere"),
    "overlap": _ForPrediction("overlap_ascent", box_learning_iter=0, search="near"),
}


# Fields that were added later, with their defaults.
_ADDED: dict[str, dict[str, Any]] = {
    "localization": {"window": False},
    "augmentation": {"crop_shifts": [], "random_shift": 0.0, "dropout_copies": 0, "dropout": 0.2},
    "refinement": {"when_uncertain": False, "rotation": False},
}


@dataclass(frozen=True)
class DiMPParams:
    """The DiMP tracker with the energy-based box branch."""

    network: str  # stem of a file in pytracking/networks, or a path to a .safetensors file (pytracking: net)
    min_target_size: PositiveFloat = 4.0  # pixels
    search_area: float | None = None  # side in sqrt(w h); None: the network card's (pytracking: search_area_scale)
    crop_side: int | None = None  # of the crop, pixels; None: the network card's (pytracking: image_sample_size)
    crop_mode: CropMode | None = None  # beyond the frame; None: the network card's (pytracking: border_mode)
    max_shrink: float | None = None  # None: the network card's (pytracking: patch_max_scale_change)
    max_outside: float = 0.5  # largest part of the target outside the image, on each axis
    search: Search | None = None  # where a lost target is searched for. None: see FOR_PREDICTION
    localization: LocalizationParams = field(default_factory=LocalizationParams)
    far_search: FarSearchParams = field(default_factory=FarSearchParams)
    memory: MemoryParams = field(default_factory=MemoryParams)
    augmentation: AugmentationParams = field(default_factory=AugmentationParams)
    refinement: RefinementParams = field(default_factory=RefinementParams)
    box_learning: BoxLearningParams = field(default_factory=BoxLearningParams)

    def for_prediction(self, prediction: BoxPrediction) -> Self:
        """These parameters with ``FOR_PREDICTION`` filled in where they are None."""
        chosen, refinement, learning = FOR_PREDICTION[prediction], self.refinement, self.box_learning
        if refinement.method is None:
            refinement = replace(refinement, method=chosen.method)
        if learning.num_iter is None:
            learning = replace(learning, num_iter=chosen.box_learning_iter)
        return replace(self, refinement=refinement, box_learning=learning, search=self.search or chosen.search)

    def in_stamps(self) -> dict[str, Any]:
        """JSON values for stamps of results and saved trackers, without what has no effect: fields that are None, an
        ascent of overlaps where another method refines, and a search that is not made."""
        values = {name: value for name, value in to_json(self).items() if value is not None}
        for group, defaults in _ADDED.items():  # an older version's stamp is that of their defaults
            kept = {name: value for name, value in values[group].items() if defaults.get(name, ...) != value}
            values[group] = kept
        if self.refinement.method != "overlap_ascent":
            del values["refinement"]["overlap_ascent"]
        if self.search != "everywhere":
            del values["far_search"]
        return values
