"""Workers that have lived long enough to be killed: what replaces them then comes at once."""

import random
import time

from waiting import eventually

#: A worker that lives shorter than this has died young: its successor waits.
YOUNG_S = 1.0


class Lives:
    """Which workers have lived a second, so that their successors come at once."""

    def __init__(self, footfall):
        self.footfall = footfall
        self.first_seen = {}
        self.victims = set()

    def next_victim(self):
        """Waits for a worker that has lived long enough and was not named before; its pid."""

        def grown_up():
            now = time.monotonic()
            workers = self.footfall.workers()
            for pid in workers:
                self.first_seen.setdefault(pid, now)
            old = [
                pid
                for pid in workers
                if now - self.first_seen[pid] > YOUNG_S + 0.05 and pid not in self.victims
            ]
            return random.choice(old) if old else None

        victim = eventually(grown_up, "a worker has lived a second")
        self.victims.add(victim)
        return victim
