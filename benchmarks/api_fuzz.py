"""Fuzz both servers by their OpenAPI documents with Schemathesis: every check, random requests (``make fuzz``)."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.local_stack import ROOT, start_service

_CONFIGURATION = """\
[checks.positive_data_acceptance]
# No schema can say that base64 is a good image, that the model exists or that two options fit together.
expected-statuses = ["2xx", 400, 401, 403, 404, 406, 409, 413, 415, 422, 429]
"""


def fuzz(url: str, *, seed: int, limit: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Schemathesis against the server at ``url``, each operation by itself and along the links between them.

    ``limit`` is its option that ends the run: ``--max-time`` in seconds, or ``--max-examples`` for each operation and
    phase, with which the same seed sends the same requests.
    """
    configuration = folder / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION)
    command = [
        *(str(Path(sys.executable).parent / "st"), "--config-file", str(configuration), "run", f"{url}/openapi.json"),
        *("--checks=all", f"--seed={seed}", limit, "--request-timeout=60", "--no-color"),
        "--generation-database=none",
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "benchmarks.api_fuzz_hooks", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a server did anything that its document does not say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each of the two servers")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    options = parser.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory() as folder, start_service(logs=Path(folder)) as service:
        for server in (service.transformer, service.predictor):
            limit = f"--max-time={options.seconds}"
            done = fuzz(server.url, seed=options.seed, limit=limit, folder=Path(folder))
            print(done.stdout, done.stderr)
            failed |= done.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
