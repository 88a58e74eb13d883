"use strict";

// Latency and rate over time, with the faults shaded, drawn by uPlot. Both span the whole run, so that they line up.
splitbrain.charts = (() => {
  const { data, columns, count, moment, duration, family, colour, dark } = splitbrain;
  const names = [...new Set(columns.f)].map((number) => [number, data.texts[number]]);
  names.sort((a, b) => (a[1] < b[1] ? -1 : 1));
  const tones = new Map(names.map(([, name], position) => [name, `series-${position % 5}`]));
  const charts = [];
  const MOST_POINTS = 3000;

  function shade(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const fault of data.faults) {
      if (fault.count === 0) continue;
      const from = chart.valToPos(fault.start / 1e9, "x", true);
      const to = chart.valToPos((fault.stop === null ? data.end : fault.stop) / 1e9, "x", true);
      ctx.globalAlpha = 0.09;
      ctx.fillStyle = colour(family(fault.family));
      ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
    }
    if (data.healed !== null) {
      const at = chart.valToPos(data.healed / 1e9, "x", true);
      ctx.globalAlpha = 0.9;
      ctx.strokeStyle = colour("heal");
      ctx.setLineDash([6, 6]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  const axis = ({ grid, ...more }) => ({
    stroke: () => colour("muted"),
    grid: { stroke: () => colour("grid"), width: 1, ...grid },
    ticks: { show: false },
    font: "11px Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    gap: 6,
    ...more,
  });

  const seconds = (_, values) => {
    const step = values.length > 1 ? values[1] - values[0] : 1;
    return values.map((value) => moment(value * 1e9, step * 1e9));
  };

  function draw(id, height, series, values, y) {
    const holder = document.getElementById(id);
    const options = {
      width: holder.clientWidth,
      height,
      padding: [8, 8, 0, 0],
      cursor: { drag: { x: true, y: false }, points: { size: 6 }, sync: { key: "run" } },
      scales: { x: { time: false }, y: y.scale },
      axes: [axis({ values: seconds, space: 70, size: 30 }), axis({ size: 62, ...y.axis })],
      series: [{ label: "time", value: (_, value) => (value === null ? "–" : moment(value * 1e9, 1e6)) }, ...series],
      hooks: { drawClear: [shade] },
      legend: { markers: { width: 0, fill: (chart, n) => chart.series[n].stroke(chart, n) } },
    };
    const chart = new uPlot(options, values, holder);
    charts.push(chart);
    new ResizeObserver(() => chart.setSize({ width: holder.clientWidth, height })).observe(holder);
  }

  const round = (value) => value !== null && /^1e/.test(value.toExponential(6).replace(".000000", ""));
  const powers = (_, splits) => splits.map((value) => (round(value) ? duration(Math.round(value * 1e9)).replace(".00", "") : ""));
  const atPowers = { filter: (_, splits) => splits.map((value) => (round(value) ? value : null)) };
  const logarithmic = { scale: { distr: 3 }, axis: { values: powers, grid: atPowers } };
  const took = (_, value) => (value == null ? "–" : duration(Math.round(value * 1e9)));
  // A scale of powers needs something above nothing: what took no time is drawn at a microsecond.
  const aboveZero = (ns) => Math.max(ns, 1e3) / 1e9;

  function latencyPoints() {
    const order = [];
    for (let i = 0; i < count; i++) if (columns.outcome[i] !== 2 && columns.stop[i] !== null) order.push(i);
    if (!order.length) return;
    order.sort((a, b) => columns.start[a] - columns.start[b]);
    const times = [0, ...order.map((i) => columns.start[i] / 1e9), data.end / 1e9];
    const series = names.map(([, name]) => {
      const paint = () => colour(tones.get(name));
      return { label: name, paths: () => null, points: { show: true, size: count < 500 ? 6 : 4.5, width: 0, fill: paint }, stroke: paint, value: took };
    });
    const latencyOf = (i) => aboveZero(columns.stop[i] - columns.start[i]);
    const values = names.map(([number]) => [null, ...order.map((i) => (columns.f[i] === number ? latencyOf(i) : null)), null]);
    draw("latency", 240, series, [times, ...values], logarithmic);
  }

  function latencyLines() {
    const times = [0, ...data.latencies.times.map((time) => time / 1e9), data.end / 1e9];
    const series = data.latencies.series.map(({ f, fraction }) => ({
      label: fraction === 0.5 ? `${f} median` : `${f} ${fraction * 100} %`,
      stroke: () => colour(tones.get(f)),
      width: 1.5,
      dash: fraction === 0.5 ? [] : [5, 4],
      points: { show: false },
      value: took,
    }));
    const values = data.latencies.series.map((each) => [null, ...each.values.map((ns) => (ns === null ? null : aboveZero(ns))), null]);
    draw("latency", 240, series, [times, ...values], logarithmic);
  }

  function rate() {
    const series = data.rates.series.map(({ f, outcome }) => {
      const tone = outcome === "ok" ? tones.get(f) : outcome === "info" ? "info-edge" : "fail-edge";
      return {
        label: outcome === "ok" ? f : outcome,
        stroke: () => colour(tone),
        width: 1.5,
        dash: outcome === "ok" ? [] : [5, 4],
        points: { show: false },
        value: (_, value) => (value == null ? "–" : `${Number(value.toPrecision(3))} /s`),
      };
    });
    const times = [0, ...data.rates.times.map((time) => time / 1e9), data.end / 1e9];
    draw("rate", 240, series, [times, ...data.rates.series.map((each) => [null, ...each.values, null])], {
      scale: { range: (_, low, high) => [0, Math.max(high * 1.08, 1)] },
      axis: {},
    });
  }

  if (count > MOST_POINTS) latencyLines();
  else latencyPoints();
  rate();
  dark.addEventListener("change", () => charts.forEach((chart) => chart.redraw()));
  return charts;
})();
