"""`/metrics` for Prometheus: read from the store when asked, counted nowhere else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from jobhive.api.services import Wired
from jobhive.core.record import QueueStatus, WorkerRecord
from jobhive.store.port import Store

routes = APIRouter(tags=["health"])
