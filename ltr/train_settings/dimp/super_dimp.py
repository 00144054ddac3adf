"""The paper's three trackers (Appendix D): DiMP's classifier, and a box branch trained with KLD-IS, NCE or NCE+.

DiMP-KLD-IS is pytracking's super_dimp. D.1: batches of 20, four data sets weighted equally, 40,000 samples an epoch,
flips, and conv1 to layer2 of the backbone frozen. D.2: K = 2, sigma = 0.05 and 0.5, M = 128; NCE+ with beta = 0.1.
"""

from dataclasses import replace

from ltr.actors.tracking import TrackingLossWeights
from ltr.sampling.processing import JitterSettings
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp.dimp import DIMP50
from ltr.train_settings.dimp.large_data import AUGMENTATION, sources
from ltr.train_settings.dimp.methods import BOX_METHODS

SUPER_DIMP = replace(
    DIMP50,
    network=replace(
        DIMP50.network,
        frozen_layers=("conv1", "layer1", "layer2"),
        search_area=6.0,
        crop_side=352,
        crop_mode="inside_major",
    ),
    sources=sources(lasot_weight=1.0),
    validation_samples=10_000,
    sampler=SamplerSettings(samples_per_epoch=40_000, max_gap=200, mode="pytracking"),
    processing=replace(
        DIMP50.processing,
        test_jitter=JitterSettings(center=5.5, scale=0.5),
        augmentation=replace(AUGMENTATION, flip=0.5, frame_flip=0.5),
    ),
    box_loss=BOX_METHODS["kldis"].loss,
    loss_weights=TrackingLossWeights(box=0.01),
    optim=replace(
        DIMP50.optim,
        batch_size=20,
        part_lr={
            "bb_regressor": 1e-3,
            "classifier.feature_extractor": 5e-5,
            "classifier.filter_initializer": 5e-5,
            "classifier.filter_optimizer": 5e-4,
            "feature_extractor": 2e-5,
        },
    ),
)

DIMP_NCE = SUPER_DIMP.with_method("nce")

DIMP_NCEP = SUPER_DIMP.with_method("ncep")
