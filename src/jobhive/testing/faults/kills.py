"""Kills processes of an installation at random, and starts again what a person would start again."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from random import Random

from jobhive.testing.faults.history import KILL
from jobhive.testing.faults.installation import Installation, Running

ROLES = ("supervisor", "server", "worker")


class Kills:
    """Strikes when it is told to; the random numbers decide whom. Every strike is a line of the history."""

    def __init__(self, installation: Installation, chance: Random, roles: Sequence[str] = ROLES) -> None:
        self._installation = installation
        self._chance = chance
        self._roles = roles
        self.struck = dict.fromkeys(roles, 0)  # strikes by role

    async def strike(self, number: signal.Signals = signal.SIGKILL) -> Running:
        """Sends the signal to one of the processes, once there is one. A supervisor that ends by it is started again.

        Who is sent SIGSTOP stands still until `resume`.
        """
        role = self._chance.choice(self._roles)
        while not (victims := self._playing(role)):
            await self._installation.until(partial(self._is_played, role))
        victim = self._chance.choice(victims)
        self._installation.history.note(KILL, victim.role, "ok", {"signal": number.name}, victim.pid)
        with suppress(ProcessLookupError):  # it ended by itself meanwhile
            os.kill(victim.pid, number)
        self.struck[victim.role] += 1
        if victim.role == "supervisor" and number in (signal.SIGKILL, signal.SIGTERM):
            await self._installation.ended()
            await self._installation.start()
        return victim

    def resume(self, victim: Running) -> None:
        """It goes on where it stood still, if it still is there."""
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGCONT)

    def _playing(self, role: str) -> list[Running]:
        return [running for running in self._installation.running() if running.role == role]

    async def _is_played(self, role: str) -> bool:
        return bool(self._playing(role))
