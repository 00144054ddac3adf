"""COCO's scores of detections: of a frozen detector alone, and with an energy branch."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from tqdm import tqdm

from ltr.admin.build_detection import FrozenDetectorLoaders
from ltr.dataset.detection import DetectionDataset
from ltr.experiments.detection.options import Steps
from ltr.models.detection.prediction import BoxEnergyModel, suppress
from ltr.models.detection.settings import PredictionSettings
from ltr.sampling.detection_batch import BoxSet, DetectionBatch
from ltr.train_settings.detection.base import Sources


@dataclass(frozen=True)
class Scores:
    """COCO's average precision in percent: mean over the IoU thresholds 0.5, 0.55, ..., 0.95; at 0.5; at 0.75."""

    ap: float
    ap50: float
    ap75: float

    def __str__(self) -> str:
        return f"AP {self.ap:5.2f}  AP50 {self.ap50:5.2f}  AP75 {self.ap75:5.2f}"


def coco_results(batch: DetectionBatch, found: BoxSet) -> list[dict[str, Any]]:
    """Detections in COCO's result format; the boxes are in pixels of the original images."""
    boxes = found.boxes / batch.scales[found.picture].repeat(1, 2)
    columns = (found.picture.tolist(), found.labels.tolist(), boxes.tolist(), found.scores.tolist())
    return [
        {"image_id": batch.ids[picture], "category_id": label, "bbox": box, "score": score}
        for picture, label, box, score in zip(*columns, strict=True)
    ]


def coco_scores(truth: COCO, results: list[dict[str, Any]]) -> Scores:
    """AP, AP50 and AP75 of detections over all images of ``truth``, by pycocotools."""
    if not results:
        return Scores(0.0, 0.0, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return Scores(*(100 * float(value) for value in evaluation.stats[:3]))


class Evaluation:
    """Images with ground truth and the outputs of a frozen detector.

    Args:
        frozen: the detector.
        data: folder of the sources' paths.
        sources: of the images, including those without objects.
        prediction: settings of NMS and ascent.
    """

    def __init__(
        self,
        frozen: FrozenDetectorLoaders,
        data: Path,
        sources: Sources,
        prediction: PredictionSettings,
    ) -> None:
        dataset = DetectionDataset(data, sources, frozen.settings.data.classes)
        self.truth = dataset.ground_truth()
        self.loader = frozen.loader(dataset.pictures, len(dataset), seed=None)
        self.prediction = prediction

    def detector(self) -> list[dict[str, Any]]:
        """Results of the detector alone."""
        return self._run(lambda batch: suppress(batch.candidates, batch.candidates.scores, self.prediction))

    def guided(self, energy_model: BoxEnergyModel) -> list[dict[str, Any]]:
        """Results after guided NMS, without refinement."""
        return self._run(lambda batch: self._suppress(energy_model, batch))

    def refined(self, energy_model: BoxEnergyModel, steps: Steps) -> list[dict[str, Any]]:
        """Results after guided NMS and refinement."""
        return self._run(
            lambda batch: energy_model.refine(batch, self._suppress(energy_model, batch), steps, self.prediction)
        )

    def scores(self, results: list[dict[str, Any]]) -> Scores:
        """COCO's scores of results."""
        return coco_scores(self.truth, results)

    def _suppress(self, energy_model: BoxEnergyModel, batch: DetectionBatch) -> BoxSet:
        return suppress(batch.candidates, energy_model.rank(batch), self.prediction)

    def _run(self, find: Callable[[DetectionBatch], BoxSet]) -> list[dict[str, Any]]:
        self.loader.set_epoch(0)
        batches = tqdm(self.loader, leave=False, disable=None)
        return [result for batch in batches for result in coco_results(batch, find(batch))]
