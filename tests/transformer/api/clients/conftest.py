from __future__ import annotations

import pytest

from tools.local_stack import Server, Service


@pytest.fixture(params=["transformer", "predictor"])
def server(request: pytest.FixtureRequest, service: Service) -> Server:
    """Either server, one after the other."""
    chosen: Server = getattr(service, request.param)
    return chosen
