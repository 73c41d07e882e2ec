const SUB = ["₁", "₂", "₃"];
const PAIRS = [[0, 1], [0, 2], [1, 2]];
const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

function view({ model, el }) {
  const data = model.get("data");
  const [width, height, side, top, edge] = data.size;
  const middle = [width / 2, top + (side * Math.sqrt(3)) / 3];
  const unclipped = ([first, second]) =>
    [width / 2 + side * ((1 - first) / 2 - second), top + ((side * Math.sqrt(3)) / 2) * (1 - first)];

  // Task 1 on top, 2 on the left, 3 on the right; what is not in the picture moves towards its middle.
  function place(weights) {
    const away = unclipped(weights).map((value, i) => value - middle[i]);
    const room = away.map((value, i) => (value > 0 ? [width, height][i] - edge - middle[i] : middle[i] - edge));
    const share = Math.min(1, ...away.map((value, i) => room[i] / Math.abs(value)));
    return { at: middle.map((value, i) => value + share * away[i]), beyond: share < 1 };
  }

  const angleOf = (i, j) => model.get("angles")[PAIRS.findIndex((pair) => pair.includes(i) && pair.includes(j))];
  function gramian() {
    const lengths = model.get("lengths");
    const cosine = (i, j) => (i === j ? 1 : data.cosines[data.angles.indexOf(angleOf(i, j))]);
    return lengths.map((a, i) => lengths.map((b, j) => a * b * cosine(i, j)));
  }

  // The stored weights of the same three gradients, with their tasks in the order in which they are stored.
  function stored() {
    const places = model.get("lengths").map((length) => data.lengths.indexOf(length));
    const shift = Math.min(...places);
    for (const order of ORDERS) {
      const sizes = order.map((i) => places[i] - shift);
      const turns = PAIRS.map(([i, j]) => data.angles.indexOf(angleOf(order[i], order[j])));
      const row = data.table[[...sizes, ...turns].join("")];
      if (row) return { row, order };
    }
    throw new Error("no such gradients in the table");
  }

  function weights({ column }, { row, order }) {
    if (column < 0) return [1 / 3, 1 / 3, 1 / 3];
    const [first, second] = [row[2 * column] / data.unit, row[2 * column + 1] / data.unit];
    const found = [];
    [first, second, 1 - first - second].forEach((value, i) => { found[order[i]] = value; });
    return found;
  }

  // Picture
  const corners = [[1, 0], [0, 1], [0, 0]].map(unclipped);
  const layer = make("g");
  const picture = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" },
    make("path", { class: "mtl-edge", d: `M${corners.join("L")}Z` }),
    ...corners.map(([x, y], i) => make("text", { x, y: y + (i ? 20 : -12), "text-anchor": "middle" }, `task ${i + 1}`)), layer);
  const coloured = (method, ...children) =>
    make("g", { class: "mtl-rule", "data-rule": method.name, style: colours(method.colours) }, ...children);

  function draw(shown) {
    const groups = [];
    const taken = corners.map(([x, y], i) => ({ x: x - 22, y: y + (i ? 8 : -24), w: 44, h: 16 }));
    for (const { method, weights: w } of shown) {
      const { at, beyond } = place(w);
      const group = groups.find((other) => Math.hypot(other.at[0] - at[0], other.at[1] - at[1]) < 1);
      if (group) group.methods.push(method);
      else groups.push({ at, beyond, methods: [method] });
    }
    layer.replaceChildren(...groups.flatMap(({ at: [cx, cy], beyond, methods }) => methods.map((method, i) =>
      coloured(method, make("circle", { class: beyond ? "mtl-curve" : "mtl-dot", cx, cy, r: beyond ? 6 : 5.5 + 2.5 * (methods.length - 1 - i) })))));
    groups.forEach(({ at: [x, y] }) => taken.push({ x: x - 8, y: y - 8, w: 16, h: 16 }));
    groups.forEach(({ at, methods }) => label(layer, at, Math.atan2(middle[1] - at[1], at[0] - middle[0]) / RADIAN,
      methods.map((method) => coloured(method, make("text", {}, method.label))), taken, { x: 0, y: 0, w: width, h: height }, 6));
    const words = shown.map(({ method, weights: w }) => `${method.label} ${w.map((value) => number(value)).join(", ")}`);
    picture.setAttribute("aria-label", `Weights of three tasks on a triangle: ${words.join("; ")}`);
  }

  // Sliders. A new angle moves the angle of the other two tasks if need be: else there are no such vectors.
  function turn(pair, value) {
    const angles = [...model.get("angles")];
    angles[pair] = value;
    const last = pair === 2 ? 1 : 2;
    const [a, b] = angles.filter((_, i) => i !== last);
    const low = Math.abs(a - b) + 10;
    const high = Math.min(a + b, 360 - a - b) - 10;
    angles[last] = Math.min(Math.max(angles[last], low, data.angles[0]), high, data.angles.at(-1));
    store(model, "angles", angles);
  }
  const sizes = SUB.map((i, task) => slider(`length of g${i}`, data.lengths, (value) =>
    store(model, "lengths", model.get("lengths").map((old, other) => (other === task ? value : old)))));
  const turns = PAIRS.map(([i, j], pair) => slider(`angle g${SUB[i]}, g${SUB[j]}`, data.angles, (value) => turn(pair, value)));

  // Tables
  const entries = SUB.map(() => SUB.map(() => make("td", { class: "mtl-heat" })));
  const heads = SUB.map((i) => make("th", { scope: "col" }, `g${i}`));
  const matrix = make("table", { class: "mtl-matrix" }, make("thead", {}, make("tr", {}, make("td", {}, "K"), ...heads)),
    make("tbody", {}, ...entries.map((cells, i) => make("tr", {}, make("th", { scope: "row" }, `g${SUB[i]}`), ...cells))));
  const rows = data.methods.map((method) => {
    const cells = Array.from({ length: 6 }, (_, i) => make("td", { class: i === 3 ? "mtl-first" : null }));
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), method.label);
    return { cells, row: make("tr", { class: "mtl-rule", "data-rule": method.name, style: colours(method.colours) },
      make("th", { scope: "row" }, name), ...cells) };
  });
  const table = make("table", { class: "mtl-three" }, make("thead", {},
    make("tr", {}, make("td"), make("th", { colspan: 3, scope: "colgroup" }, "weight λ of task"), make("th", { colspan: 3, scope: "colgroup" }, "Kλ: taken off loss")),
    make("tr", {}, make("td"), ...[0, 1].flatMap((part) => [1, 2, 3].map((i) => make("th", { scope: "col", class: part && i === 1 ? "mtl-first" : null }, i))))),
  make("tbody", {}, ...rows.map(({ row }) => row)));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function read(K, shown) {
    entries.forEach((cells, i) => cells.forEach((cell, j) => {
      cell.textContent = number(K[i][j]);
      cell.classList.toggle("mtl-conflict", K[i][j] < 0);
      cell.style.setProperty("--w", `${Math.round((40 * Math.abs(K[i][j])) / Math.sqrt(K[i][i] * K[j][j]))}%`);
    }));
    shown.forEach(({ weights: w, gains }, at) => {
      const { cells } = rows[at];
      w.forEach((value, i) => { cells[i].textContent = number(value); });
      gains.forEach((gain, i) => {
        const worse = gain < -0.005;
        cells[3 + i].classList.toggle("mtl-worse", worse);
        cells[3 + i].replaceChildren(...(worse ? [make("span", { class: "mtl-mark", "aria-hidden": "true" }, "▼"), number(gain),
          make("span", { class: "mtl-hidden" }, " loss rises")] : [number(Math.abs(gain))]));
      });
    });
  }

  function words(shown) {
    const worse = SUB.map((_, i) => shown.filter(({ gains }) => gains[i] < -0.005).map(({ method }) => method.label));
    const said = worse.flatMap((names, i) => (names.length ? [`Task ${i + 1} gets worse with ${names.join(", ")}.`] : []));
    return said.length ? said.join(" ") : "No task gets worse with any of them.";
  }

  function update() {
    const K = gramian();
    const row = stored();
    const shown = data.methods.map((method) => {
      const w = weights(method, row);
      return { method, weights: w, gains: K.map((line) => line.reduce((sum, value, j) => sum + value * w[j], 0)) };
    });
    draw(shown);
    read(K, shown);
    sizes.forEach((each, i) => each.show(model.get("lengths")[i], `length ${model.get("lengths")[i]}`));
    turns.forEach((each, i) => each.show(model.get("angles")[i], `${model.get("angles")[i]} degrees`, `${model.get("angles")[i]}°`));
    status.textContent = words(shown);
  }

  el.replaceChildren(root("gramian", "The Gramian of three gradients, and the weights of methods", data.accent,
    make("div", { class: "mtl-plane" }, picture, status, matrix),
    make("div", { class: "mtl-panel" }, ...sizes.map(({ node }) => node), ...turns.map(({ node }) => node), table),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["lengths", "angles"], update);
}

// Other methods come with other data.
function render({ model, el }) {
  let end = view({ model, el });
  const anew = () => {
    end();
    end = view({ model, el });
  };
  model.on("change:data", anew);
  return () => {
    model.off("change:data", anew);
    end();
  };
}

export default { render };
