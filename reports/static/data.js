"use strict";

// The run, as the page's other scripts see it. Times are nanoseconds since the run began.
const splitbrain = (() => {
  document.documentElement.classList.add("js");
  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = data.operations;
  const count = columns.start.length;
  const text = (column, i) => data.texts[columns[column][i]];

  // Rows of the timeline, each with the positions of its operations in the order of their invocations.
  const rows = data.rows.map((row) => ({ name: row.name, operations: [] }));
  const rowOf = new Map(data.rows.map((row, position) => [row.id, position]));
  const rowAt = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    rowAt[i] = rowOf.get(columns.row[i]);
    rows[rowAt[i]].operations.push(i);
  }
  for (const row of rows) row.operations.sort((a, b) => columns.start[a] - columns.start[b] || a - b);

  // Where the bar of an operation ends. One that was never answered is open until the next begins in its row.
  const stops = new Float64Array(count);
  for (const row of rows) {
    row.operations.forEach((i, n) => {
      const next = n + 1 < row.operations.length ? columns.start[row.operations[n + 1]] : data.end;
      stops[i] = columns.stop[i] === null ? Math.max(next, columns.start[i]) : columns.stop[i];
    });
  }

  const positionOf = new Map(columns.index.map((index, i) => [index, i]));
  const evidence = data.evidence.map((each) => ({
    ...each,
    members: new Set(each.operations.map((index) => positionOf.get(index))),
    culprit: positionOf.get(each.culprit),
  }));
  const suspects = new Set(evidence.flatMap((each) => [...each.members]));
  const culprits = new Set(evidence.map((each) => each.culprit));

  function label(i) {
    const f = text("f", i);
    const outcome = columns.outcome[i];
    if (columns.reads[i]) return outcome === 0 ? `${f} → ${text("answer", i)}` : f;
    const request = text("request", i).replace("compare-and-set", "cas");
    return outcome === 0 && text("answer", i) === "found another value" ? `${request} ✗` : request;
  }

  // The moment `ns`, with as many digits as steps of `step` nanoseconds need.
  function moment(ns, step) {
    let digits = 0;
    while (digits < 9 && Math.abs((step / 1e9) * 10 ** digits - Math.round((step / 1e9) * 10 ** digits)) > 1e-6) digits++;
    return `${(ns / 1e9).toFixed(digits)} s`;
  }

  function duration(ns) {
    if (ns < 1e3) return `${ns} ns`;
    if (ns < 999.5e3) return `${Number((ns / 1e3).toPrecision(3))} µs`;
    if (ns < 999.5e6) return `${Number((ns / 1e6).toPrecision(3))} ms`;
    return `${(ns / 1e9).toFixed(2)} s`;
  }

  // The colour of a family of faults, also of one that another recorder named.
  const family = (name) => ["partition", "kill", "pause"].find((known) => name.includes(known)) ?? "messages";

  // Colours by name, from the style sheet: they differ between light and dark.
  const known = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => known.clear());
  function colour(name) {
    if (!known.has(name)) {
      known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888888");
    }
    return known.get(name);
  }

  return {
    data, columns, count, text, rows, rowAt, stops, evidence, suspects, culprits, positionOf,
    label, moment, duration, family, colour, dark,
  };
})();
