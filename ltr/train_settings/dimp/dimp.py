"""DiMP (Bhat et al., ICCV 2019) as pytracking trains it: dimp18 and dimp50."""

from dataclasses import replace

from ltr.actors.tracking import TrackingLossWeights
from ltr.models.loss.iou_prediction import IoUPrediction
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.sampling.processing import ProcessingSettings
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp.base import DiMPTrainSettings
from ltr.train_settings.dimp.large_data import AUGMENTATION, VALIDATION, sources
from ltr.trainers.settings import OptimSettings

DIMP50 = DiMPTrainSettings(
    network=DiMPnetSettings(
        backbone="resnet50",
        frozen_layers=(),
        search_area=5.0,
        crop_side=288,
        classifier=ClassifierSettings(feature_dim=512),
    ),
    sources=sources(lasot_weight=0.25),
    validation_sources=VALIDATION,
    validation_samples=5000,
    validate_every=5,
    num_workers=8,
    validation_workers=4,
    sampler=SamplerSettings(samples_per_epoch=26_000, max_gap=30, mode="pytracking"),
    processing=ProcessingSettings(augmentation=AUGMENTATION),
    box_loss=IoUPrediction(),
    loss_weights=TrackingLossWeights(box=1.0),
    optim=OptimSettings(
        epochs=50,
        batch_size=10,
        lr=2e-4,
        part_lr={
            "classifier.feature_extractor": 5e-5,
            "classifier.filter_initializer": 5e-5,
            "classifier.filter_optimizer": 5e-4,
            "feature_extractor": 2e-5,
        },
        step_epochs=15,
        step_factor=0.2,
    ),
)

DIMP18 = replace(
    DIMP50,
    network=replace(DIMP50.network, backbone="resnet18", classifier=ClassifierSettings(num_blocks=1, feature_dim=256)),
    optim=replace(
        DIMP50.optim,
        batch_size=26,
        part_lr={
            "bb_regressor": 1e-3,
            "classifier.feature_extractor": 5e-5,
            "classifier.filter_initializer": 5e-5,
            "classifier.filter_optimizer": 5e-4,
        },
    ),
)
