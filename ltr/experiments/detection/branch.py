"""Loading of a trained energy branch."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ltr.admin.build_detection import build_energy_model
from ltr.models.detection.prediction import BoxEnergyModel
from ltr.models.weights import load_weights
from ltr.train_settings.detection import BranchTrainSettings
from ltr.utils.errors import InputError
from ltr.utils.files import check_regular


def load_branch(settings: BranchTrainSettings, path: Path, device: torch.device) -> BoxEnergyModel:
    """The trained branch in ``path`` (.safetensors), in eval mode.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds another network.
    """
    check_regular(path)
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
