"""The few kinds of panels that the dashboards are made of, and the frame around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap as heatmaps
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH: Final = 24
HEIGHT: Final = 8

Builder = cog.Builder[models.Panel]

Query = tuple[str, str]
"""A PromQL expression and the legend of its series."""


def _targets(queries: Sequence[Query]) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().expr(expression).legend_format(legend).range().ref_id(chr(ord("A") + index))
        for index, (expression, legend) in enumerate(queries)
    ]


def graph(  # noqa: PLR0913 - all but the title keyword-only
    title: str,
    *queries: Query,
    description: str,
    unit: str,
    width: int = 8,
    stack: bool = False,
    limit: float | None = None,
    most: float | None = None,
) -> timeseries.Panel:
    """Lines over time, stacked if they add up to something. ``limit`` draws a dashed line at an objective."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(HEIGHT)
        .targets(list(_targets(queries)))
        .fill_opacity(30 if stack else 5)
        .line_width(1)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
    )
    if most is not None:
        panel.max(most)
    if stack:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if limit is not None:
        panel.thresholds(_thresholds(limit)).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def _thresholds(limit: float, *, better: Literal["low", "high"] = "low") -> builders.ThresholdsConfig:
    below, above = ("green", "red") if better == "low" else ("red", "green")
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=None, color=below), models.Threshold(value=limit, color=above)])
    )


def number(  # noqa: PLR0913 - all but the title keyword-only
    title: str,
    query: str,
    *,
    description: str,
    unit: str,
    limit: float | None = None,
    better: Literal["low", "high"] = "low",
    decimals: float | None = None,
) -> stat.Panel:
    """The latest value, green or red against a limit if there is one."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span(4)
        .height(4)
        .targets(list(_targets([(query, "")])))
        .graph_mode(common.BigValueGraphMode.AREA)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    if decimals is not None:
        panel.decimals(decimals)
    if limit is None:
        return panel.color_mode(common.BigValueColorMode.NONE)
    return panel.color_mode(common.BigValueColorMode.VALUE).thresholds(_thresholds(limit, better=better))


def heatmap(title: str, query: str, *, description: str, unit: str) -> heatmaps.Panel:
    """A histogram over time: each column is what arrived then, by bucket."""
    return (
        heatmaps.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span(8)
        .height(HEIGHT)
        .calculate(False)
        .targets([_targets([(query, "{{le}}")])[0].format(PromQueryFormat.HEATMAP)])
    )


def listing(title: str, query: str, *, description: str, columns: dict[str, str]) -> table.Panel:
    """One row for each series; ``columns`` maps labels to headings, in order, everything else is left out."""
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit("dateTimeFromNow")
        .span(WIDTH)
        .height(6)
        .targets([_targets([(query, "")])[0].format(PromQueryFormat.TABLE).instant()])
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize",
                options={
                    "includeByName": dict.fromkeys(columns, True),
                    "indexByName": {name: index for index, name in enumerate(columns)},
                    "renameByName": columns,
                },
            )
        )
    )


def board(uid: str, title: str, *, description: str, namespaces: str) -> builders.Dashboard:
    """An empty dashboard with its variables, links and the marks of rollouts.

    ``namespaces`` is the metric and the label that the namespace variable is filled from.
    """
    return (
        builders.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["ocr"])
        .readonly()
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(
            builders.QueryVariable("namespace")
            .label("Namespace")
            .datasource(SOURCE)
            .query(f"label_values({namespaces})")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
        )
        .annotation(
            builders.AnnotationQuery()
            .name("Rollouts")
            .datasource(SOURCE)
            .enable(True)
            .icon_color("blue")
            .expr(ROLLOUTS)
        )
        .link(
            builders.DashboardLink("OCR")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["ocr"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )


ROLLOUTS: Final = (
    'count by (kn_revision_name) (kn_revision_pods_desired{k8s_namespace_name=~"$namespace"})'
    " unless "
    'count by (kn_revision_name) (kn_revision_pods_desired{k8s_namespace_name=~"$namespace"} offset 5m)'
)
"""Revisions that the autoscaler did not know five minutes ago. It keeps those that sleep: waking is no rollout."""


def rows(frame: builders.Dashboard, sections: dict[str, list[Builder]]) -> models.Dashboard:
    """The dashboard with its panels under headings, in order, each with an id that stays while it keeps its place."""
    for title, panels in sections.items():
        frame.with_row(builders.Row(title))
        for panel in panels:
            frame.with_panel(panel)
    built = frame.build()
    for identity, placed in enumerate(built.panels or [], 1):
        placed.id_val = identity
    return built
