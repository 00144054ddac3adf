"""The task of training a detector."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.models.detection import FasterRCNN

from ltr.actors.base_actor import BaseActor, Stats
from ltr.data.bounding_box_utils import box_to_corners
from ltr.data.pictures import PictureBatch


class DetectorActor(BaseActor):
    """Faster R-CNN's own losses: of proposals and of boxes, their classes and their places."""

    net: FasterRCNN

    def __call__(self, batch: PictureBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        images = [picture.image for picture in batch.pictures]
        targets = [{"boxes": box_to_corners(p.boxes), "labels": p.labels} for p in batch.pictures]
        losses = self.net(images, targets)
        loss = torch.stack(list(losses.values())).sum()
        return loss, {"loss": loss.item(), **{name: value.item() for name, value in losses.items()}}

    def validate(self, batch: PictureBatch, generator: torch.Generator) -> Stats:
        """The same losses. A Faster R-CNN gives them in training mode only, where its frozen batch norms stay."""
        self.net.train()
        with torch.no_grad():
            _, stats = self(batch, generator)
        self.net.eval()
        return stats
