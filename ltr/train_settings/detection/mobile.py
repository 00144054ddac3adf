"""A small detector and its energy branch for a CPU, on a few thousand open images; three classes.

COCO's 80 classes need more images than these folders have; merged into three, each has about a thousand objects.
"""

from pathlib import Path

from ltr.dataset.detection import DetectionSource, Part
from ltr.models.detection.settings import BranchSettings, DetectorSettings
from ltr.train_settings.detection.base import BranchTrainSettings, DetectionData, DetectorTrainSettings, Sources
from ltr.trainers.settings import OptimSettings

CLASSES = {
    "person": ("person",),
    "vehicle": ("airplane", "bicycle", "boat", "bus", "car", "cars", "motorbike", "motorcycle", "train", "truck"),
    "animal": (
        "bear",
        "bird",
        "cat",
        "cow",
        "deer",
        "dog",
        "elephant",
        "giraffe",
        "horse",
        "kangaroo",
        "lion",
        "mountain lion",
        "otter",
        "rabbit",
        "raccoon",
        "rhesus monkey",
        "sheep",
        "tiger",
        "turtle",
        "zebra",
    ),
}

# By folder, values of the images' field `dataset` with nearly complete labels of the three classes.
DATASETS = {
    "train_images": ("COCOmini", "CarsTrucks", "Kangaroo", "Lion", "OpenImages_Rabbit", "Raccoon", "TrafficMoto"),
    "train_images2": (
        "COCOdebug",
        "DogCat",
        "EndangeredAnimals",
        "MountainLion",
        "OxfordPets",
        "PennFudan",
        "VOC2007_5cls",
        "WeizmannHorse",
    ),
}


def _sources(part: Part) -> Sources:
    return tuple(
        DetectionSource(f"{folder}/annotations.json", f"{folder}/images", datasets, part)
        for folder, datasets in DATASETS.items()
    )


DETECTOR_MOBILE = DetectorTrainSettings(
    data=DetectionData(_sources("train"), _sources("val"), _sources("test"), CLASSES),
    detector=DetectorSettings(
        "mobile", num_classes=len(CLASSES) + 1, min_size=256, max_size=256, canonical_size=96.0, max_candidates=200
    ),
    pictures_per_epoch=2400,
    optim=OptimSettings(
        epochs=2,
        batch_size=8,
        lr=1e-3,
        part_lr={"backbone.body": 2e-4},
        weight_decay=1e-5,
        schedule="cosine",
        clip_norm=10.0,
    ),
)

BRANCH_MOBILE = BranchTrainSettings(
    data=DETECTOR_MOBILE.data,
    detector=DETECTOR_MOBILE.detector,
    weights=Path("workspace/detection/detector_mobile/network.safetensors"),
    cache=Path("workspace/detection/detector_mobile/cache"),
    branch=BranchSettings(hidden=128),
    num_workers=0,
    pictures_per_epoch=1024,
    validate_every=4,
    optim=OptimSettings(epochs=4, batch_size=16, lr=1e-3, weight_decay=1e-4, schedule="cosine"),
)
