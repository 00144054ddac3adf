"""Check whether a network was trained on a test sequence, by the list of sequences in its card."""

from functools import lru_cache

from ltr.models.card import NetworkCard
from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.starts import sequence_of
from pytracking.parameter.dimp.published import find_network
from pytracking.tracker.base.run_info import RunInfo
from pytracking.utils.text import bare_name


def trained_on(run: RunInfo, sequence: Sequence) -> bool:
    """Whether the training sequences of a tracker's network contain ``sequence``.

    Cards name a sequence with its benchmark (``VOT_ball3``, ``UAVDT_S0310``), data sets without it; case and
    punctuation do not matter. False for trackers without a network, and for cards without a list.
    """
    network = (run.settings or {}).get("network")
    if network is None:
        return False
    known = _training_sequences(network, run.network_sha256 or "")
    name = sequence_of(sequence.name)
    return not known.isdisjoint((bare_name(name), bare_name(sequence.dataset + name)))


@lru_cache(maxsize=1)
def _training_sequences(network: str, sha256: str) -> frozenset[str]:
    """The bare names in the card of ``network``; sha256: of the weights; it is part of the cache key.

    Raises ValueError if the card is not in this toolkit's format.
    """
    path = find_network(network)
    try:
        return frozenset(map(bare_name, NetworkCard.read(path).training_sequences))
    except (KeyError, TypeError) as error:
        card = path.with_suffix(".json")
        raise InputError(f"{card}: its list of training sequences cannot be read ({error!r})") from None
