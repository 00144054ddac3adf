"""Named settings of tracker training."""

from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.train_settings.dimp.mobile import DIMP_NCEP_MOBILE, TOY, WARMUP

SETTINGS: dict[str, DiMPTrainSettings] = {
    "dimp_ncep_mobile": DIMP_NCEP_MOBILE,
    "dimp_ncep_mobile_warmup": WARMUP,
    "toy": TOY,
}

__all__ = ["SETTINGS", "DataSource", "DiMPTrainSettings"]
