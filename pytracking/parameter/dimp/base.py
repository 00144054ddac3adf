"""All parameters of the DiMP tracker, with their units. A variant is a ``dataclasses.replace`` of another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from ltr.utils.config import NonNegativeInt, PositiveFloat, PositiveInt, Range

NETWORKS = Path(__file__).resolve().parents[2] / "networks"  # those that come along


@dataclass(frozen=True)
class LocalizationParams:
    """When a peak of the score map is the target (scores are about 1 on a sure target, 0 on background)."""

    not_found_threshold: float = 0.1  # lower peaks mean the target is lost
    uncertain_threshold: float = 0.15  # lower peaks are followed, but not learned from
    far_threshold: float = 0.4  # a peak an implausible move away is lower than this: it is not the target
    found_again_threshold: float = 0.25  # the same of any peak after a lost frame
    distractor_ratio: float = 0.8  # a second peak this close to the first may be the target instead
    swap_ratio: float = 0.4  # the same where the first is something that was seen in the last frame beside the target
    swap_margin: float = 0.5  # which is so if both have moved less by this many target sizes than the other way round
    hard_negative_ratio: float = 0.5  # a second peak this strong is learned from as a distractor
    neighborhood_scale: float = 2.2  # second peaks are looked for outside this many target sizes
    displacement_scale: float = 0.8  # a frame's move by more than this part of half the search radius is implausible
    recognition_rate: PositiveFloat = 0.3  # weight of a frame in the running mean of what the first frame's filter says
    probation_after: PositiveInt = 3  # frames in a row that the target is lost; then what is found is on probation
    probation_frames: NonNegativeInt = 10  # during which it is not learned from; 0: learned from at once


@dataclass(frozen=True)
class MemoryParams:
    """Which frames the filter is learned from, and when."""

    size: PositiveInt = 50  # frames, the first frame's augmented samples included
    learning_rate: float = 0.01  # weight of a new frame
    hard_negative_learning_rate: float = 0.02  # the same where there was a distractor
    init_samples_minimum_weight: float = 0.25  # the first frame never weighs less
    train_skipping: PositiveInt = 10  # frames between two updates of the filter
    init_iter: NonNegativeInt = 40  # optimizer steps in the first frame
    update_iter: NonNegativeInt = 2  # optimizer steps of an update
    hard_negative_iter: NonNegativeInt = 1  # optimizer steps at once where there was a distractor


@dataclass(frozen=True)
class AugmentationParams:
    """Samples made of the first frame, besides the frame itself."""

    shifts: tuple[tuple[float, float], ...] = (
        (0.3, 0.3),
        (-0.3, 0.3),
        (0.3, -0.3),
        (-0.3, -0.3),
    )  # target sizes
    rotations: tuple[float, ...] = (10.0, -10.0, 30.0, -30.0)  # degrees
    blurs: tuple[tuple[float, float], ...] = (
        (3.0, 0.5),
        (0.5, 3.0),
        (2.0, 2.0),
    )  # sigma in crop pixels, x and y
    scales: tuple[float, ...] = (0.85, 1.15)
    flip: bool = True


@dataclass(frozen=True)
class MeanParams:
    """The mean of boxes round the last one, weighed by their energy, in relative box space."""

    num_boxes: Annotated[int, Range(least=2)] = 32  # in each round
    rounds: PositiveInt = 2
    position_spread: PositiveFloat = 0.1  # standard deviation of the boxes of the first round, in target sizes
    size_spread: PositiveFloat = 0.1  # standard deviation of their log size
    narrowing: PositiveFloat = 0.7  # of both from round to round
    temperature: PositiveFloat = 2.0  # energies are divided by it; the higher, the closer the box stays to the last one
    std_factor: PositiveFloat = 2.05  # of the standard deviation: fits it to measured errors (docs/tracking.md)


@dataclass(frozen=True)
class AscentParams:
    """Gradient ascent of the energy of boxes (Gustafsson et al., Algorithm S1), in relative box space."""

    num_boxes: PositiveInt = 10  # the last box at the new place, and jittered copies
    position_jitter: float = 0.1  # standard deviation, in target sizes
    size_jitter: float = 0.1  # standard deviation of log size
    num_iterations: NonNegativeInt = 5
    step_length: PositiveFloat = 5e-3  # on the relative box
    step_decay: PositiveFloat = 0.5
    top_k: PositiveInt = 3  # boxes of the highest energy, averaged
    position_weight: float = 0.5  # of the refined centre against the classifier's
    size_rate: float = 0.5  # part of the change of size that is made
    max_size_change: float = 0.06  # of log size, in one frame


@dataclass(frozen=True)
class RefinementParams:
    """How the energy of boxes makes the box."""

    enabled: bool = True
    method: Literal["mean", "ascent"] = "mean"
    size_spread: PositiveFloat = 0.2  # of log sqrt(w h) round the first box's: scale of Student's t, a prior
    aspect_spread: PositiveFloat = 0.2  # the same of log (w / h)
    mean: MeanParams = field(default_factory=MeanParams)
    ascent: AscentParams = field(default_factory=AscentParams)


@dataclass(frozen=True)
class BoxLearningParams:
    """How the box branch learns the target in the first frame: NCE+ (Gustafsson et al., equation 16)."""

    num_iter: NonNegativeInt = 30  # steps; 0 keeps what the network makes of the first frame
    learning_rate: PositiveFloat = 0.1  # of Adam, on relative changes of the modulation
    prior: float = 0.03  # weight of their squares, which keeps the modulation near the network's guess
    weight: float = 0.5  # part of the learned changes that is made: targets will look different later
    num_parts: PositiveInt = 5  # of the crops, at most one each; the steps take them in turns
    num_samples: PositiveInt = 48  # M, wrong boxes for each augmented crop
    sigmas: tuple[float, ...] = (0.05, 0.5)  # of the noise, in relative box space
    beta: PositiveFloat = 0.1  # scale of the true box's noise


@dataclass(frozen=True)
class DiMPParams:
    """The DiMP tracker with the energy-based box branch."""

    network: str  # a file in pytracking/networks (without suffix), or a path to a .safetensors file
    min_target_size: PositiveFloat = 4.0  # pixels
    search_area: float | None = None  # side in sqrt(w h) of the target (search_area_scale); None: the network's card
    crop_side: int | None = None  # of the search area, in crop pixels (image_sample_size); None: the network's card
    max_outside: float = 0.5  # the target's centre stays this many target sizes within the image border
    localization: LocalizationParams = field(default_factory=LocalizationParams)
    memory: MemoryParams = field(default_factory=MemoryParams)
    augmentation: AugmentationParams = field(default_factory=AugmentationParams)
    refinement: RefinementParams = field(default_factory=RefinementParams)
    box_learning: BoxLearningParams = field(default_factory=BoxLearningParams)
