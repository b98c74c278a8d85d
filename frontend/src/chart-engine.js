// The lazy chunk: ECharts with only what the descriptions of charts.py can ask for.
import { BarChart, GraphChart, HeatmapChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";

import { show } from "./numbers.js";

echarts.use([
  AriaComponent, BarChart, CanvasRenderer, GraphChart, GridComponent, HeatmapChart, LabelLayout, LegendComponent, LineChart,
  MarkLineComponent, TooltipComponent, VisualMapComponent,
]);

const INK = "#4e5561";
const LINE = "#e6e8eb";
const FONT = getComputedStyle(document.body).fontFamily;

const axisText = { color: INK, fontSize: 12, fontFamily: FONT };

/** Draw a description into an element; returns something with dispose(). */
export function draw(place, description) {
  const chart = echarts.init(place, null, { renderer: "canvas" });
  chart.setOption(option(description, place.clientWidth / place.clientHeight));
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(place);
  if (description.links.length) {
    chart.on("click", ({ dataIndex, dataType }) => {
      if (dataType !== "edge") follow(description.links[dataIndex]);
    });
  }
  return {
    dispose() {
      observer.disconnect();
      chart.dispose();
    },
  };
}

function follow(address) {
  if (address) window.location.assign(address);
}

function option(description, aspect) {
  const base = {
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250,
    textStyle: { fontFamily: FONT },
    color: description.series.map((series) => series.colour),
    aria: { enabled: false }, // the figure has a title, a definition and a table of its own
  };
  const shape = { heatmap, network, ranking, line: curves, area: curves, bar: curves, stacked: curves }[description.kind];
  return { ...base, ...shape(description, aspect) };
}

const tooltip = {
  renderMode: "richText", // drawn on the canvas: no element with a style attribute, so the policy holds
  backgroundColor: "#fff",
  borderColor: LINE,
  borderWidth: 1,
  padding: [8, 12],
  textStyle: { color: "#1f2329", fontSize: 12, fontFamily: FONT },
  confine: true,
};

function curves(description) {
  const { kind, labels, series } = description;
  const bars = kind === "bar" || kind === "stacked";
  const formats = [...new Set(series.map((one) => one.format))];
  return {
    grid: { left: 8, right: formats.length > 1 ? 8 : 20, top: series.length > 1 ? 40 : 24, bottom: 4, containLabel: true },
    legend: {
      show: series.length > 1,
      data: series.map(({ name }) => name),
      right: 8,
      top: 0,
      type: "scroll",
      itemWidth: 18,
      itemHeight: 9,
      textStyle: axisText,
      icon: bars ? "roundRect" : undefined,
    },
    tooltip: {
      ...tooltip,
      trigger: "axis",
      axisPointer: { type: bars ? "shadow" : "line", lineStyle: { color: "#b6bcc6" } },
      formatter: (points) => explain(points, description),
    },
    xAxis: {
      type: "category",
      data: labels,
      boundaryGap: bars,
      axisTick: { show: !bars, lineStyle: { color: "#b6bcc6" }, alignWithLabel: true },
      axisLine: { lineStyle: { color: "#8a919c" } },
      axisLabel: { ...axisText, hideOverlap: true },
    },
    yAxis: formats.map((format, index) => ({
      type: "value",
      position: index ? "right" : "left",
      minInterval: format === "count" ? 1 : undefined,
      splitNumber: 5,
      splitLine: { show: index === 0, lineStyle: { color: LINE } },
      axisLabel: { ...axisText, formatter: (value) => axisValue(value, format, description) },
    })),
    series: [...series.map((one, index) => ({
      name: one.name,
      data: one.values,
      type: bars && one.format === series[0].format ? "bar" : "line",
      yAxisIndex: formats.indexOf(one.format),
      stack: kind === "stacked" && one.format === series[0].format ? "all" : undefined,
      color: one.colour,
      barMaxWidth: 28,
      itemStyle: bars && kind === "bar" ? { borderRadius: [3, 3, 0, 0] } : undefined,
      lineStyle: { width: one.is_points ? 0 : one.is_dashed ? 1.5 : 2, type: one.is_dashed ? "dashed" : "solid" },
      symbol: "circle",
      symbolSize: one.is_points ? 9 : 6,
      showSymbol: labels.length === 1 || one.is_points,
      // Each of them tells of something that happened: none may be left out where they stand close.
      showAllSymbol: one.is_points ? true : "auto",
      smooth: 0.25,
      smoothMonotone: "x",
      connectNulls: false,
      areaStyle: kind === "area" ? { opacity: 0.08 } : undefined,
      emphasis: { focus: series.length > 3 ? "series" : "none" },
      markLine: index === 0 && description.marks.length ? marks(description) : undefined,
      z: one.is_points ? series.length + 3 : series.length - index + 2,
    })), ...series.flatMap((one) => (one.is_banded ? band(one, formats.indexOf(one.format)) : []))],
  };
}

/** The ground between the ends of an interval: an unseen line at the lower end, and what is stacked upon it. */
function band({ name, colour, low, high }, yAxisIndex) {
  const rest = {
    type: "line", stack: `band of ${name}`, stackStrategy: "all", yAxisIndex, color: colour, silent: true, showSymbol: false,
    lineStyle: { opacity: 0 }, emphasis: { disabled: true }, smooth: 0.25, smoothMonotone: "x", z: 1,
  };
  const width = high.map((end, at) => (end === null || low[at] === null ? null : end - low[at]));
  return [{ ...rest, data: low }, { ...rest, data: width, areaStyle: { opacity: 0.14 } }];
}

// Up to a hundred thousand an axis is read more easily with all its digits than with two units on one line.
function axisValue(value, format, description) {
  return show(value, format, { ...description, exact: format === "count" && Math.abs(value) < 100_000 });
}

function marks({ marks: places }) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: "#8a919c", type: "dashed" },
    label: { ...axisText, formatter: ({ name }) => name },
    data: places.map(({ label, at }) => ({ name: label, xAxis: at })),
  };
}

