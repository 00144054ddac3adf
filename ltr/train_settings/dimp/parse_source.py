"""Data sources from a command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args, get_type_hints

from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.utils.config import check
from ltr.utils.errors import InputError

FORM = "KIND:PATH[,weight=W][,split=S]"
KINDS = get_args(get_type_hints(DataSource)["kind"])
NONE = "none"  # instead of sources to validate on


def parse_source(text: str) -> DataSource:
    """A source of the form ``FORM``, for example ``coco:my/pictures,weight=0.5``; a kind without files has no :PATH.

    Raises:
        ValueError: the text has another form, or a value is wrong.
    """
    place, *options = re.split(r",(?=\w+=)", text)
    kind, _, path = place.partition(":")
    values = dict(option.split("=", 1) for option in options)
    if kind not in KINDS:
        raise InputError(f"source {text!r}: expected {FORM}, KIND one of {', '.join(KINDS)}")
    unknown = values.keys() - {"weight", "split"}
    if unknown or len(values) < len(options):
        raise InputError(f"source {text!r}: expected {FORM}, with weight and split once each")
    try:
        weight = float(values.get("weight", 1.0))
    except ValueError:
        raise InputError(f"source {text!r}: weight: expected a number, got {values['weight']!r}") from None
    source = DataSource(kind, path, weight, values.get("split", ""))
    check(source, f"source {text!r}")
    return source


def with_sources(
    settings: DiMPTrainSettings, sources: Sequence[str] = (), validation: Sequence[str] = ()
) -> DiMPTrainSettings:
    """The settings with other sources, each in the form of :func:`parse_source`; empty ones do not change, and
    ``none`` for ``validation`` means no source.
    """
    if sources:
        new = tuple(parse_source(text) for text in sources)
        settings = with_held_out_names(replace(settings, sources=new), settings.sources)
    if validation:
        chosen = () if tuple(validation) == (NONE,) else validation
        settings = replace(settings, validation_sources=tuple(parse_source(text) for text in chosen))
    return settings


def with_held_out_names(settings: DiMPTrainSettings, before: Sequence[DataSource]) -> DiMPTrainSettings:
    """The settings, with sources changed from ``before``: names of held-out sequences are kept only if a ``video``
    source is, because they belong to it."""
    old, new = ({s.path for s in sources if s.kind == "video"} for sources in (before, settings.sources))
    return settings if old & new or old == new else replace(settings, validation_sequences=())
