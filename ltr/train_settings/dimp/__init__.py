"""Named settings of tracker training."""

from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.train_settings.dimp.dimp import DIMP18, DIMP50
from ltr.train_settings.dimp.mobile import (
    DIMP_KLDIS_LITE0,
    DIMP_LITE0,
    DIMP_NCE_LITE0,
    DIMP_NCEP_LITE0,
    DIMP_NCEP_LITE0_TRUNK,
    DIMP_NCEP_MOBILE,
    DIMP_NCEP_MOBILE_TRUNK,
    DIMP_NCEP_RESNET18,
    TOY,
    WARMUP,
)
from ltr.train_settings.dimp.prdimp import PRDIMP18, PRDIMP50
from ltr.train_settings.dimp.super_dimp import DIMP_NCE, DIMP_NCEP, SUPER_DIMP

SETTINGS: dict[str, DiMPTrainSettings] = {
    "dimp18": DIMP18,
    "dimp50": DIMP50,
    "prdimp18": PRDIMP18,
    "prdimp50": PRDIMP50,
    "super_dimp": SUPER_DIMP,
    "dimp_nce": DIMP_NCE,
    "dimp_ncep": DIMP_NCEP,
    "dimp_ncep_mobile": DIMP_NCEP_MOBILE,
    "dimp_ncep_mobile_trunk": DIMP_NCEP_MOBILE_TRUNK,
    "dimp_ncep_lite0_warmup": WARMUP,
    "dimp_ncep_lite0": DIMP_NCEP_LITE0,
    "dimp_ncep_lite0_trunk": DIMP_NCEP_LITE0_TRUNK,
    "dimp_nce_lite0": DIMP_NCE_LITE0,
    "dimp_kldis_lite0": DIMP_KLDIS_LITE0,
    "dimp_lite0": DIMP_LITE0,
    "dimp_ncep_resnet18": DIMP_NCEP_RESNET18,
    "toy": TOY,
}

__all__ = ["SETTINGS", "DataSource", "DiMPTrainSettings"]
