"""`jobhive bench`: what the queue does on this machine."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
