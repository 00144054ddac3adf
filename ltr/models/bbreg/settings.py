"""Settings of the box branch. Needs no torch."""

from dataclasses import dataclass

from ltr.utils.config import Width


@dataclass(frozen=True)
class AtomIoUNetSettings:
    """Widths of the box branch; the defaults are ATOM's."""

    reference_dim: Width = 128  # channels of the reference frame's convolution at stride 8
    mid_dim: Width = 256  # channels of the first convolution on the test frame, and of the reference vectors
    pred_input_dim: Width = 256  # channels that are modulated and pooled, at each stride
    pred_inter_dim: Width = 256  # width of the fully connected layer, at each stride
