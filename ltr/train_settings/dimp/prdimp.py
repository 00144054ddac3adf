"""PrDiMP (Danelljan et al., CVPR 2020) as pytracking trains it: prdimp18 and prdimp50.

Center and box are densities: that of the center on the score grid, that of the box by the paper's KLD-IS.
"""

from dataclasses import replace

from ltr.actors.tracking import TrackingLossWeights
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp.dimp import DIMP18, DIMP50
from ltr.train_settings.dimp.methods import BOX_METHODS

_DESCENT = FilterOptimizerSettings(num_iter=5, init_step_length=1.0, init_filter_reg=0.05, min_filter_reg=0.05)

PRDIMP50 = replace(
    DIMP50,
    network=replace(DIMP50.network, classifier=replace(DIMP50.network.classifier, objective="kl", optimizer=_DESCENT)),
    sampler=SamplerSettings(samples_per_epoch=26_000, max_gap=200, mode="pytracking"),
    box_loss=BOX_METHODS["kldis"].loss,
    loss_weights=TrackingLossWeights(box=0.0025, test_clf=0.25, init_clf=0.25, iter_clf=1.0),
    optim=replace(DIMP50.optim, part_lr={"classifier": 1e-3, "bb_regressor": 1e-3, "feature_extractor": 2e-5}),
)

PRDIMP18 = replace(
    PRDIMP50,
    network=replace(DIMP18.network, classifier=replace(DIMP18.network.classifier, objective="kl", optimizer=_DESCENT)),
    optim=replace(PRDIMP50.optim, batch_size=26, part_lr={"classifier": 1e-3, "bb_regressor": 1e-3}),
)
