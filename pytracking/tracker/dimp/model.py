"""DiMP's parameters made ready to run: the network in memory, on its device, by its accelerator."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch

from ltr.admin.device import choose_device
from ltr.admin.settings import to_json
from pytracking.features.accelerators import accelerate, choose_accelerator
from pytracking.features.fork_guard import check_process
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import load_for_tracking
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.overrides import override
from pytracking.tracker.base.family import Options
from pytracking.tracker.dimp.dimp import DiMP


class DiMPModel:
    """A :class:`~pytracking.tracker.base.family.Model`: its trackers share the network, which no call changes."""

    def __init__(self, params: DiMPParams, options: Options) -> None:
        check_process()
        self.params = override(params, options.overrides)
        self.options = options
        self.device = choose_device(options.device)
        self.accelerator = choose_accelerator(options.accelerator, self.device)
        self.network, self.settings, self.card = load_for_tracking(self.params.network, self.device)
        look, size = FrameNetwork(self.network), self.settings.image_size
        self.look = accelerate(look, size, self.device, self.accelerator, options.precision)

    def tracker(self) -> DiMP:
        """A tracker of one target."""
        return DiMP(self.network, self.settings, self.params, self.device, self.options.seed, self.look)

    def stamp(self) -> dict[str, Any]:
        """All that results depend on but the seed."""
        accelerator = self.accelerator
        return {
            "settings": to_json(self.params),
            "network_sha256": self.card["sha256"],
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "accelerator": accelerator,
            "precision": self.options.precision,
            "versions": {
                "torch": torch.__version__,
                **({accelerator: version(accelerator)} if accelerator != "torch" else {}),
            },
        }
