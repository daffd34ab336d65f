from __future__ import annotations

from prometheus_client import REGISTRY

from predictor import metrics
from predictor.acceleration.state import Acceleration


def test_the_acceleration_is_exported_as_it_is_at_each_scrape() -> None:
    state: Acceleration | None = None
    metrics.publish_acceleration(lambda: state)

    def value(simd: str, reason: str) -> float | None:
        return REGISTRY.get_sample_value("ocr_acceleration_info", {"simd": simd, "reason": reason})

    assert value("avx2", "ok") is None
    state = Acceleration("avx2", "ok")
    assert value("avx2", "ok") == 1
    state = Acceleration("none", "crashed")
    assert (value("avx2", "ok"), value("none", "crashed")) == (None, 1)
