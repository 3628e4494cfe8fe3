"""Who may do what: scopes, the caller, and what a caller sees."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a token is good for."""

    SUBMIT = "submit"  # create jobs; cancel, retry and purge one's own
    READ = "read"  # one's own jobs and their streams; figures of queues and workers
    WORK = "work"  # for machines that run workers: figures of queues and workers, but no job; retire workers
    OPERATE = "operate"  # see and steer everybody's jobs, queues and workers
    ADMIN = "admin"  # all of it, and tokens and the audit log


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes one call."""

    name: str  # as the audit log tells it
    owner: str  # whose jobs it creates and sees
    scopes: frozenset[Scope]
    token_id: str | None = None  # None while the store has no tokens

    def may(self, *any_of: Scope) -> bool:
        """Whether one of the scopes is held; admin holds all."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(any_of)

    @property
    def sees_all(self) -> bool:
        """Whether other owners' jobs exist for this caller."""
        return self.may(Scope.OPERATE)

    def sees(self, owner: str) -> bool:
        """Whether a job of that owner exists for this caller."""
        return self.sees_all or owner == self.owner


LOCAL = Caller("local", "", frozenset(Scope))  # whoever calls while the store has no tokens: somebody on this machine
