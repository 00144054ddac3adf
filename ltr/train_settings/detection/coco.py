"""The paper's experiment: torchvision's Faster R-CNN with ResNet-50-FPN, trained on COCO 2017, and a branch on top.

The data folder holds COCO's official layout under ``coco``: ``annotations/instances_train2017.json``, ``train2017`` and
the same of ``val2017``. The truth of test-dev is not public; val2017 takes its place.
"""

from ltr.dataset.detection import DetectionSource
from ltr.train_settings.detection.base import BranchTrainSettings, DetectionData
from ltr.trainers.settings import OptimSettings

TRAIN, VAL = (
    DetectionSource(f"coco/annotations/instances_{part}.json", f"coco/{part}") for part in ("train2017", "val2017")
)

# 60,000 iterations of 16 pictures, in 6 epochs; the rate drops by 10 after 40,000 and after 50,000. The paper does not
# name the optimizer; this is the released code's, that of Detectron: biases learn at twice the rate and do not decay.
BRANCH_COCO = BranchTrainSettings(
    data=DetectionData((TRAIN,), (VAL,), (VAL,)),
    num_workers=8,
    pictures_per_epoch=160_000,
    optim=OptimSettings(
        epochs=6,
        batch_size=16,
        lr=1e-3,
        weight_decay=1e-4,
        schedule="step",
        step_epochs=(4, 5),
        step_factor=0.1,
        momentum=0.9,
        bias_lr_factor=2.0,
        bias_weight_decay=0.0,
        warmup_steps=500,
    ),
)
