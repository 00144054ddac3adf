"""OpenCV's trackers by name."""

from pytracking.parameter.opencv.base import OpenCVParams

PARAMETERS: dict[str, OpenCVParams] = {
    "csrt": OpenCVParams("TrackerCSRT_create", package="opencv-contrib-python"),
    "kcf": OpenCVParams("TrackerKCF_create", package="opencv-contrib-python"),
    # MIL draws features that fit into the box; in a smaller box its search never ends.
    "mil": OpenCVParams("TrackerMIL_create", min_side=5, inside=True),
    "nano": OpenCVParams("TrackerNano_create", networks=("backbone.onnx", "head.onnx")),
}
