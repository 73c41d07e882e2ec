async function render({ model, el }) {
  const data = structuredClone(model.get("data"));
  const names = data.methods.map(({ name }) => name);
  const count = data.problems.bowls.steps.length;
  const shape = [names.length, data.units.length, data.up.length, data.across.length, count, 2];
  for (const problem of Object.values(data.problems)) problem.values = await unpacked(problem.paths, shape);

  const problem = () => data.problems[model.get("problem")];
  const unit = () => model.get("unit");
  const isOn = (name) => model.get("shown").includes(name);

  function path(name) {
    const [x, y] = model.get("start");
    const place = [names.indexOf(name), data.units.indexOf(unit()), data.up.indexOf(y), data.across.indexOf(x), 0, 0];
    const first = place.reduce((sum, index, axis) => sum * shape[axis] + index, 0);
    const { values } = problem();
    return Array.from({ length: count }, (_, i) => [values[first + 2 * i] * data.step, values[first + 2 * i + 1] * data.step]);
  }

  // The losses are polynomials sum c[a][b] x^a y^b: their values, and their gradients with the unit.
  const sum = (c, term) => c.reduce((all, row, a) => row.reduce((some, value, b) => some + (value ? value * term(a, b) : 0), all), 0);
  const losses = ([x, y]) => problem().polynomials.map((c) => Math.max(0, sum(c, (a, b) => x ** a * y ** b) - data.floor));
  const gradients = ([x, y]) => problem().polynomials.map((c, task) => [
    sum(c, (a, b) => (a ? a * x ** (a - 1) * y ** b : 0)), sum(c, (a, b) => (b ? b * x ** a * y ** (b - 1) : 0)),
  ].map((slope) => slope * (task ? 1 : unit())));

  // Picture
  const map = ground(data.plane, "Level lines of two tasks, and paths of descent");
  const lines = make("g");
  const pointers = make("g");
  const labels = make("g");
  const handle = startKnob(model, data, map, "Start of the paths");
  map.layer.append(lines, pointers, labels, handle.node);
  map.node.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const [x, y] = map.place(map.point(event));
    let best = { distance: 12 };
    for (const name of names.filter(isOn)) {
      path(name).slice(0, -1).forEach((point, at) => {
        const [a, b] = map.place(point);
        const distance = Math.hypot(a - x, b - y);
        if (distance < best.distance) best = { distance, name, at };
      });
    }
    if (!best.name || (best.name === model.get("arrows") && best.at === model.get("at"))) return;
    store(model, "arrows", best.name, false);
    store(model, "at", best.at);
  });

  function draw(paths) {
    lines.replaceChildren(...paths.map(({ method, points }) => {
      const [x, y] = map.place(points.at(-1));
      const [dotX, dotY] = map.place(points[model.get("at")]);
      return make("g", { class: "mtl-rule", style: colours(method.colours), "data-rule": method.name },
        make("path", { class: "mtl-curve", d: map.trace(points), "stroke-dasharray": method.dash.length ? method.dash.join(" ") : null }),
        make("circle", { class: "mtl-dot", cx: dotX, cy: dotY, r: 3.5 }),
        make("path", { class: "mtl-end", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }));
    }));
  }

  // An arrow of the point at from.
  function pointer(from, [dx, dy], pair) {
    const length = Math.hypot(dx, dy);
    const [ux, uy] = length > 0 ? [dx / length, dy / length] : [0, 1];
    const [x, y] = [from[0] + dx, from[1] + dy];
    const side = (sign) => `${x - 10 * ux + sign * 4 * uy} ${y - 10 * uy - sign * 4 * ux}`;
    return make("g", { class: pair ? "mtl-rule" : "mtl-gradient", style: pair },
      make("path", { class: "mtl-shaft", "stroke-width": pair ? 2.5 : 4, d: `M${from}l${dx} ${dy}` }),
      ...(length > 4 ? [make("path", { class: "mtl-head", d: `M${x} ${y}L${side(1)}L${side(-1)}Z` })] : []));
  }

  // Names of the arrows and of the paths, off one another and off what is drawn.
  function write(paths, arrows, lie, frame) {
    const box = ([x, y], w, h = w) => ({ x: x - w / 2, y: y - h / 2, w, h });
    const taken = [box(map.place(model.get("start")), 20), ...lie.names.map(([x, y]) => box([x, y + 14], 42, 16)),
      ...paths.flatMap(({ points }) => points.map((point) => box(map.place(point), 8))),
      ...arrows.flatMap(({ from, tip }) => along(from, tip))];
    labels.replaceChildren();
    const turn = ([x0, y0], [x1, y1]) => Math.atan2(y0 - y1, x1 - x0) / RADIAN;
    const put = (tip, angle, text, pair, kind) => label(labels, tip, angle,
      [make("g", { class: "mtl-rule", style: pair }, make("text", { class: kind }, text))], taken, frame, 4);
    arrows.forEach(({ from, tip, name, pair }) => put(tip, turn(from, tip), name, pair, pair ? "mtl-name mtl-task" : "mtl-name"));
    paths.forEach(({ method, points }) => put(map.place(points.at(-1)), 0, method.label, colours(method.colours), "mtl-task"));
  }

  // Controls
  const problems = choice("Losses", Object.entries(data.problems).map(([name, { label }]) => [name, label]), (name) => store(model, "problem", name));
  const units = slider("unit of task 1", data.units, (value) => store(model, "unit", value));
  const place = slider("arrows after step", [...Array(count - 1).keys()], (value) => store(model, "at", value));
  const radio = group();
  const rows = data.methods.map((method) => {
    const box = make("input", { type: "checkbox", onchange: () =>
      store(model, "shown", names.filter((name) => (name === method.name ? box.checked : isOn(name)))) });
    const pick = make("input", { type: "radio", name: radio, "aria-label": `arrows on the path of ${method.label}`,
      onchange: () => store(model, "arrows", method.name) });
    const cells = [make("td"), make("td")];
    const row = make("tr", { class: "mtl-rule", style: colours(method.colours), "data-rule": method.name },
      make("th", { scope: "row" }, make("label", {}, box, make("span", { class: "mtl-swatch" }), method.label)),
      ...cells, make("td", {}, pick));
    return { method, box, pick, cells, row };
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "loss at the end"),
    ...["task 1", "task 2", "arrows"].map((text) => make("th", { scope: "col" }, text)))),
  make("tbody", {}, ...rows.map(({ row }) => row)));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });
  const hand = make("button", { type: "button", onclick: () =>
    document.dispatchEvent(new CustomEvent("mtl-gradients", { detail: polar() })) });

  const here = () => path(model.get("arrows"))[model.get("at")];
  // Angle and length of the two gradients, the longer one 2 as in the explorer.
  function polar() {
    const found = gradients(here());
    const longest = Math.max(...found.map((g) => Math.hypot(...g)));
    return found.map(([a, b]) => [(Math.atan2(b, a) * 180) / Math.PI, (2 * Math.hypot(a, b)) / longest]);
  }

  function update() {
    const { lr, steps, ground: lie } = problem();
    const at = model.get("at");
    const method = data.methods[names.indexOf(model.get("arrows"))];
    const paths = data.methods.filter(({ name }) => isOn(name)).map((shown) => ({ method: shown, points: path(shown.name) }));
    map.show(lie);
    draw(paths);
    handle.show();

    const [from, to] = path(method.name).slice(at, at + 2);
    const g = gradients(from);
    const d = from.map((value, axis) => (value - to[axis]) / (lr * (steps[at + 1] - steps[at])));
    const [a, b] = g.map((v) => Math.hypot(...v));
    const stretch = ([x, y]) => [(-80 * x) / Math.max(a, b), (80 * y) / Math.max(a, b)];
    const start = map.place(from);
    const arrows = isOn(method.name) ? [["−g₁", g[0]], ["−g₂", g[1]], ["−d", d, colours(method.colours)]].map(([name, v, pair]) => {
      const by = stretch(v);
      return { from: start, by, tip: [start[0] + by[0], start[1] + by[1]], name, pair };
    }) : [];
    pointers.replaceChildren(...arrows.map(({ by, pair }) => pointer(start, by, pair)));
    const frame = map.fit([...paths.flatMap(({ points }) => points.map(map.place)), ...arrows.map(({ tip }) => tip)]);
    write(paths, arrows, lie, frame);

    rows.forEach(({ method: { name }, box, pick, cells }) => {
      box.checked = isOn(name);
      pick.checked = name === method.name;
      pick.disabled = !isOn(name);
      const end = isOn(name) ? losses(paths.find(({ method: shown }) => shown.name === name).points.at(-1)).map((loss) => number(loss)) : ["", ""];
      cells.forEach((cell, task) => { cell.textContent = end[task]; });
    });
    problems.show(model.get("problem"));
    units.show(unit(), `task 1 counted ${unit()} times`, `× ${unit()}`);
    place.show(at, `step ${steps[at]} of ${steps.at(-1)}`, String(steps[at]));
    const apart = (Math.acos(Math.max(-1, Math.min(1, (g[0][0] * g[1][0] + g[0][1] * g[1][1]) / (a * b)))) * 180) / Math.PI;
    const longer = a >= b ? 1 : 2;
    const ratio = Math.max(a, b) / Math.min(a, b);
    status.textContent = `${method.label} after ${steps[at]} steps: the gradients are ${Math.round(apart)}° apart, that of task ${longer} is ${
      ratio < 10 ? number(ratio, 1) : Math.round(ratio)} times as long.`;
    hand.hidden = !document.querySelector(".mtl-explorer");
    hand.disabled = ratio > data.widest;
    hand.textContent = ratio > data.widest ? `The explorer takes lengths up to ${data.widest} to 1` : "Show these gradients in the explorer";
  }

  el.replaceChildren(root("descent", "Paths of descent", data.accent,
    make("div", { class: "mtl-plane" }, map.node, status),
    make("div", { class: "mtl-panel" }, problems.node, units.node, table, place.node, hand),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["problem", "start", "unit", "shown", "arrows", "at"], update);
}

export default { render };
