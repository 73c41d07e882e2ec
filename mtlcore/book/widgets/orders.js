function render({ model, el }) {
  const data = model.get("data");
  const { size, last, angles } = data;
  const centre = size / 2;
  const box = { x: 0, y: 0, w: size, h: size };
  const tasks = [0, 1, 2];
  const names = ["g₁", "g₂", "g₃"];
  const add = (a, b, factor = 1) => a.map((value, axis) => value + factor * b[axis]);
  const inner = (a, b) => a[0] * b[0] + a[1] * b[1];
  const inColour = (pair, ...children) => make("g", { class: "mtl-rule", style: colours(pair) }, ...children);

  const lengths = () => [1, 1, model.get("length")];
  const units = () => [0, model.get("second"), model.get("third")].map((angle) => data.vectors[angles.indexOf(angle)]);
  const turnOf = (name) => data.orders.find(([order]) => order === name)[2];

  // Gradient i after it met some of the others, in the order of a turn; coefficients come from Python.
  function left(i, turn, count) {
    const others = turn.filter((task) => task !== i);
    const late = others[0] > others[1] ? 1 : 0;
    const row = data.table[angles.indexOf(model.get("second")) * angles.length + angles.indexOf(model.get("third"))];
    const coefficients = row.slice(4 * i + 2 * late).slice(0, count);
    const vectors = units();
    const sum = coefficients.reduce((g, value, k) => add(g, vectors[others[k]], value), vectors[i]);
    return { g: sum.map((value) => value * lengths()[i]), others, coefficients };
  }
  const update = (turn) => tasks.map((i) => left(i, turn, 2).g).reduce((a, b) => add(a, b));

  // Picture
  const back = make("g");
  const front = make("g");
  const picture = make("svg", { viewBox: `0 0 ${size} ${size}`, role: "img" }, back, front);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function cone() {
    const turned = [0, model.get("second"), model.get("third")].map(wrap);
    const [low, high] = [Math.max(...turned) - 90, Math.min(...turned) + 90];
    if (low >= high) return [];
    const [start, end] = [low, high].map((angle) => vector([angle, 162]));
    return [make("path", { class: "mtl-cone", d: `M${centre} ${centre}L${centre + start[0]} ${centre - start[1]}`
      + `A162 162 0 0 0 ${centre + end[0]} ${centre - end[1]}Z` })];
  }

  function draw(turn, step, gradients, found) {
    const sum = gradients.reduce((a, b) => add(a, b));
    const [room, shortest] = data.room;
    const scale = room / Math.max(shortest, ...[...gradients, sum, ...found].map((v) => Math.hypot(...v)));
    const at = (v) => [centre + scale * v[0], centre - scale * v[1]];
    back.replaceChildren(...cone(), ...[1, 2].filter((r) => r * scale < centre).map((r) => make("circle", { class: "mtl-ring", cx: centre, cy: centre, r: r * scale })));
    const taken = [];
    const shown = tasks.map((i) => left(i, turn, Math.min(2, Math.max(0, step - 2 * i))).g);
    const parts = tasks.map((i) => inColour(data.tasks[i],
      make("g", { opacity: step ? 0.35 : 1 }, ...arrow(centre, at(gradients[i]), gradients[i], 4)),
      ...(step ? arrow(centre, at(shown[i]), shown[i], 2.5) : [])));
    if (step && step < last) {
      const i = Math.floor((step - 1) / 2);
      const before = left(i, turn, (step - 1) % 2).g;
      parts.push(inColour(data.tasks[i], make("path", { class: "mtl-shadow", fill: "none", d: `M${at(before).join(" ")}L${at(shown[i]).join(" ")}` })));
    }
    front.replaceChildren(...parts);
    const labels = tasks.map((i) => [gradients[i], names[i], data.tasks[i]]);
    if (step === last) {
      const d = found[data.orders.findIndex(([order]) => order === model.get("order"))];
      const mean = found.reduce((a, b) => add(a, b)).map((value) => value / found.length);
      const [mx, my] = at(mean);
      front.append(inColour(data.plain, ...arrow(centre, at(sum), sum, 2.5)),
        make("g", { class: "mtl-draws" }, ...found.map((v) => make("circle", { cx: at(v)[0], cy: at(v)[1], r: 5 }))),
        make("g", { class: "mtl-rule", style: colours(data.accent), "data-rule": "PCGrad" }, ...arrow(centre, at(d), d, 4)),
        make("g", { class: "mtl-mean" }, make("circle", { cx: mx, cy: my, r: 5 })));
      labels.push([sum, "plain sum", data.plain], [d, "d", data.accent]);
    }
    taken.push(...labels.flatMap(([v]) => along([centre, centre], at(v))));
    labels.forEach(([v, text, pair]) => {
      const layer = inColour(pair);
      front.append(layer);
      label(layer, at(v), Math.atan2(v[1], v[0]) / RADIAN, [make("text", { class: "mtl-name" }, text)], taken, box, 4);
    });
    picture.setAttribute("aria-label", `Three gradients in a plane, and what PCGrad makes of them. ${status.textContent}`);
  }

  function words(turn, step, gradients, found) {
    if (!step) return `Before the surgery. Each gradient will meet the others in the order ${[...model.get("order")].join(", ")}.`;
    if (step < last) {
      const i = Math.floor((step - 1) / 2);
      const second = (step - 1) % 2;
      const { others, coefficients } = left(i, turn, 2);
      const j = others[second];
      const product = inner(left(i, turn, second).g, gradients[j]);
      return `Gradient ${i + 1} meets ${names[j]}: ⟨g, ${names[j]}⟩ = ${number(Math.abs(product) < 0.005 ? 0 : product)}. ${
        coefficients[second] ? `A conflict: its part along ${names[j]} goes.` : "No conflict: it stays as it is."}`;
    }
    const d = found[data.orders.findIndex(([order]) => order === model.get("order"))];
    const harmed = tasks.filter((i) => inner(d, gradients[i]) < -0.005).map((i) => i + 1);
    return `The sum d of the three. ${harmed.length ? `It raises the loss of task ${harmed.join(" and ")}, to first order.`
      : "It raises no loss, to first order."}`;
  }

  // Controls and numbers
  const order = group();
  const rows = data.orders.map(([name, text, turn]) => {
    const radio = make("input", { type: "radio", name: order, onchange: () => store(model, "order", name) });
    const cells = tasks.map(() => make("td"));
    return { name, turn, radio, cells, row: make("tr", {}, make("th", { scope: "row" }, make("label", {}, radio, text)), ...cells) };
  });
  const extra = ["mean of the six", "plain sum"].map((text) => {
    const cells = tasks.map(() => make("td"));
    return { cells, row: make("tr", {}, make("th", { scope: "row" }, make("span", { class: "mtl-plain" }, text)), ...cells) };
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "order"),
    ...tasks.map((i) => make("th", { scope: "col" }, `⟨d, ${names[i]}⟩`)))),
  make("tbody", {}, ...[...rows, ...extra].map(({ row }) => row)));
  const go = (by) => store(model, "step", Math.min(last, Math.max(0, model.get("step") + by)));
  const previous = make("button", { type: "button", onclick: () => go(-1) }, "◀ Back");
  const next = make("button", { type: "button", onclick: () => go(1) }, "Forward ▶");
  const step = slider("step", Array.from({ length: last + 1 }, (_, i) => i), (value) => store(model, "step", value));
  const second = slider("angle of g₂", angles, (value) => store(model, "second", value));
  const third = slider("angle of g₃", angles, (value) => store(model, "third", value));
  const length = slider("length of g₃", data.lengths, (value) => store(model, "length", value));
  const presets = data.presets.map(([text, [a, b, l]]) => make("button", { type: "button", onclick: () => {
    store(model, "second", a, false);
    store(model, "third", b, false);
    store(model, "length", l);
  } }, text));

  function show(cells, d, gradients) {
    cells.forEach((cell, i) => {
      const value = inner(d, gradients[i]);
      cell.textContent = number(Math.abs(value) < 0.005 ? 0 : value);
      cell.classList.toggle("mtl-worse", value < -0.005);
    });
  }

  function refresh() {
    const [turn, t] = [turnOf(model.get("order")), model.get("step")];
    const gradients = units().map((v, i) => v.map((value) => value * lengths()[i]));
    const found = rows.map((row) => update(row.turn));
    status.textContent = words(turn, t, gradients, found);
    draw(turn, t, gradients, found);
    rows.forEach(({ name, radio, cells, row }, k) => {
      radio.checked = name === model.get("order");
      row.classList.toggle("mtl-chosen", radio.checked);
      show(cells, found[k], gradients);
    });
    show(extra[0].cells, found.reduce((a, b) => add(a, b)).map((value) => value / found.length), gradients);
    show(extra[1].cells, gradients.reduce((a, b) => add(a, b)), gradients);
    step.show(t, t === last ? "the sum" : `${t} projections`);
    second.show(model.get("second"), `${model.get("second")} degrees`, `${model.get("second")}°`);
    third.show(model.get("third"), `${model.get("third")} degrees`, `${model.get("third")}°`);
    length.show(model.get("length"), `length ${model.get("length")}`);
  }

  el.replaceChildren(root("orders", "PCGrad on three gradients, one projection after the other", data.accent,
    make("div", { class: "mtl-plane" }, picture, status, step.node, make("div", { class: "mtl-buttons" }, previous, next)),
    make("div", { class: "mtl-panel" }, make("div", { class: "mtl-buttons" }, ...presets), second.node, third.node, length.node, table),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["second", "third", "length", "order", "step"], refresh);
}

export default { render };
