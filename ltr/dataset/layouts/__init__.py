"""The published data sets, by name, for training and evaluation."""

from ltr.dataset.layouts.base import Layout
from ltr.dataset.layouts.got10k import GOT10K
from ltr.dataset.layouts.lasot import LASOT, LASOT_EXTENSION
from ltr.dataset.layouts.nfs import NFS
from ltr.dataset.layouts.otb import DTB70, OTB
from ltr.dataset.layouts.tracking_net import TRACKINGNET
from ltr.dataset.layouts.uav import UAV, UAVDT
from ltr.dataset.layouts.vot import VOT

_ALL = (OTB, UAV, NFS, LASOT, LASOT_EXTENSION, GOT10K, TRACKINGNET, DTB70, UAVDT, VOT)
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _ALL}
TRAINED: dict[str, Layout] = {name: layout for name, layout in LAYOUTS.items() if layout.splits}
EVALUATED: dict[str, Layout] = {name: layout for layout in _ALL for name in layout.benchmarks}
