"""Graphs as ONNX files that share one file of weights."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from pytracking.export.graphs import Graph
from pytracking.features.graph_folder import WEIGHTS, ArraySpec, GraphSpec
from pytracking.utils.extras import install_hint

OPSET = 18  # the first with Col2Im
WeightType = Literal["float16", "float32"]
_SMALLEST = 64  # elements of the arrays in the file of weights; smaller ones stay in their graph
_ALIGNMENT = 64  # bytes


def import_onnx() -> Any:
    """The package ``onnx``; ImportError with a hint if it, or what torch's exporter needs beside it, is missing."""
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError:
        raise ImportError(
            f"pytracking export needs the packages onnx and onnxscript: {install_hint('export')}"
        ) from None
    return onnx


def write_graphs(graphs: Iterable[Graph], folder: Path, weights: WeightType) -> dict[str, GraphSpec]:
    """Write ``NAME.onnx`` for each graph, and their weights, into ``folder``; what each has for arrays.

    weights: float16: of those arrays whose numbers are float16 ones, so that nothing changes.
    """
    shared = _SharedWeights(weights)
    specs = {}
    for graph in graphs:
        model = _to_onnx(graph)
        shared.take_from(model)
        specs[graph.name] = GraphSpec(
            f"{graph.name}.onnx",
            {value.name: _array_spec(value) for value in model.graph.input},
            {value.name: _array_spec(value) for value in model.graph.output},
        )
        (folder / f"{graph.name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (folder / WEIGHTS).write_bytes(bytes(shared.data))
    return specs


def _to_onnx(graph: Graph) -> Any:
    """The graph as ``onnx.ModelProto``, without the names of our files, functions and modules.

    The exporter's own optimizations stay out: folded batch norms would no longer be float16 numbers. Who runs the graph
    folds them.
    """
    from onnxscript import optimizer

    graph.run()  # fills caches of constants, which else would hold the exporter's symbols
    axes = tuple(dict(graph.free.get(name, {})) for name in graph.inputs)
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.module,
            tuple(graph.inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            optimize=False,
            verbose=False,
            input_names=list(graph.inputs),
            output_names=_distinct(graph),
            dynamic_shapes=(axes,) if graph.free else None,
        )
        assert program is not None
        optimizer.inline(program.model)
        optimizer.fold_constants(program.model, input_size_limit=_SMALLEST)
        optimizer.remove_unused_nodes(program.model)
    model = program.model_proto
    for holder in (model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info):
        with suppress(AttributeError, ValueError):
            holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    for value in (*model.graph.input, *model.graph.output):
        value.ClearField("metadata_props")
    del model.graph.value_info[:]
    model.graph.name = graph.name
    return model


def _distinct(graph: Graph) -> list[str]:
    """The names of the outputs; one that is an input's, too, with the prefix ``new_``: ONNX names differ."""
    return [f"new_{name}" if name in graph.inputs else name for name in graph.outputs]


def _array_spec(value: Any) -> ArraySpec:
    kind = value.type.tensor_type
    dtype = str(import_onnx().helper.tensor_dtype_to_np_dtype(kind.elem_type))
    return ArraySpec(dtype, tuple(axis.dim_param or axis.dim_value for axis in kind.shape.dim))


class _SharedWeights:
    """The file of weights: each array once, whichever graphs use it."""

    def __init__(self, kind: WeightType) -> None:
        self.kind, self.data = kind, bytearray()
        self._places: dict[str, int] = {}

    def take_from(self, model: Any) -> None:
        """Move the weights of ``model`` to the file; those stored as float16 are cast to float32 where it begins."""
        onnx = import_onnx()
        casts = []
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.size < _SMALLEST:
                continue
            if values.dtype == np.float32 and self.kind == "float16":
                narrow = values.astype(np.float16)
                if np.array_equal(narrow, values):
                    name, values = tensor.name, narrow
                    tensor.name = f"{name}_float16"
                    casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
            self._store(tensor, values)
        nodes = [*casts, *model.graph.node]
        del model.graph.node[:]
        model.graph.node.extend(nodes)

    def _store(self, tensor: Any, values: np.ndarray) -> None:
        onnx = import_onnx()
        raw = np.ascontiguousarray(values).tobytes()
        digest = hashlib.sha256(raw).hexdigest()
        if digest not in self._places:
            self.data += bytes(-len(self.data) % _ALIGNMENT)
            self._places[digest] = len(self.data)
            self.data += raw
        name, shape = tensor.name, values.shape
        tensor.Clear()
        tensor.name, tensor.data_type = name, onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor.dims.extend(shape)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": WEIGHTS, "offset": self._places[digest], "length": len(raw)}.items():
            tensor.external_data.add(key=key, value=str(value))


class _quiet:
    """A block in which the exporter's loggers say only what is wrong."""

    def __enter__(self) -> None:
        self._loggers = [logging.getLogger(name) for name in ("onnxscript", "torch.onnx", "onnx_ir")]
        self._levels = [logger.level for logger in self._loggers]
        for logger in self._loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.setLevel(level)
