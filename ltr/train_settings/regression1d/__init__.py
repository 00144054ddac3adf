"""Named settings of the 1-D regression task: one for each training method and data set (``dsm``, ``dsm_sine``)."""

from ltr.dataset.regression1d import DATASETS
from ltr.models.loss.ebm import EBM_LOSSES
from ltr.train_settings.regression1d.base import Regression1DSettings
from ltr.train_settings.regression1d.methods import method_for

SETTINGS: dict[str, Regression1DSettings] = {
    name if dataset == Regression1DSettings.dataset else f"{name}_{dataset}": Regression1DSettings(
        dataset=dataset, loss=method_for(dataset, name)
    )
    for dataset in DATASETS
    for name in EBM_LOSSES
}

__all__ = ["SETTINGS", "Regression1DSettings", "method_for"]