function explain(points, description) {
  // What is drawn besides the series, and points where there are none, say nothing.
  const told = points.filter(({ seriesIndex, value }) => seriesIndex < description.series.length
    && !(description.series[seriesIndex].is_points && (value === null || value === undefined)));
  const lines = told.map(({ marker, seriesIndex, dataIndex }) => {
    const one = description.series[seriesIndex];
    const interval = one.low && one.low[dataIndex] !== null
      ? ` (${show(one.low[dataIndex], one.format, description)} – ${show(one.high[dataIndex], one.format, description)})`
      : "";
    return `${marker}${one.name}  ${show(one.values[dataIndex], one.format, { ...description, exact: true })}${interval}`;
  });
  return [points[0].axisValueLabel, ...lines].join("\n");
}

function heatmap(description) {
  const { labels, series } = description;
  const cells = series.flatMap((row, y) => row.values.map((value, x) => [x, y, value]));
  const top = Math.max(...cells.map(([, , value]) => value ?? 0), 0);
  const { format } = series[0];
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 40, containLabel: true },
    tooltip: {
      ...tooltip,
      formatter: ({ value: [x, y, value] }) =>
        `${series[y].name} ${labels[x]}\n${show(value, format, { ...description, exact: true })}${description.unit ? ` ${description.unit}` : ""}`,
    },
    xAxis: { type: "category", data: labels, axisLine: { show: false }, axisTick: { show: false }, axisLabel: axisText },
    yAxis: {
      type: "category",
      data: series.map((row) => row.name),
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: axisText,
    },
    visualMap: {
      min: 0,
      max: top || 1,
      orient: "horizontal",
      left: "center",
      bottom: 0,
      itemWidth: 10,
      itemHeight: 120,
      textStyle: axisText,
      text: [show(top, format, description), "0"],
      inRange: { color: ["#f2f5f9", "#bae0ff", "#69b1ff", "#1677ff", "#003eb3"] },
    },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: "#fff", borderWidth: 2, borderRadius: 3 } }],
  };
}

/** Bars lying down, the longest first, with the value at the end: what others use a pie for. */
function ranking(description) {
  const { labels, series } = description;
  const [one] = series;
  return {
    grid: { left: 8, right: 64, top: 4, bottom: 4, containLabel: true },
    tooltip: { ...tooltip, trigger: "axis", axisPointer: { type: "shadow" }, formatter: (points) => explain(points, description) },
    xAxis: { type: "value", show: false },
    yAxis: {
      type: "category",
      data: labels,
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...axisText, width: 140, overflow: "truncate" },
    },
    series: [{
      name: one.name,
      type: "bar",
      data: one.values,
      barMaxWidth: 16,
      itemStyle: { color: one.colour, borderRadius: [0, 3, 3, 0] },
      label: { show: true, position: "right", ...axisText, formatter: ({ value }) => show(value, one.format, description) },
    }],
  };
}

/** People and the ties between them, at the places the server gave them: drawn once, nothing is left to move. */
function network({ groups, points, lines }, aspect) {
  // Names of all would hide the picture: the largest are named, fewer on a phone, the others on hover.
  const most = aspect < 1 ? 8 : 24;
  const named = points.map(({ size }) => size).sort((a, b) => b - a)[Math.min(most, points.length) - 1];
  return {
    color: groups.map(({ colour }) => colour),
    legend: { data: groups.map(({ name }) => name), right: 8, top: 0, textStyle: axisText, icon: "circle", itemHeight: 9 },
    tooltip: {
      ...tooltip,
      formatter: ({ dataType, data }) => (dataType === "edge" ? "" : `${data.name}\n${data.says}`),
    },
    series: [{
      type: "graph",
      layout: "none",
      // Where few are drawn, they stand at the edges with their names beside them.
      top: 48,
      bottom: 28,
      left: 32,
      right: aspect < 1 ? 64 : 96,
      roam: false,
      preserveAspect: true,
      categories: groups.map(({ name, colour }) => ({ name, itemStyle: { color: colour } })),
      data: points.map(({ name, says, x, y, size, group }, index) => ({
        id: String(index),
        name,
        says,
        x: x * aspect, // a disc becomes as wide as the card, and circles stay circles
        y,
        category: group,
        symbolSize: 8 + 30 * Math.sqrt(size),
        label: { show: size >= named, position: "right", ...axisText },
      })),
      links: lines.map(([source, target, weight]) => ({
        source: String(source),
        target: String(target),
        lineStyle: { width: 0.5 + 4 * Math.sqrt(weight), opacity: 0.15 + 0.45 * Math.sqrt(weight) },
      })),
      lineStyle: { color: "#8a94a6", curveness: 0.08 },
      itemStyle: { borderColor: "#fff", borderWidth: 1.5 },
      labelLayout: { hideOverlap: true },
      emphasis: { focus: "adjacency", label: { show: true }, lineStyle: { opacity: 0.8 } },
      blur: { itemStyle: { opacity: 0.2 }, lineStyle: { opacity: 0.05 } },
    }],
  };
}
