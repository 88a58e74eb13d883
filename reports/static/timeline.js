"use strict";

// The timeline's state and what changes it: wheel, pinch, drag, click, keys, buttons.
window.splitbrainTimeline = (() => {
  const { data, columns, count, text, rows, rowAt, stops, evidence, suspects, culprits, positionOf } = splitbrain;
  const { label, moment, duration, drawing } = splitbrain;
  const at = (id) => document.getElementById(id);
  const canvas = at("canvas");
  const scroller = at("rows");
  const tip = at("tip");
  const pad = Math.max(data.end, 1000) * 0.01;
  const limits = { from: -pad, to: data.end + pad };
  const SHORTEST = 500;
  const OVERVIEW = 44;
  const state = {
    ...limits, hover: null, pinned: null, fault: null, pointer: null, key: null, dim: evidence.length > 0, scroll: 0,
  };
  let width = 0;
  let visible = 0;
  let shown = -1;
  let queued = false;
  let moving = 0;

  function redraw() {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      state.scroll = scroller.scrollTop;
      drawing.frame(canvas, width, visible, state);
      drawing.overview(at("overview"), width, OVERVIEW, state, limits);
      if (state.pinned !== null) follow(state.pinned);
    });
  }

  function resize() {
    width = scroller.clientWidth;
    visible = Math.min(drawing.height, 620);
    at("spacer").style.height = `${drawing.height - visible}px`;
    redraw();
  }

  // Shows `from`–`to`, as far as the run goes.
  function show(from, to) {
    const most = limits.to - limits.from;
    const span = Math.min(Math.max(to - from, SHORTEST), most);
    const start = Math.min(Math.max((from + to - span) / 2, limits.from), limits.to - span);
    state.from = start;
    state.to = start + span;
    redraw();
  }

  function glide(from, to) {
    cancelAnimationFrame(moving);
    const begin = { from: state.from, to: state.to };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return show(from, to);
    const started = performance.now();
    const tick = (now) => {
      const part = Math.min(1, (now - started) / 220);
      const eased = 1 - (1 - part) ** 3;
      show(begin.from + (from - begin.from) * eased, begin.to + (to - begin.to) * eased);
      if (part < 1) moving = requestAnimationFrame(tick);
    };
    moving = requestAnimationFrame(tick);
  }

  const left = () => drawing.gutter(width);
  const timeAt = (x) => state.from + ((x - left()) / (width - left())) * (state.to - state.from);
  const xOf = (time) => left() + ((time - state.from) / (state.to - state.from)) * (width - left());

  function zoom(factor, x = (left() + width) / 2) {
    cancelAnimationFrame(moving);
    const time = timeAt(Math.max(x, left()));
    show(time - (time - state.from) * factor, time + (state.to - time) * factor);
  }

  function pan(pixels) {
    cancelAnimationFrame(moving);
    const by = (pixels / (width - left())) * (state.to - state.from);
    show(state.from + by, state.to + by);
  }

  function fit() {
    glide(limits.from, limits.to);
  }

  // Shows the n-th piece of evidence, counted from 0, and its first suspect.
  function jump(n) {
    if (!evidence.length) return;
    shown = ((n % evidence.length) + evidence.length) % evidence.length;
    const each = evidence[shown];
    const stop = Math.max(...[...each.members].map((i) => Math.min(stops[i], each.stop)));
    const margin = Math.max((stop - each.start) * 0.18, 2000);
    glide(each.start - margin, stop + margin);
    reveal(each.culprit);
    at("jump").textContent = evidence.length > 1 ? `Violation ${shown + 1} of ${evidence.length}` : "Jump to the violation";
  }

  // Shows a moment with what happened just before and after.
  function around(time) {
    const span = Math.max((limits.to - limits.from) * 0.05, 2000);
    glide(time - span, time + span);
  }

  function reveal(i) {
    const top = drawing.rowTop(rowAt[i]);
    if (top - scroller.scrollTop < drawing.head || top + drawing.ROW - scroller.scrollTop > visible) {
      scroller.scrollTop = top - (visible + drawing.head) / 2;
    }
  }

  // The operation drawn at this place, if any: of several, one of the evidence first, then the nearest.
  function operationAt(x, y) {
    const row = Math.floor((y + scroller.scrollTop - drawing.head) / drawing.ROW);
    if (x < left() || y < drawing.head || row < 0 || row >= rows.length) return null;
    const { operations } = rows[row];
    const time = timeAt(x + 4);
    let low = 0;
    let high = operations.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (columns.start[operations[middle]] <= time) low = middle + 1;
      else high = middle;
    }
    let best = null;
    let least = Infinity;
    for (let n = low - 1; n >= Math.max(0, low - 60); n--) {
      const i = operations[n];
      if (state.key !== null && columns.key[i] !== state.key) continue;
      const from = xOf(columns.start[i]);
      const past = x - Math.max(xOf(stops[i]), from + 2);
      const reach = columns.outcome[i] === 2 ? drawing.TAIL : 4;
      const distance = (past > 0 ? past : Math.max(0, from - x)) - (suspects.has(i) ? 3 : 0);
      if (past <= reach && distance < least) {
        best = i;
        least = distance;
      }
    }
    return best;
  }

  function faultAt(x, y) {
    const lane = Math.floor((y - drawing.AXIS) / drawing.LANE);
    if (x < left() || y < drawing.AXIS || y >= drawing.head) return null;
    const time = timeAt(x);
    return data.faults.find((f) => f.lane === lane && f.start <= time && (f.stop === null || time <= f.stop)) ?? null;
  }

  function element(kind, className, content) {
    const made = document.createElement(kind);
    if (className) made.className = className;
    if (content !== undefined) made.textContent = content;
    return made;
  }

  function fill(title, facts, flag) {
    const list = element("dl");
    for (const [name, value] of facts) if (value) list.append(element("dt", "", name), element("dd", "", value));
    tip.replaceChildren(element("p", "title", title), list);
    if (flag) tip.append(element("p", "flag", flag));
  }

  function describe(i) {
    const stop = columns.stop[i];
    const outcome = ["ok", "fail: certainly did not happen", "info: unknown, it may still happen"][columns.outcome[i]];
    fill(label(i), [
      ["key", text("key", i)],
      ["request", text("request", i)],
      ["answer", text("answer", i)],
      ["outcome", outcome],
      ["invoked", moment(columns.start[i], 1000)],
      [columns.outcome[i] === 2 ? "given up" : "completed", stop === null ? "" : moment(stop, 1000)],
      ["took", stop === null || columns.outcome[i] === 2 ? "" : duration(stop - columns.start[i])],
      ["process", `${columns.process[i]}`],
      ["node", text("node", i)],
      ["error", text("error", i)],
      ["operation", `${columns.index[i]}`],
    ], culprits.has(i) ? "Look here first" : suspects.has(i) ? "Part of the evidence" : "");
  }

  function describeFault(fault) {
    const effect = fault.count === null ? "" : fault.count === 0 ? "none" : `${fault.count} times`;
    fill(fault.family, [
      ["on", fault.targets],
      ["what", fault.detail],
      ["began", moment(fault.start, 1e6)],
      ["ended", fault.stop === null ? "never" : moment(fault.stop, 1e6)],
      ["effect", effect],
    ]);
  }

  // Puts the details beside the pointer, below the row that they are about.
  function place(x, y) {
    tip.hidden = false;
    const beside = x + 18 + tip.offsetWidth <= width - 8 ? x + 18 : Math.max(8, x - 18 - tip.offsetWidth);
    tip.style.left = `${beside}px`;
    tip.style.top = `${scroller.offsetTop + y + 16}px`;
  }

  function hover(x, y) {
    state.pointer = x >= left() ? x : null;
    const i = operationAt(x, y);
    const fault = i === null ? faultAt(x, y) : null;
    canvas.classList.toggle("pointing", i !== null);
    if (state.pinned === null) {
      if (i !== null) describe(i);
      else if (fault) describeFault(fault);
      if (i !== null || fault) place(x, y);
      else tip.hidden = true;
    }
    state.hover = i;
    redraw();
  }

  // Keeps the details of the pinned operation below its bar, as long as the bar is in view.
  function follow(i) {
    const from = xOf(columns.start[i]);
    const y = drawing.rowTop(rowAt[i]) + drawing.ROW / 2 - scroller.scrollTop;
    const gone = xOf(stops[i]) < left() - 2 || from > width || y < drawing.head || y > visible;
    if (gone) tip.hidden = true;
    else place(Math.max(from, left()), y);
  }

  // Keeps the details of an operation in view; null lets go.
  function pin(i) {
    state.pinned = i;
    tip.classList.toggle("pinned", i !== null);
    tip.hidden = i === null;
    if (i !== null) {
      describe(i);
      reveal(i);
      at("said").textContent = `${label(i)}, ${text("answer", i)}, process ${columns.process[i]}, ${moment(columns.start[i], 1e6)}`;
    }
    redraw();
  }

  // The next operation (or, with -1, the one before), of the chosen key, in the order of invocations.
  function walk(by) {
    let i = state.pinned === null ? (by > 0 ? -1 : count) : state.pinned;
    if (state.pinned === null) {
      while (by > 0 && i + 1 < count && columns.start[i + 1] < state.from) i++;
    }
    do i += by; while (i >= 0 && i < count && state.key !== null && columns.key[i] !== state.key);
    if (i < 0 || i >= count) return;
    const span = state.to - state.from;
    if (columns.start[i] < state.from || columns.start[i] > state.to) {
      show(columns.start[i] - span / 2, columns.start[i] + span / 2);
    }
    pin(i);
  }

  const fingers = new Map();
  let travelled = 0;

  function pointOf(event) {
    const bounds = canvas.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }

  function down(event) {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, pointOf(event));
    if (fingers.size === 1) travelled = 0;
    at("hint").hidden = true;
  }

  function move(event) {
    const now = pointOf(event);
    const before = fingers.get(event.pointerId);
    if (!before) return hover(now.x, now.y);
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      zoom(Math.abs(before.x - other.x) / Math.max(Math.abs(now.x - other.x), 1), (now.x + other.x) / 2);
    } else {
      travelled += Math.abs(now.x - before.x);
      if (travelled > 4) {
        canvas.classList.add("dragging");
        if (state.pinned === null) tip.hidden = true;
        pan(before.x - now.x);
      }
    }
    fingers.set(event.pointerId, now);
  }

  function up(event) {
    const was = fingers.delete(event.pointerId);
    canvas.classList.remove("dragging");
    if (was && travelled <= 4 && event.type === "pointerup") {
      const { x, y } = pointOf(event);
      pin(operationAt(x, y));
    }
  }

  let hinting = 0;
  function wheel(event) {
    const focused = document.activeElement === canvas || event.ctrlKey || event.metaKey;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      return pan(event.deltaX);
    }
    if (event.shiftKey) return undefined;
    if (!focused) {
      at("hint").hidden = false;
      clearTimeout(hinting);
      hinting = setTimeout(() => { at("hint").hidden = true; }, 1200);
      return undefined;
    }
    const whole = state.to - state.from >= (limits.to - limits.from) * 0.999;
    if (whole && event.deltaY > 0 && !event.ctrlKey) return undefined;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    zoom(Math.exp(Math.max(-200, Math.min(200, pixels)) * 0.0022), pointOf(event).x);
    if (state.pinned === null) hover(pointOf(event).x, pointOf(event).y);
    return undefined;
  }

  const KEYS = {
    ArrowLeft: () => pan(-(width - left()) * 0.15),
    ArrowRight: () => pan((width - left()) * 0.15),
    "+": () => zoom(0.7),
    "=": () => zoom(0.7),
    "-": () => zoom(1 / 0.7),
    0: fit,
    v: () => jump(shown + 1),
    "[": () => walk(-1),
    "]": () => walk(1),
    Escape: () => pin(null),
  };

  function overviewDrag() {
    const strip = at("overview");
    const go = (event) => {
      const x = event.clientX - strip.getBoundingClientRect().left;
      const time = limits.from + ((x - left()) / (width - left())) * (limits.to - limits.from);
      const half = (state.to - state.from) / 2;
      cancelAnimationFrame(moving);
      show(time - half, time + half);
    };
    strip.addEventListener("pointerdown", (event) => {
      strip.setPointerCapture(event.pointerId);
      strip.classList.add("dragging");
      go(event);
    });
    strip.addEventListener("pointermove", (event) => { if (strip.hasPointerCapture(event.pointerId)) go(event); });
    strip.addEventListener("pointerup", () => strip.classList.remove("dragging"));
  }

  function keyFilter() {
    const keys = [...new Set(columns.key)].map((number) => [number, data.texts[number]]);
    if (keys.length < 2) return;
    const select = at("key");
    const option = (value, name) => Object.assign(element("option", "", name), { value });
    keys.sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }));
    select.append(option("", "all"), ...keys.map(([number, name]) => option(`${number}`, name)));
    select.addEventListener("change", () => {
      state.key = select.value === "" ? null : Number(select.value);
      if (state.pinned !== null && state.key !== null && columns.key[state.pinned] !== state.key) pin(null);
      redraw();
    });
    at("key-label").hidden = false;
  }

  function legend() {
    const has = (outcome, reads) => columns.outcome.some((o, i) => o === outcome && (reads === null || columns.reads[i] === reads));
    const entries = [
      [has(0, 1), "read", "read-edge", "ok, changes nothing"],
      [has(0, 0), "write", "write-edge", "ok, may change the value"],
      [has(1, null), "fail", "fail-edge", "fail: did not happen"],
      [has(2, null), "info", "info-edge", "info: unknown, may happen at any later time"],
      [evidence.length, "surface", "bad", "part of the evidence"],
      [evidence.length, "culprit", "bad", "look here first"],
    ];
    for (const [present, back, edge, words] of entries) {
      if (!present) continue;
      const mark = element("i");
      mark.style.background = `var(--${back})`;
      mark.style.borderColor = `var(--${edge})`;
      const entry = element("span");
      entry.append(mark, words);
      at("legend").append(entry);
    }
  }

  function listen() {
    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => {
      state.hover = null;
      state.pointer = null;
      if (state.pinned === null) tip.hidden = true;
      redraw();
    });
    canvas.addEventListener("wheel", wheel, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
      event.preventDefault();
      KEYS[event.key]();
    });
    scroller.addEventListener("scroll", redraw);
    new ResizeObserver(resize).observe(scroller);
    splitbrain.dark.addEventListener("change", redraw);
    at("zoom-in").addEventListener("click", () => zoom(0.6));
    at("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
    at("fit").addEventListener("click", fit);
    at("jump").addEventListener("click", () => jump(Math.max(shown, 0)));
    at("next").addEventListener("click", () => jump(shown + 1));
    at("dim").addEventListener("change", (event) => {
      state.dim = event.target.checked;
      redraw();
    });
    for (const button of document.querySelectorAll("[data-evidence], [data-finding]")) {
      const { evidence: piece, finding } = button.dataset;
      button.addEventListener("click", () => {
        if (piece !== undefined) jump(Number(piece));
        else around(data.marks[Number(finding)].time);
        at("timeline-title").scrollIntoView({ block: "start", behavior: "smooth" });
        canvas.focus({ preventScroll: true });
      });
    }
    overviewDrag();
  }

  listen();
  keyFilter();
  legend();
  at("violations").hidden = at("dim-label").hidden = evidence.length === 0;
  at("next").hidden = evidence.length < 2;
  resize();
  if (evidence.length) {
    const each = evidence[0];
    const span = Math.max((each.stop - each.start) * 0.6, 2000);
    show(each.start - span, each.stop + span);
    reveal(each.culprit);
  }

  // What tests and other scripts may ask of the timeline. `place(index)` is where an operation's bar is drawn.
  return {
    view: () => ({ from: state.from, to: state.to }),
    show, fit, jump, zoom,
    selected: () => (state.pinned === null ? null : columns.index[state.pinned]),
    place: (index) => {
      const i = positionOf.get(index);
      const y = drawing.rowTop(rowAt[i]) + drawing.ROW / 2 - scroller.scrollTop;
      return { x: xOf(columns.start[i]), right: xOf(stops[i]), y };
    },
  };
})();
