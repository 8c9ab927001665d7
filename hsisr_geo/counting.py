"""How many there are of something, in words."""


def counted(number: float, noun: str) -> str:
    """Return e.g. "1 band", "204 bands", "0.5 CPU minutes"."""
    said = f"{number:g}" if isinstance(number, float) else str(number)
    return f"{said} {noun}" + ("" if number == 1 else "s")
