"""`Watch`: what a run and its tiles under way tell each other: that they are given up, how far."""

from threading import Event, Lock


class Watch(Event):
    """Set when nobody waits for the tiles any more; counts what is made of them meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._lock, self._made = Lock(), 0.0

    @property
    def made(self) -> float:
        """How many tiles are made, with parts of those under way."""
        return self._made

    def advance(self, share: float) -> None:
        """Say that a further share of a tile is made; from any thread."""
        with self._lock:
            self._made += share

    def finish(self, tiles: int) -> None:
        """Say that so many tiles are finished: they count as wholes, whatever was said of parts."""
        with self._lock:
            self._made = max(self._made, float(tiles))


def advance(watch: Event, share: float) -> None:
    """Advance a watch; to a plain event nothing is said."""
    if isinstance(watch, Watch):
        watch.advance(share)
