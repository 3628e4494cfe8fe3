"""The kinds of one application, by name."""

from collections.abc import Iterator

from jobhive.client.handler import Handler
from jobhive.core.errors import UnknownKind


class Kinds:
    """Filled while the application is put together; read by submitters and workers."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def add(self, handler: Handler) -> None:
        """Registers a handler; the first stands for all of one kind. Raises ValueError for a name that is taken."""
        name = handler.kind.name
        if self._handlers.setdefault(name, handler).kind is not handler.kind:
            raise ValueError(f"kind {name!r} is registered already; give one of the two another name")

    def __getitem__(self, name: str) -> Handler:
        """Raises UnknownKind."""
        try:
            return self._handlers[name]
        except KeyError:
            raise UnknownKind(name, self.names()) from None

    def __contains__(self, name: object) -> bool:
        return name in self._handlers

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._handlers.values())

    def __len__(self) -> int:
        return len(self._handlers)

    def shared(self) -> "Kinds":
        """Those that any worker of the application may run."""
        shared = Kinds()
        for handler in self:
            if not handler.is_run_apart:
                shared.add(handler)
        return shared

    def names(self) -> list[str]:
        """All kinds' names, in the order of registration."""
        return list(self._handlers)

    def queues(self) -> list[str]:
        """The queues that the kinds use by default, each once, in the order of registration."""
        return list(dict.fromkeys(handler.kind.queue for handler in self))
