"""The training methods on 1-D regression, with the hyper-parameters that the paper used on each data set.

Those of the first data set are in Appendix B.4, and are the defaults of the methods. On the second the authors'
released code (github.com/fregu856/ebms_regression) uses other constants, which the appendix does not mention.
"""

from __future__ import annotations

from ltr.models.loss.ebm import EBMLoss, build_ebm_loss

OF_DATASET: dict[str, dict[str, dict[str, float]]] = {
    "sine": {"dsm": {"sigma": 0.075}, "mlmcmc": {"step_length": 0.0125}},
}
"""Data set -> method -> hyper-parameters that differ from the defaults."""


def method_for(dataset: str, name: str, **hyper_parameters: object) -> EBMLoss:
    """The method ``name`` with the paper's hyper-parameters for ``dataset``, unless given.

    Raises:
        ValueError: no method has this name, or a value is out of range.
    """
    return build_ebm_loss(name, **{**OF_DATASET.get(dataset, {}).get(name, {}), **hyper_parameters})
