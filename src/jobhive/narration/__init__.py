"""What the programs say of themselves: who did what to which target, in one short sentence each."""

from jobhive.narration.configure import configure_logging
from jobhive.narration.episode import Episode
from jobhive.narration.narrate import Level, narrate
from jobhive.narration.printable import printable

__all__ = ["Episode", "Level", "configure_logging", "narrate", "printable"]
