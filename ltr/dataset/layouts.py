"""The data sets of videos that are read as they are published, by name."""

from ltr.dataset.got10k import GOT10K
from ltr.dataset.image_sequences import Layout
from ltr.dataset.lasot import LASOT
from ltr.dataset.tracking_net import TRACKINGNET

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (LASOT, GOT10K, TRACKINGNET)}
