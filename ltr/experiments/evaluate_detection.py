"""COCO's AP of a trained energy branch, beside that of its detector alone.

python -m ltr.experiments.evaluate_detection ncep_mobile --data DIR
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from safetensors import SafetensorError
from safetensors.torch import load_file

from ltr.admin.build_detection import FrozenDetectorLoaders, build_energy_model
from ltr.experiments.detection.scores import Evaluation, Steps
from ltr.models.detection.prediction import BoxEnergyModel, PredictionSettings
from ltr.models.weights import load_weights
from ltr.train_settings import load_settings
from ltr.train_settings.detection import BranchTrainSettings
from ltr.utils.cli import one_line_errors
from ltr.utils.device import choose_device, set_threads
from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, check_outputs, text_output, with_card


@dataclass(frozen=True)
class BranchOptions:
    """A trained energy branch, and the pictures that its settings name."""

    name: tyro.conf.Positional[str]  # of the branch's training settings
    data: Path = Path("data")  # the folder that the settings' data sources lie in
    network: Path | None = None  # of the branch; default: workspace/detection/NAME/network.safetensors
    weights: Path | None = None  # of the detector, if other than in the settings
    cache: Path | None = None  # of the detector's outputs, if other than in the settings
    device: str = "auto"
    threads: int = 1  # of torch on the CPU

    @property
    def settings(self) -> BranchTrainSettings:
        """Those of the branch's training, with the changes of these options."""
        settings = branch_settings(self.name)
        return replace(settings, weights=self.weights or settings.weights, cache=self.cache or settings.cache)

    @property
    def network_file(self) -> Path:
        """The weights of the branch."""
        return self.network or Path("workspace/detection") / self.name / "network.safetensors"

    @property
    def inputs(self) -> list[Path]:
        """What is read, so that no output may replace it."""
        files = [file for path in filter(None, (self.network_file, self.settings.weights)) for file in with_card(path)]
        return [*files, self.data]


@dataclass(frozen=True)
class Options(BranchOptions):
    """What to evaluate."""

    part: Literal["val", "test"] = "test"
    steps: Steps | None = None  # lambda of position and of size, if other than in the settings
    prediction: PredictionSettings = PredictionSettings()
    results: Path | None = None  # also write the detections there (-: standard output), in COCO's format


def branch_settings(name: str) -> BranchTrainSettings:
    """The named settings of an energy branch; ValueError if there are none, or they are those of a detector."""
    settings = load_settings("detection", name)
    if not isinstance(settings, BranchTrainSettings):
        raise InputError(f"name: expected the settings of an energy branch, got those of a detector: {name}")
    return settings


def load_branch(settings: BranchTrainSettings, path: Path, device: torch.device) -> BoxEnergyModel:
    """The trained branch in ``path`` (.safetensors), in eval mode.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds another network.
    """
    if not path.is_file():
        raise FileNotFoundError(f"network: {path} is missing; train it with ltr/run_training.py detection NAME")
    energy_model = build_energy_model(settings, device)
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise InputError(f"network: {path} is not a .safetensors file ({error})") from error
    load_weights(energy_model.branch, state, path)
    energy_model.branch.eval()
    return energy_model


def evaluate(options: Options) -> None:
    """Print the scores of the detector alone, after guided NMS, and after refinement."""
    settings = options.settings
    set_threads(options.threads)
    device = choose_device(options.device)
    check_outputs({"results": options.results}, options.inputs)
    energy_model = load_branch(settings, options.network_file, device)
    evaluation = Evaluation(
        FrozenDetectorLoaders(settings, device), options.data, getattr(settings.data, options.part), options.prediction
    )
    scores_to = sys.stderr if options.results == STDOUT else sys.stdout
    print(f"detector alone      {evaluation.scores(evaluation.detector())}", file=scores_to, flush=True)
    print(f"guided NMS          {evaluation.scores(evaluation.guided(energy_model))}", file=scores_to, flush=True)
    refined = evaluation.refined(energy_model, options.steps or (settings.step_position, settings.step_size))
    print(f"and refinement      {evaluation.scores(refined)}", file=scores_to, flush=True)
    if options.results:
        write_results(refined, options.results)


def write_results(results: list[dict[str, Any]], path: Path) -> None:
    """Write detections in the format of COCO's evaluation server; to standard output if ``path`` is ``-``."""
    with text_output(path) as file:
        file.write(json.dumps(results))


def main() -> None:
    """Command line; errors are one line and exit code 1."""
    with one_line_errors():
        evaluate(tyro.cli(Options, description=__doc__))


if __name__ == "__main__":
    main()
