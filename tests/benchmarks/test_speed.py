"""The plan of a run, and the report of one, with systems that take the time they are told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from benchmarks.common.images import Kind, line
from benchmarks.speed import plan, plot, report
from benchmarks.speed.systems import Measurement, percentile
from benchmarks.speed.targets import NONE, OLDER, Table, bars

KIND = Kind("line", "text line", (line(0), line(1)))
BUDGET = plan.Budget(rounds=2, measurement=2.0, page=4.0, once=10.0, longest=20.0, total=1e6)


@dataclass
class Told:
    """A system that reads ``rate`` images a second."""

    name: str
    rate: float
    parallel: int = 2
    queues: bool = True

    @property
    def title(self) -> str:
        return f"the {self.name}"

    def prepare(self, kind: Kind) -> None:
        """Nothing to do."""

    def texts(self, kind: Kind) -> list[str]:
        return [sample.text or "" for sample in kind.samples]

    def measure(self, kind: Kind, *, clients: int, images: int, turn: int) -> Measurement:
        seconds = images / self.rate
        p95 = clients / self.rate
        return Measurement(self.name, kind.name, clients, turn, images, seconds, p95, p95, seconds, 1 << 20, 0.001)


SYSTEMS = [Told("warm", 10.0, queues=False), Told(OLDER, 0.4, parallel=1), Told(NONE, 9.0)]


def run() -> plan.Results:
    said: list[str] = []
    results = plan.run(SYSTEMS, [KIND], BUDGET, say=said.append)
    assert len(said) == len(results.measurements)
    return results


def test_warm_tesseract_is_measured_before_and_after_the_others() -> None:
    found = [(system.name, clients) for system, clients in plan.order(SYSTEMS, turn=0)]
    four = [name for name, clients in found if clients == 4]
    assert four == ["warm", OLDER, NONE, "warm"]


def test_the_others_take_turns() -> None:
    first = [system.name for system, clients in plan.order(SYSTEMS, turn=1) if clients == 1]
    assert first == ["warm", NONE, OLDER, "warm"]


@pytest.mark.parametrize(
    ("clients", "parallel", "each", "images"),
    [
        (4, 2, 0.02, 200),  # as many as there is time for
        (16, 2, 0.5, 24),  # half as many again as clients
        (16, 1, 1.5, 16),  # one a client, where that takes long
        (1, 2, 30.0, 1),
    ],
)
def test_the_number_of_images(clients: int, parallel: int, each: float, images: int) -> None:
    assert plan.count(KIND, clients=clients, parallel=parallel, each=each, budget=BUDGET) == images


def test_each_image_of_a_folder_is_read_equally_often() -> None:
    folder = Kind("folder", "images", tuple(line(seed) for seed in range(3)))
    assert plan.count(folder, clients=4, parallel=2, each=0.5, budget=BUDGET) % 6 == 0


def test_ratios_are_those_of_the_rounds() -> None:
    table = Table(run().measurements)
    assert table.ratio(NONE, "warm", "line", 16) == pytest.approx(0.9)
    assert table.ratio(NONE, "nobody", "line", 16) is None


def test_bars_are_met_missed_or_not_measured() -> None:
    found = {bar.title: bar.met for bar in bars(Table(run().measurements))}
    assert found["lines, 16 clients: throughput over warm Tesseract's"] is True
    assert found["lines, 4 clients: throughput over the older system's"] is True
    assert found["pages, 4 clients: throughput over warm Tesseract's"] is None
    assert found["lines, 4 clients: throughput over its own engines' in process"] is None


def test_the_report_has_a_row_for_each_system_and_number_of_clients() -> None:
    text = report.markdown(run(), SYSTEMS, [KIND], machine="a test")
    rows = [row for row in text.splitlines() if row.startswith("| the none | 16 |")]
    assert len(rows) == 1
    assert "| 9.00 | 0.90 |" in rows[0]
    assert rows[0].endswith("| 1.000 |")


def test_the_plot_is_the_same_for_the_same_figures(tmp_path_factory: pytest.TempPathFactory) -> None:
    pictures = []
    for name in ("one", "two"):
        path = tmp_path_factory.mktemp(name) / "speed.svg"
        plot.draw(run(), SYSTEMS, [KIND], path=path, machine="a test")
        pictures.append(path.read_text())
    assert pictures[0] == pictures[1]
    assert "<svg" in pictures[0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.95, 5), (0.0, 1)])
def test_percentile(share: float, expected: float) -> None:
    assert percentile([5, 3, 1, 2, 4], share) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (1234.5, "1234"), (12.34, "12.3"), (1.234, "1.23"), (0.01234, "0.012")]
)
def test_number(value: float | None, text: str) -> None:
    assert report.number(value) == text
