"use strict";

// Draws one frame of the timeline and of the overview above it. Reads the state, changes nothing.
splitbrain.drawing = (() => {
  const { data, columns, rows, rowAt, stops, suspects, culprits, evidence, label, moment, family, colour } = splitbrain;
  const AXIS = 30;
  const LANE = 22;
  const ROW = 34;
  const BAR = 22;
  const TAIL = 90;
  const FONT = '12px Inter, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const OUTCOMES = ["ok", "fail", "info"];
  const lanes = data.faults.reduce((most, fault) => Math.max(most, fault.lane + 1), 0);
  const laneNames = [];
  for (const fault of data.faults) {
    if (!data.faults.some((other) => other.family === fault.family && other.lane < fault.lane)) {
      laneNames[fault.lane] = fault.family;
    }
  }
  const head = AXIS + lanes * LANE + (lanes ? 8 : 4);
  const height = head + rows.length * ROW + 8;
  const gutter = (width) => (width < 640 ? 84 : 124);
  const rowTop = (row) => head + row * ROW;

  // A canvas context of `width` × `height` CSS pixels, sharp on every screen.
  function prepare(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const w = Math.round(width * ratio);
    const h = Math.round(height * ratio);
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    return context;
  }

  const widths = new Map();
  function measure(context, text) {
    if (widths.size > 20000) widths.clear();
    if (!widths.has(text)) widths.set(text, context.measureText(text).width);
    return widths.get(text);
  }

  // As much of the text as fits, with an ellipsis if that is not all; empty if too little fits to be of use.
  function fitted(context, text, room) {
    if (measure(context, text) <= room) return text;
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    return low >= 3 ? `${text.slice(0, low)}…` : "";
  }

  function step(span, pixels) {
    const rough = (span / pixels) * 110;
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  }

  // The first position in the row whose bar may reach `from`: bars of one row do not overlap, save for ties.
  function firstVisible(operations, from) {
    let low = 0;
    let high = operations.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stops[operations[middle]] < from) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  function style(i, state) {
    const outcome = OUTCOMES[columns.outcome[i]];
    if (state.dim && culprits.has(i)) return { fill: colour("culprit"), edge: colour("bad"), ink: colour("on-culprit") };
    const name = outcome === "ok" ? (columns.reads[i] ? "read" : "write") : outcome;
    const ink = { ok: "on-bar", fail: "muted", info: "on-info" }[outcome];
    const edge = state.dim && suspects.has(i) ? "bad" : `${name}-edge`;
    return { fill: colour(name), edge: colour(edge), ink: colour(ink) };
  }

  function box(context, x, y, w, h) {
    context.beginPath();
    context.roundRect(x, y, w, h, Math.min(4, w / 2));
  }

  function strikes(context, x, y, w, h) {
    context.save();
    context.clip();
    context.beginPath();
    for (let at = x - h; at < x + w; at += 6) {
      context.moveTo(at, y + h);
      context.lineTo(at + h, y);
    }
    context.lineWidth = 1;
    context.globalAlpha *= 0.35;
    context.stroke();
    context.restore();
  }

  // An unknown outcome may still take effect: its bar goes on, and fades.
  function tail(context, x, y, paint) {
    const fade = context.createLinearGradient(x, 0, x + TAIL, 0);
    fade.addColorStop(0, paint.edge);
    fade.addColorStop(1, "transparent");
    context.fillStyle = fade;
    context.fillRect(x, y + BAR - 4, TAIL, 3);
  }

  function bar(context, i, x, w, y, room, left, state) {
    const paint = style(i, state);
    const marked = state.dim && suspects.has(i);
    context.globalAlpha = state.dim && suspects.size && !marked ? 0.55 : 1;
    if (columns.outcome[i] === 2) tail(context, x + w, y, paint);
    if (w < 4 && !marked) {
      context.fillStyle = paint.edge;
      context.fillRect(x, y, Math.max(w, 1.5), BAR);
    } else {
      const wide = Math.max(w, marked ? 5 : 2);
      box(context, x + 0.5, y + 0.5, Math.max(wide - 1, 1), BAR - 1);
      context.fillStyle = paint.fill;
      context.fill();
      context.strokeStyle = paint.edge;
      context.lineWidth = marked ? 1.75 : 1;
      context.stroke();
      if (columns.outcome[i] === 1) strikes(context, x, y, wide, BAR);
    }
    const hidden = Math.max(0, left - x);
    if (context.globalAlpha < 1) context.globalAlpha = 0.75;
    if (w > hidden) caption(context, i, x + hidden, w - hidden, y, room - hidden, paint.ink, marked);
    if (i === state.hover || i === state.pinned) {
      context.globalAlpha = 1;
      box(context, x - 1.5, y - 1.5, Math.max(w, 2) + 3, BAR + 3);
      context.strokeStyle = colour("text");
      context.lineWidth = 1.5;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  // The label inside the bar if it fits there, else beside it if nothing else is there. That of a suspect is always
  // told in full.
  function caption(context, i, x, w, y, room, ink, marked) {
    if (room < 24 && !marked) return;
    const text = label(i);
    const wide = measure(context, text);
    const beside = x + Math.max(w, 5) + 5;
    const middle = y + BAR / 2 + 0.5;
    if (wide <= w - 10) {
      context.fillStyle = ink;
      context.fillText(text, x + 5, middle);
    } else if (marked) {
      context.fillStyle = colour("surface");
      context.globalAlpha = 0.95;
      context.fillRect(beside - 2, y + 2, wide + 4, BAR - 4);
      context.globalAlpha = 1;
      context.fillStyle = colour("text");
      context.fillText(text, beside, middle);
    } else if (w < 60 && wide <= room - w - 10) {
      context.fillStyle = colour("text");
      context.fillText(text, beside, middle);
    } else if (w > 40) {
      context.fillStyle = ink;
      context.fillText(fitted(context, text, w - 8), x + 5, middle);
    }
  }

  function drawRow(context, row, scale, state) {
    const { operations } = rows[row];
    const y = rowTop(row) + (ROW - BAR) / 2 - state.scroll;
    const special = [];
    let drawnTo = -Infinity;
    let taken = -Infinity;
    for (let n = firstVisible(operations, state.from - TAIL / scale.perNs); n < operations.length; n++) {
      const i = operations[n];
      if (columns.start[i] > state.to) break;
      if (state.key !== null && columns.key[i] !== state.key) continue;
      const x = scale.x(columns.start[i]);
      const end = scale.x(stops[i]);
      const plain = columns.outcome[i] === 0 && !suspects.has(i) && i !== state.hover && i !== state.pinned;
      if (plain && end - x < 2 && end <= drawnTo + 0.75) continue;
      let next = n + 1;
      while (state.key !== null && next < operations.length && columns.key[operations[next]] !== state.key) next++;
      const free = next < operations.length ? scale.x(columns.start[operations[next]]) - x : scale.right - x;
      const left = Math.max(x, scale.left - 6);
      const w = Math.min(end, scale.right + 6) - left;
      // The label of a suspect stands beside its bar, whatever is there: what comes under it keeps its own to itself.
      const room = x < taken ? 0 : free - (left - x);
      const call = [i, left, w, y, room, scale.left, state];
      if (state.dim && suspects.has(i) && measure(context, label(i)) > w - 10) taken = end + measure(context, label(i)) + 8;
      if (plain) bar(context, ...call);
      else special.push(call);
      drawnTo = Math.max(drawnTo, x + Math.max(end - x, 1.5));
    }
    special.sort((a, b) => suspects.has(a[0]) - suspects.has(b[0]));
    for (const call of special) bar(context, ...call);
  }

  function drawFaults(context, scale, bottom) {
    for (const fault of data.faults) {
      const stop = fault.stop === null ? data.end : fault.stop;
      const x = Math.max(scale.x(fault.start), scale.left - 4);
      const w = Math.min(scale.x(stop), scale.right + 4) - x;
      if (w <= 0 && (fault.start > scale.to || stop < scale.from)) continue;
      const paint = colour(family(fault.family));
      const y = AXIS + fault.lane * LANE;
      context.fillStyle = paint;
      if (fault.count !== 0) {
        context.globalAlpha = 0.07;
        context.fillRect(x, AXIS, Math.max(w, 1), bottom - AXIS);
      }
      context.globalAlpha = fault.count === 0 ? 0.12 : 0.22;
      box(context, x, y + 3, Math.max(w, 2), LANE - 5);
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = paint;
      context.lineWidth = 1;
      context.setLineDash(fault.count === 0 ? [3, 3] : []);
      context.stroke();
      context.setLineDash([]);
      const words = [fault.detail || fault.targets, fault.count === 0 ? "no effect" : ""].filter(Boolean).join(" · ");
      if (w > 24) {
        context.fillStyle = colour("text");
        const inside = Math.max(x, scale.left) + 6;
        context.fillText(fitted(context, words, x + w - inside - 4), inside, y + LANE / 2 + 1);
      }
    }
  }

  function drawAxis(context, scale, bottom) {
    const size = step(scale.to - scale.from, scale.right - scale.left);
    for (let tick = Math.ceil(scale.from / size) * size; tick <= scale.to; tick += size) {
      const x = Math.round(scale.x(tick)) + 0.5;
      context.strokeStyle = colour("grid");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, AXIS);
      context.lineTo(x, bottom);
      context.stroke();
      const text = moment(tick, size);
      const half = measure(context, text) / 2;
      context.fillStyle = colour("muted");
      context.fillText(text, Math.min(Math.max(x - half, scale.left + 2), scale.right - 2 * half - 4), AXIS / 2 + 1);
    }
  }

  function drawMark(context, scale, time, text, paint, bottom) {
    if (time < scale.from || time > scale.to) return;
    const x = Math.round(scale.x(time)) + 0.5;
    context.strokeStyle = paint;
    context.lineWidth = 1.5;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(x, AXIS);
    context.lineTo(x, bottom);
    context.stroke();
    context.setLineDash([]);
    const width = measure(context, text) + 12;
    const left = Math.min(x - 1, scale.right - width);
    context.fillStyle = paint;
    box(context, left, AXIS - 1, width, 17);
    context.fill();
    context.fillStyle = colour("surface");
    context.fillText(text, left + 6, AXIS + 8);
  }

  function drawGutter(context, width, bottom, state) {
    const wide = gutter(width);
    context.fillStyle = colour("surface");
    context.fillRect(0, 0, wide, bottom);
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(wide - 0.5, 0);
    context.lineTo(wide - 0.5, bottom);
    context.moveTo(0, AXIS - 0.5);
    context.lineTo(width, AXIS - 0.5);
    if (lanes) {
      context.moveTo(0, head - 4.5);
      context.lineTo(width, head - 4.5);
    }
    context.stroke();
    context.save();
    context.beginPath();
    context.rect(0, head - 4, wide, bottom - head + 4);
    context.clip();
    rows.forEach((row, position) => {
      const y = rowTop(position) + ROW / 2 - state.scroll;
      if (y < head - ROW || y > bottom + ROW) return;
      context.fillStyle = colour("text");
      context.fillText(fitted(context, row.name, wide - 20), 14, y + 0.5);
    });
    context.restore();
    laneNames.forEach((name, lane) => {
      context.fillStyle = colour(family(name));
      context.fillText(fitted(context, name, wide - 18), 14, AXIS + lane * LANE + LANE / 2 + 1);
    });
  }

  function frame(canvas, width, visible, state) {
    const context = prepare(canvas, width, visible);
    const left = gutter(width);
    const perNs = (width - left) / (state.to - state.from);
    const x = (time) => left + (time - state.from) * perNs;
    const scale = { x, perNs, left, right: width, from: state.from, to: state.to };
    drawAxis(context, scale, visible);
    context.save();
    context.beginPath();
    context.rect(left, 0, width - left, visible);
    context.clip();
    drawFaults(context, scale, visible);
    context.beginPath();
    context.rect(left, head - 4, width - left, visible - head + 4);
    context.save();
    context.clip();
    rows.forEach((_, row) => {
      const y = rowTop(row) - state.scroll;
      if (y > head - ROW && y < visible) drawRow(context, row, scale, state);
    });
    context.restore();
    if (data.healed !== null) drawMark(context, scale, data.healed, "healed", colour("heal"), visible);
    for (const mark of data.marks) drawMark(context, scale, mark.time, mark.text, colour(mark.broken ? "bad" : "messages"), visible);
    if (state.pointer !== null) drawPointer(context, scale, state.pointer, visible);
    context.restore();
    drawGutter(context, width, visible, state);
  }

  function drawPointer(context, scale, at, bottom) {
    const time = scale.from + (at - scale.left) / scale.perNs;
    const text = moment(time, 10 ** Math.floor(Math.log10(step(scale.to - scale.from, scale.right - scale.left) / 100)));
    const width = measure(context, text) + 12;
    context.strokeStyle = colour("muted");
    context.lineWidth = 1;
    context.globalAlpha = 0.5;
    context.beginPath();
    context.moveTo(Math.round(at) + 0.5, AXIS);
    context.lineTo(Math.round(at) + 0.5, bottom);
    context.stroke();
    context.globalAlpha = 1;
    const left = Math.min(Math.max(at - width / 2, scale.left), scale.right - width);
    context.fillStyle = colour("text");
    box(context, left, 6, width, 18);
    context.fill();
    context.fillStyle = colour("surface");
    context.fillText(text, left + 6, 15.5);
  }

  // How many operations were invoked in each pixel's share of the run.
  let density = { width: 0, counts: new Uint32Array(0), most: 1 };
  function densityOf(width) {
    if (density.width !== width) {
      const counts = new Uint32Array(Math.ceil(width / 3) + 1);
      for (const start of columns.start) counts[Math.floor((Math.max(start, 0) / Math.max(data.end, 1)) * (counts.length - 1))]++;
      density = { width, counts, most: counts.reduce((a, b) => Math.max(a, b), 1) };
    }
    return density;
  }

  function overview(canvas, width, high, state, limits) {
    const context = prepare(canvas, width, high);
    const left = gutter(width);
    const x = (time) => left + ((time - limits.from) / (limits.to - limits.from)) * (width - left);
    context.fillStyle = colour("muted");
    context.fillText("whole run", 14, high / 2 + 0.5);
    for (const fault of data.faults) {
      const from = x(fault.start);
      context.globalAlpha = fault.count === 0 ? 0.05 : 0.14;
      context.fillStyle = colour(family(fault.family));
      context.fillRect(from, 6, Math.max(1, x(fault.stop === null ? data.end : fault.stop) - from), high - 12);
    }
    context.globalAlpha = 1;
    const start = x(0);
    const { counts, most } = densityOf(Math.max(10, x(data.end) - start));
    context.fillStyle = colour("write-edge");
    counts.forEach((n, at) => {
      const h = n ? Math.max(1.5, (n / most) * (high - 16)) : 0;
      context.fillRect(start + at * 3, high - 7 - h, 2, h);
    });
    const wrong = [...evidence.map((each) => columns.start[each.culprit]), ...data.marks.filter((mark) => mark.broken).map((mark) => mark.time)];
    for (const time of wrong) {
      const at = x(time);
      context.fillStyle = colour("bad");
      context.fillRect(at - 1, 6, 2, high - 12);
      context.beginPath();
      context.arc(at, 7, 3.5, 0, 7);
      context.fill();
    }
    const from = Math.max(left, x(state.from));
    const wide = Math.max(8, Math.min(width, x(state.to)) - from);
    context.fillStyle = colour("surface");
    context.globalAlpha = 0.65;
    context.fillRect(left, 0, from - left, high);
    context.fillRect(from + wide, 0, width - from - wide, high);
    context.globalAlpha = 1;
    context.strokeStyle = colour("accent");
    context.lineWidth = 1.5;
    box(context, from + 1, 2, Math.max(wide - 2, 4), high - 4);
    context.stroke();
  }

  return { frame, overview, gutter, rowTop, head, height, AXIS, LANE, ROW, BAR, TAIL };
})();
