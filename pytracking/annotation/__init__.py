"""Annotated videos: tracks of boxes, and the file formats that hold them. Needs no torch.

annotations = formats.read(Path("annotations.xml"))    # the format by the file's name and content
formats.write(annotations, Path("gt"), "mot")
"""
