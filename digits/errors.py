"""The one exception for input that cannot be used."""


class DigitsError(ValueError):
    """Bad input, told in one sentence for the person who gave it: what came, what was wanted, what to do.

    The command line prints it and exits with 2; the page shows it. Anything else that is raised is a bug of ours.
    """


def first_line(error: Exception) -> str:
    """What another library says of a failure, short enough for our own sentence."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
