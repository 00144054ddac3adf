"""Networks for an ordinary CPU, trained on small open data: EfficientNet-Lite with slim heads.

The shipped network was trained by ``dimp_ncep_mobile`` and then ``dimp_ncep_mobile_trunk``, on EfficientNet-Lite2
(``docs/training.md``). Those with ``lite0`` in the name take a fifth less time; they were used to compare the losses.
"""

from dataclasses import replace

from ltr.data.transforms import AugmentationSettings
from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.sampling.processing import ProcessingSettings
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.trainers.settings import OptimSettings

WARMUP = DiMPTrainSettings(
    network=DiMPnetSettings(
        backbone="efficientnet_lite0",
        frozen_layers=("conv1", "layer1", "layer2", "layer3"),
        search_area=5.0,
        crop_side=288,
        classifier=ClassifierSettings(feature_dim=112, optimizer=FilterOptimizerSettings(num_iter=5)),
        box_branch=AtomIoUNetSettings(reference_dim=64, mid_dim=64, pred_input_dim=64, pred_inter_dim=256),
    ),
    sources=(
        DataSource("video", "train_video", weight=1.0),
        DataSource("coco", "train_images", weight=0.4),
        DataSource("coco", "train_images2", weight=0.4),
        DataSource("cut_paste", "unlabelled_images", weight=1.2),
    ),
    validation_samples=96,
    validation_sequences=(
        "OMNI_cat",
        "SegTrack_bmx",
        "TIR_horse",
        "TLD_car",
        "TinyTLP_Bike",
        "TinyTLP_Mohiniyattam",
        "UAVDT_S0601",
        "UAVDT_S1301",
        "VOT_ball2",
        "VOT_book",
        "VOT_monkey",
        "VOT_octopus",
        "VOT_traffic",
    ),
    sampler=SamplerSettings(samples_per_epoch=800, num_train_frames=2, num_test_frames=2, max_gap=50),
    optim=OptimSettings(
        epochs=14,
        batch_size=8,
        lr=1e-3,
        part_lr={
            "classifier.feature_extractor": 5e-5,
            "classifier.filter_initializer": 5e-5,
            "classifier.filter_optimizer": 5e-4,
        },
        schedule="cosine",
        clip_norm=1000.0,
    ),
)

# With whole objects alone the box branch learns to grow boxes from a part to its object; patches prevent that.
DIMP_NCEP_LITE0 = replace(
    WARMUP,
    sources=(
        *WARMUP.sources,
        DataSource("patches", "unlabelled_images", weight=0.4),
        DataSource("patches", "train_images/images", weight=0.4),
    ),
    optim=replace(WARMUP.optim, epochs=10, lr=8e-4),
)

# The paper's comparison on these data: everything the same but the loss of the boxes.
DIMP_NCE_LITE0 = DIMP_NCEP_LITE0.with_method("nce")
DIMP_KLDIS_LITE0 = DIMP_NCEP_LITE0.with_method("kldis")
DIMP_LITE0 = DIMP_NCEP_LITE0.with_method("iou")


def _on(backbone: str, feature_dim: int) -> DiMPnetSettings:
    """The network on another frozen trunk, with as many classification features as its stride 16 has channels."""
    classifier = replace(WARMUP.network.classifier, feature_dim=feature_dim)
    return replace(WARMUP.network, backbone=backbone, classifier=classifier)


# The same on a frozen ResNet-18, for those who have its weights.
DIMP_NCEP_RESNET18 = replace(DIMP_NCEP_LITE0, network=_on("resnet18", 256))

# For tests and a quick start: synthetic shapes, an untrained small network, minutes on a laptop.
TOY = replace(
    WARMUP,
    sources=(DataSource("synthetic"),),
    validation_sequences=(),
    validation_samples=32,
    sampler=SamplerSettings(samples_per_epoch=128, num_train_frames=2, num_test_frames=2, max_gap=20),
    optim=replace(WARMUP.optim, epochs=4, batch_size=8),
)

# Continues from the network of DIMP_NCEP_LITE0, and trains the last third of the trunk, too.
DIMP_NCEP_LITE0_TRUNK = replace(
    DIMP_NCEP_LITE0,
    network=replace(WARMUP.network, frozen_layers=("conv1", "layer1", "layer2")),
    optim=replace(
        DIMP_NCEP_LITE0.optim, epochs=20, lr=4e-4, part_lr={**WARMUP.optim.part_lr, "feature_extractor": 5e-5}
    ),
)

# The shipped network: a larger trunk, trained for most of the time; then three of ten samples have low resolution.
DIMP_NCEP_MOBILE = replace(
    DIMP_NCEP_LITE0, network=_on("efficientnet_lite2", 120), optim=replace(DIMP_NCEP_LITE0.optim, epochs=6)
)
DIMP_NCEP_MOBILE_TRUNK = replace(
    DIMP_NCEP_LITE0_TRUNK,
    network=replace(DIMP_NCEP_MOBILE.network, frozen_layers=DIMP_NCEP_LITE0_TRUNK.network.frozen_layers),
    processing=ProcessingSettings(augmentation=AugmentationSettings(low_resolution=0.3)),
    optim=replace(
        DIMP_NCEP_LITE0.optim, epochs=30, lr=5e-4, part_lr={**WARMUP.optim.part_lr, "feature_extractor": 1e-4}
    ),
)
