"""ATOM: the frame of DiMP (``docs/tracking.md``) with a classifier that is learned on line from nothing."""

from __future__ import annotations

from functools import partial

from ltr.models.tracking.dimpnet import CLASSIFICATION_LAYER, DiMPnet
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from pytracking.parameter.atom.base import AtomClassifierParams, AtomParams
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.atom.classifier import AtomClassifier, ATOMnetSettings
from pytracking.tracker.dimp.backend import Backend
from pytracking.tracker.dimp.model import DiMPModel
from pytracking.tracker.dimp.torch_backend import load_torch


class AtomModel(DiMPModel):
    """Trunk and box branch of a network, whose own classifier, if it has one, is not used. By PyTorch always."""

    def load(self, params: DiMPParams) -> Backend:
        """The numerical functions for ``params``."""
        assert isinstance(params, AtomParams)
        return load_torch(params, self.config, partial(with_classifier, params.classifier))


def with_classifier(params: AtomClassifierParams, network: DiMPnet, settings: DiMPnetSettings) -> DiMPnetSettings:
    """Give ``network`` ATOM's classifier; its settings."""
    channels = network.feature_extractor.out_channels[CLASSIFICATION_LAYER]
    classifier = ClassifierSettings(
        feature_dim=channels,
        filter_size=params.kernel_size,
        output_sigma_factor=params.output_sigma_factor,
        objective="online",
    )
    values = vars(settings) | {"classifier": classifier, "projection_dim": params.compressed_dim}
    changed = ATOMnetSettings(**values)
    network.classifier = AtomClassifier(params, channels, changed.score_grid)
    return changed
