"""Named settings of the 1-D regression task: one for each training method, with the values of Appendix B."""

from ltr.models.loss.ebm import EBM_LOSSES
from ltr.train_settings.regression1d.base import Regression1DSettings

SETTINGS: dict[str, Regression1DSettings] = {
    name: Regression1DSettings(loss=loss()) for name, loss in EBM_LOSSES.items()
}

__all__ = ["SETTINGS", "Regression1DSettings"]
