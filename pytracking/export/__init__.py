"""Export of a tracker as ONNX graphs (``docs/deploy.md``)."""
