"""Named parameters of the DiMP tracker."""

from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.dimp.published import PUBLISHED

PARAMETERS: dict[str, DiMPParams] = {"dimp_ncep_mobile": DiMPParams(network="dimp_ncep_mobile"), **PUBLISHED}
