"""The training data of pytracking's trackers: four large data sets, with little augmentation."""

from ltr.data.transforms import AugmentationSettings, ColorJitter
from ltr.train_settings.dimp.base import DataSource


def sources(lasot_weight: float) -> tuple[DataSource, ...]:
    """LaSOT, GOT-10k, a third of TrackingNet and COCO; all but LaSOT with weight 1."""
    return (
        DataSource("lasot", "lasot", weight=lasot_weight, split="train"),
        DataSource("got10k", "got10k", split="vottrain"),
        DataSource("trackingnet", "trackingnet", split="0-3"),
        DataSource("coco", "coco", split="train2017"),
    )


VALIDATION = (DataSource("got10k", "got10k", split="votval"),)

# Grayscale and brightness.
AUGMENTATION = AugmentationSettings(
    flip=0.0,
    grayscale=0.05,
    color=ColorJitter(brightness=0.2, contrast=0.0, saturation=0.0, gain=0.0),
    blur=0.0,
    noise=0.0,
    jpeg=0.0,
    cutout=0.0,
)
