"""Matching of sequence names across different spellings.

OTB's Jogging with target 1 is ``Jogging-1``, ``Jogging_1``, ``Jogging.1`` or ``jogging1``; pytracking writes
``uav_bike1``. But on UAV123 ``car1_1`` and ``car11`` are two sequences. So spellings are compared from strict to loose,
and a looser comparison only considers names that no stricter one has matched.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from ltr.dataset.layouts import EVALUATED, LAYOUTS
from pytracking.utils.text import bare_name

_ALIASES = {"human4": "human42"}  # got10k names OTB's second target of Human4 after the folder


_BENCHMARK = re.compile(rf"^({'|'.join(sorted({*LAYOUTS, *EVALUATED, 'dtb'}))})[-_]", re.IGNORECASE)


def _without_benchmark(name: str) -> str:
    return _BENCHMARK.sub("", name)


def _separators_alike(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _without_benchmark(name).lower())


def _bare(name: str) -> str:
    bare = bare_name(_without_benchmark(name))
    return _ALIASES.get(bare, bare)


_SPELLINGS: tuple[Callable[[str], str], ...] = (str, _without_benchmark, _separators_alike, _bare)


def match_names(wanted: Iterable[str], available: Iterable[str]) -> dict[str, str]:
    """The matching name in ``available`` of each name in ``wanted`` that has one; no name is used twice."""
    left, right = list(wanted), list(available)
    matches: dict[str, str] = {}
    for spelling in _SPELLINGS:
        left_by_key, right_by_key = _group(left, spelling), _group(right, spelling)
        for key, names in left_by_key.items():
            found = right_by_key.get(key, [])
            if len(names) == len(found) == 1:
                matches[names[0]] = found[0]
        taken = set(matches.values())
        left = [name for name in left if name not in matches]
        right = [name for name in right if name not in taken]
    return matches


def _group(names: Iterable[str], spelling: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[spelling(name)].append(name)
    return groups
