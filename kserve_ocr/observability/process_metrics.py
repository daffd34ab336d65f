"""CPU and memory of this process with its worker processes, and its age."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


def seconds_since_start() -> float:
    """Age of this process in seconds, to 10 ms.

    ``process_start_time_seconds`` is less exact: it uses the boot time in whole seconds.
    """
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


class ProcessTree(Collector):
    """Collects CPU and memory of the process tree at each scrape; no cost between scrapes.

    The CPU time of an exited worker remains in its parent's children times, so the sum never decreases.
    """

    def __init__(self) -> None:
        self._cpu = 0.0

    def describe(self) -> Iterator[Metric]:
        """The metrics without their values, which a registry would collect to learn their names."""
        yield from _metrics(0.0, 0)

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        cpu, memory = self._measure()
        # A worker reaped between two reads may be missing from both; a counter must not decrease.
        self._cpu = max(self._cpu, cpu)
        yield from _metrics(self._cpu, memory)

    def _measure(self) -> tuple[float, int]:
        import psutil  # noqa: PLC0415  # not before the first scrape: 20 ms of a start

        process = psutil.Process()
        with process.oneshot():
            cpu, memory = sum(process.cpu_times()[:4]), process.memory_info().rss
        for child in process.children(recursive=True):
            try:
                with child.oneshot():
                    own = child.memory_info()
                    cpu += sum(child.cpu_times()[:4])
                    memory += own.rss - own.shared
            except psutil.NoSuchProcess:
                continue
        return cpu, memory


def _metrics(cpu: float, memory: int) -> Iterator[Metric]:
    cpu_help = "CPU seconds of the service and its worker processes."
    memory_help = "Resident memory of the service and its worker processes, shared memory counted once."
    yield CounterMetricFamily("ocr_process_tree_cpu_seconds", cpu_help, value=cpu)
    yield GaugeMetricFamily("ocr_process_tree_memory_bytes", memory_help, value=memory)
    # The names of the last release, kept for one more.
    yield CounterMetricFamily("ocr_cpu_seconds", "Old name of ocr_process_tree_cpu_seconds.", value=cpu)
    yield GaugeMetricFamily("ocr_memory_bytes", "Old name of ocr_process_tree_memory_bytes.", value=memory)
