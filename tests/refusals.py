"""How the tests of bad input name a value and what its refusal must say."""

import re


def wording(name, value):
    return "(?s)" + re.escape(f"`{name}") + ".*" + re.escape(value)


def unrefused(tries):
    """How many `tries`, each a call and ``(class, name, value)``, and which are not refused so; without pytest and `assert`."""
    found = []
    for number, (call, (kind, name, value)) in enumerate(tries):
        try:
            call()
        except Exception as error:
            if not isinstance(error, kind) or not re.search(wording(name, value), str(error)):
                found.append(f"{number}: {kind.__name__} {name} {value}: {error!r}")
        else:
            found.append(f"{number}: {kind.__name__} {name} {value}: nothing raised")
    return number + 1, found


def label(value):
    try:
        return f"{value!r}"[:60]
    except ValueError:
        return "huge"
