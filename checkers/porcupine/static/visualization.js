"use strict";

// Draws the data of the page. Texts are set as textContent only.
(() => {
  const ROW = 44, BOX = 24, TOP = 8;
  const data = JSON.parse(document.getElementById("data").textContent);
  const details = document.getElementById("details");

  const element = (parent, name, className, text) => {
    const node = parent.appendChild(document.createElement(name));
    node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const shape = (parent, name, attributes) => {
    const node = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };

  function drawPartition(partition) {
    const section = element(document.getElementById("partitions"), "section", "");
    const total = partition.operations.length + partition.hidden;
    const longest = partition.partials.length ? partition.partials[0].length : 0;
    element(section, "h2", partition.result,
      `Partition ${partition.number}: ${partition.result}, ${longest} of ${total} operations linearized`
      + (partition.hidden ? `; ${partition.hidden} operations away from the error are not shown` : ""));
    const frame = element(section, "div", "picture");
    const labels = element(frame, "div", "labels");
    for (const row of partition.rows) element(labels, "div", "", row).style.cssText = `height:${ROW}px;line-height:${ROW}px`;
    const scroll = element(frame, "div", "scroll");
    const canvas = element(scroll, "div", "canvas");

    const left = [0];
    for (const width of partition.widths) left.push(left.at(-1) + width);
    canvas.style.width = `${left.at(-1)}px`;
    canvas.style.height = `${partition.rows.length * ROW}px`;

    const place = (item, className) => {
      const box = element(canvas, "div", `box ${className}`, item.text);
      const [start, end] = item.span;
      box.style.left = `${left[start] + 1}px`;
      box.style.width = `${left[end + 1] - left[start] - 2}px`;
      box.style.top = `${item.row * ROW + TOP}px`;
      box.style.height = `${BOX}px`;
      box.style.lineHeight = `${BOX - 2}px`;
      box.tabIndex = 0;
      return box;
    };
    for (const note of partition.annotations) {
      const box = place(note, "note");
      box.style.color = note.color;
      box.style.background = note.background;
      listen(box, () => [note.text, note.details, note.end === null ? `at ${note.start}` : `${note.start} to ${note.end}`]);
    }
    const boxes = partition.operations.map((operation) => place(operation, operation.return === null ? "pending" : ""));
    const overlay = shape(canvas, "svg", { width: left.at(-1), height: partition.rows.length * ROW });

    // The longest partial linearization through each operation: partials come longest first.
    const through = boxes.map(() => null);
    partition.partials.forEach((partial, index) => {
      for (const [operation] of [...partial.points, ...partial.illegal]) through[operation] ??= index;
    });
    let kept = null;

    // Where the points are: those of one column side by side, each in the row of its operation.
    function positions(partial) {
      const taken = new Map();
      return [...partial.points, ...partial.illegal].map(([operation, column]) => {
        const place = (taken.get(column) ?? 0) + 1;
        taken.set(column, place);
        return [left[column] + place * 16 - 4, partition.operations[operation].row * ROW + TOP + BOX + 6];
      });
    }

    function show(index) {
      overlay.replaceChildren();
      const partial = partition.partials[index];
      if (!partial) return;
      const inside = new Set(partial.points.map(([operation]) => operation));
      const refused = new Set(partial.illegal.map(([operation]) => operation));
      boxes.forEach((box, operation) => {
        box.classList.toggle("outside", !inside.has(operation));
        box.classList.toggle("refused", refused.has(operation));
      });
      const places = positions(partial);
      const legal = places.slice(0, partial.points.length);
      shape(overlay, "polyline", { class: "path", points: legal.map((place) => place.join()).join(" ") });
      places.forEach(([x, y], number) =>
        shape(overlay, "circle", { class: number < legal.length ? "point" : "illegal", cx: x, cy: y, r: 4 }));
    }

    function describe(operation) {
      const item = partition.operations[operation];
      const partial = partition.partials[kept ?? through[operation] ?? 0];
      const point = partial?.points.find(([number]) => number === operation);
      const lines = [item.text, `client ${item.client}`, `called at ${item.call}`,
        item.return === null ? "never returned" : `returned at ${item.return}`];
      if (item.metadata !== null) lines.push(`metadata: ${item.metadata}`);
      if (point) lines.push(`state before: ${partition.states[point[2]]}`, `state after: ${partition.states[point[3]]}`);
      else if (partial?.illegal.some(([number]) => number === operation)) {
        lines.push(`illegal in the state ${partition.states[partial.points.at(-1)?.[3]] ?? "at this point"}`);
      } else lines.push("not in the linearization shown");
      return lines;
    }

    boxes.forEach((box, operation) => {
      listen(box, () => { if (kept === null) show(through[operation] ?? 0); return describe(operation); },
        () => { if (kept === null) show(0); });
      box.addEventListener("click", () => { kept = kept === null ? through[operation] : null; show(kept ?? 0); });
    });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") { kept = null; show(0); } });
    show(0);

    return () => {
      kept = null;
      show(0);
      const partial = partition.partials[0];
      const places = partial ? positions(partial) : [];
      const place = places[partial?.points.length] ?? places.at(-1) ?? [0, 0];
      section.scrollIntoView({ block: "start" });
      scroll.scrollLeft = place[0] - scroll.clientWidth / 2;
    };
  }

  function listen(box, enter, leave = () => {}) {
    const open = () => {
      details.replaceChildren();
      for (const line of enter()) if (line) element(details, "div", "", line);
      details.hidden = false;
      const around = box.getBoundingClientRect();
      const x = Math.max(8, Math.min(around.left, innerWidth - details.offsetWidth - 8));
      const below = around.bottom + 8 + details.offsetHeight < innerHeight;
      details.style.left = `${x}px`;
      details.style.top = `${below ? around.bottom + 8 : Math.max(8, around.top - details.offsetHeight - 8)}px`;
    };
    const close = () => { details.hidden = true; leave(); };
    box.addEventListener("mouseenter", open);
    box.addEventListener("focus", open);
    box.addEventListener("mouseleave", close);
    box.addEventListener("blur", close);
  }

  const result = document.getElementById("result");
  result.textContent = data.result + (data.reason ? `: ${data.reason}` : "");
  result.className = data.result;
  const notes = [`${data.steps} steps`, `${data.configurations} configurations`];
  if (data.hidden_partitions) notes.push(`${data.hidden_partitions} further partitions not shown`);
  if (data.hidden_annotations) notes.push(`${data.hidden_annotations} annotations not shown`);
  document.getElementById("summary").textContent = notes.join(" · ");
  const jumps = data.partitions.map(drawPartition);
  if (data.result === "Illegal") {
    const button = document.getElementById("jump");
    button.hidden = false;
    button.addEventListener("click", jumps[0]);
  }
})();
