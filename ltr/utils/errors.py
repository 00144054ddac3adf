"""Errors that a user can fix."""


class InputError(ValueError):
    """Bad input: a file, an argument or a setting that cannot be used. The message names it and what is accepted.

    Commands print it as one line. Any other ValueError is a bug and keeps its traceback.
    """
