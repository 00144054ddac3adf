"""What a user can mend."""


class InputError(ValueError):
    """Bad input: a file, an argument or a setting that cannot be used. Its message says which, and what is accepted.

    Commands print it as one line. Any other ValueError is a bug and keeps its traceback.
    """
