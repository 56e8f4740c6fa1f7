"""How the tests of bad input name a value and what its refusal must say."""

import re


def wording(name, value):
    return "(?s)" + re.escape(f"`{name}") + ".*" + re.escape(value)


def label(value):
    try:
        return f"{value!r}"[:60]
    except ValueError:
        return "huge"
