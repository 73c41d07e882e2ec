const PAUSE = 350; // milliseconds from step to step

async function render({ model, el }) {
  const data = structuredClone(model.get("data"));
  const table = await unpacked(data.table, data.shape);
  const { own, labels, x: inputs, wrong } = data;
  const numbers = own.map((_, i) => i);
  const last = data.losses[0].length - 1;
  const pair = (i) => data.colours[Number(wrong[i])];
  const inColour = (i, ...children) => make("g", { class: "mtl-rule", style: colours(pair(i)) }, ...children);

  const run = () => data.similarities.findIndex(([name]) => name === model.get("similarity"));
  const chosen = () => model.get("sample") - 1;
  const labelOf = (i) => (i === chosen() ? model.get("label") ?? own[i] : own[i]);
  function entry(sample) {
    const place = [run(), model.get("step"), sample, labels.indexOf(labelOf(sample)), 0];
    const first = place.reduce((sum, index, axis) => sum * data.shape[axis] + index, 0);
    return Array.from(table.slice(first, first + own.length + 1), (value) => value * data.unit);
  }

  // Picture: the samples and the line; below, at the same inputs, the alignments and the weights.
  const [left, right] = [36, 350];
  const X = (x) => left + ((x + data.edge) / (2 * data.edge)) * (right - left);
  const Y = (y) => 130 - 40 * y;
  const mark = (i, x, y, size = 7) => (wrong[i]
    ? make("path", { class: "mtl-dot", d: `M${x} ${y - size}L${x + size} ${y}L${x} ${y + size}L${x - size} ${y}Z` })
    : make("circle", { class: "mtl-dot", cx: x, cy: y, r: 0.7 * size }));
  const line = make("path", { class: "mtl-curve" });
  const guide = make("path", { class: "mtl-shadow" });
  const was = make("circle", { class: "mtl-edge", r: 5 });
  const columns = make("g");
  const upTo = make("text", { class: "mtl-halo", x: 4, y: 276 });
  const choose = (i, done) => {
    if (i === chosen() || !(i in own)) return;
    model.set("label", null);
    store(model, "sample", i + 1, done);
  };
  const move = (label, done) => {
    const near = labels.reduce((a, b) => (Math.abs(b - label) < Math.abs(a - label) ? b : a));
    if (near !== labelOf(chosen())) store(model, "label", near, done);
  };
  const handle = knob({ "aria-label": "Label of the chosen sample", "aria-valuemin": labels[0], "aria-valuemax": labels.at(-1) },
    (event) => {
      const place = picture.getBoundingClientRect();
      move((130 - ((event.clientY - place.top) * 360) / place.width) / 40, false);
    },
    (event) => {
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!across && !up) return;
      event.preventDefault();
      if (across) choose(chosen() + across, true);
      else move(labelOf(chosen()) + up * (labels[1] - labels[0]), true);
    },
    () => model.save_changes());
  const grips = numbers.map((i) => {
    const hold = make("circle", { r: 13, fill: "transparent" });
    const node = make("g", { class: "mtl-handle", onpointerdown: (event) => {
      if (event.button) return;
      event.preventDefault();
      choose(i, false);
      handle.setPointerCapture(event.pointerId);
      handle.focus({ focusVisible: false, preventScroll: true });
    } });
    node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    return { node, show(x, y) {
      hold.setAttribute("cx", x);
      hold.setAttribute("cy", y);
      node.replaceChildren(inColour(i, mark(i, x, y)), hold);
    } };
  });
  const picture = make("svg", { viewBox: "0 0 360 470", role: "group",
    "aria-label": "Training samples and the line, and below them their alignments and weights" },
  ...[-2, 0, 2].flatMap((y) => [make("path", { class: "mtl-ring", d: `M${left} ${Y(y)}H${right}` }),
    make("text", { x: left - 6, y: Y(y) + 4, "text-anchor": "end" }, number(y, 0))]),
  make("text", { x: 4, y: 12 }, "label"),
  ...data.validation.map(([x, y]) => make("circle", { class: "mtl-edge", cx: X(x), cy: Y(y), r: 3 })),
  make("path", { class: "mtl-frame", d: `M${left} 320H${right}M${left} 450H${right}` }),
  ...numbers.map((i) => make("text", { x: X(inputs[i]), y: 466, "text-anchor": "middle" }, i + 1)),
  guide, upTo, make("text", { class: "mtl-halo", x: 4, y: 376 }, "weight, from 0 to 1"), make("g", { class: "mtl-rule", style: colours(data.accent) }, line), was, columns, handle, ...grips.map(({ node }) => node));

  // Gradients
  const back = make("g");
  const front = make("g");
  const half = 104;
  const box = { x: -76, y: 0, w: 360, h: 208 };
  const plane = make("svg", { viewBox: Object.values(box).join(" "), role: "img" }, back, front);
  function draw() {
    const steps = data.gradients[run()][model.get("step")];
    const part = (i) => (labelOf(i) - labels[0]) / (labels.at(-1) - labels[0]);
    const found = numbers.map((i) => [0, 1].map((axis) => steps[0][i][axis] + part(i) * (steps[1][i][axis] - steps[0][i][axis])));
    const lengths = found.map((g) => Math.hypot(...g));
    const longest = Math.max(...lengths);
    const v = data.directions[run()][model.get("step")];
    const at = ([a, b], by) => [half + by * a, half - by * b];
    const [sx, sy] = at([-v[1], v[0]], 100);
    const [ex, ey] = at([v[1], -v[0]], 100);
    back.replaceChildren(make("path", { class: "mtl-cone", d: `M${sx} ${sy}A100 100 0 0 1 ${ex} ${ey}Z` }),
      make("circle", { class: "mtl-ring", cx: half, cy: half, r: 100 }));
    const tip = at(v, 62);
    front.replaceChildren(...numbers.map((i) => {
      const [x, y] = at(found[i], lengths[i] ? 84 / (model.get("similarity") === "cosine" ? lengths[i] : longest) : 0);
      return make("g", { class: "mtl-rule", "data-sample": i + 1, style: colours(pair(i)) },
        make("line", { class: "mtl-shaft", x1: half, y1: half, x2: x, y2: y, "stroke-width": i === chosen() ? 3 : 1.5 }), mark(i, x, y, 5));
    }), make("g", { class: "mtl-gradient" }, ...arrow(half, tip, v, 4)));
    label(front, tip, Math.atan2(v[1], v[0]) / RADIAN, [make("text", { class: "mtl-name" }, "∇M")], [], box, 4);
    plane.setAttribute("aria-label", `Gradients by offset and slope: the validation gradient and those of ${own.length} samples`);
  }

  // Controls, numbers and the course of the training
  const similarities = choice("Alignment", data.similarities, (value) => store(model, "similarity", value));
  const step = slider("step", Array.from({ length: last + 1 }, (_, i) => i), (value) => { play.stop(); store(model, "step", value); });
  const restore = make("button", { type: "button", onclick: () => store(model, "label", null) }, "Put the label back");
  const status = make("p", { class: "mtl-status" });
  const play = player({ model, el }, "step", last, PAUSE, status);
  const rows = numbers.map((i) => {
    const cells = [make("td"), make("td"), make("td")];
    const icon = make("span", { "aria-hidden": "true", style: "color: var(--c)" }, wrong[i] ? "◆" : "●");
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(pair(i)) }, make("th", { scope: "row" },
      make("span", { class: "mtl-name-of" }, icon, `${i + 1}${wrong[i] ? " wrong" : ""}`)), ...cells) };
  });
  const read = make("table", {}, make("thead", {}, make("tr", {},
    ...["sample", "label", "alignment", "weight"].map((text) => make("th", { scope: "col" }, text)))),
  make("tbody", {}, ...rows.map(({ row }) => row)));
  const frame = chart({ x: data.xTicks, y: data.yTicks, labels: ["step", "weight of the wrong labels, as trained"], height: 170 });
  const course = make("g", { class: "mtl-rule", style: colours(data.colours[1]) });
  frame.layer.append(make("path", { class: "mtl-cross mtl-dashed", d: `M${frame.left} ${frame.Y(data.equal)}H${frame.right}` }),
    make("text", { class: "mtl-halo", x: frame.right, y: frame.Y(data.equal) - 5, "text-anchor": "end" }, "equal weights"), course);

  function bars(alignments, weights) {
    const most = Math.max(...alignments.map(Math.abs)) || 1;
    upTo.textContent = `alignment; the longest bar is ${number(most, 3)}`;
    columns.replaceChildren(...numbers.map((i) => inColour(i, ...[[320, (32 * alignments[i]) / most], [450, 66 * weights[i]]]
      .map(([base, up]) => make("rect", { class: "mtl-column", x: X(inputs[i]) - 9, width: 18, y: base - Math.max(0, up), height: Math.abs(up) })))));
  }

  function update() {
    const t = model.get("step");
    const [i, value] = [chosen(), labelOf(chosen())];
    const weights = entry(i).slice(0, -1);
    const alignments = numbers.map((sample) => entry(sample).at(-1));
    const [x, y] = [X(inputs[i]), Y(value)];
    line.setAttribute("d", `M${left} ${Y(data.lines[run()][t][0])}L${right} ${Y(data.lines[run()][t][1])}`);
    guide.setAttribute("d", `M${x} ${Math.min(y, Y(own[i]))}V450`);
    was.setAttribute("cx", x);
    was.setAttribute("cy", Y(own[i]));
    grips.forEach((grip, sample) => grip.show(X(inputs[sample]), Y(labelOf(sample))));
    handle.setAttribute("transform", `translate(${x} ${y})`);
    handle.setAttribute("aria-valuenow", value);
    const name = `Sample ${i + 1}${wrong[i] ? " (wrong label)" : ""}`;
    handle.setAttribute("aria-valuetext", `${name}, label ${number(value)}`);
    bars(alignments, weights);
    draw();

    rows.forEach(({ cells, row }, sample) => {
      row.classList.toggle("mtl-chosen", sample === i);
      const values = [number(labelOf(sample)), number(alignments[sample], 3), number(weights[sample])];
      cells.forEach((cell, column) => { cell.textContent = values[column]; });
    });
    const shares = data.shares[run()].map((value, at) => [at, value]);
    const [dotX, dotY] = [frame.X(t), frame.Y(shares[t][1])];
    course.replaceChildren(frame.line(shares), make("circle", { class: "mtl-dot", cx: dotX, cy: dotY, r: 5 }));
    frame.node.setAttribute("aria-label", `Weight of the wrong labels against the step; ${number(shares[t][1])} at step ${t}`);
    similarities.show(model.get("similarity"));
    step.show(t, `step ${t}`);
    restore.style.display = value === own[i] ? "none" : "";
    const total = numbers.reduce((sum, sample) => sum + (wrong[sample] ? weights[sample] : 0), 0);
    status.textContent = `Step ${t}, validation loss ${number(data.losses[run()][t], 3)}. ${name} has weight ${number(weights[i])}; ${
      weights.some(Boolean) ? `the wrong labels together ${number(total)}.` : "no sample helps."}`;
  }

  el.replaceChildren(root("samples", "SLGrad on a line through labelled points", data.accent,
    make("div", { class: "mtl-plane" }, picture, status, frame.node, step.node, make("div", { class: "mtl-buttons" }, play.node, restore)),
    make("div", { class: "mtl-panel" }, similarities.node, plane, read),
    make("p", { class: "mtl-note" }, data.note)));
  const unbind = bind(model, ["similarity", "step", "sample", "label"], update);
  return () => { play.stop(); unbind(); };
}

export default { render };
