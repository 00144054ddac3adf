"""Object detection: a frozen Faster R-CNN, and the energy branch that is trained on top of it (paper, Section 4.2)."""
