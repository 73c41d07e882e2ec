const SIDE = 260;
const HEIGHT = (SIDE * Math.sqrt(3)) / 2;
const LEFT = 40;
const TOP = 40;
// Task 1 on top, task 2 on the left, task 3 on the right.
const corner = ([first, second]) =>
  [LEFT + SIDE * (first / 2 + 1 - first - second), TOP + HEIGHT * (1 - first)];

function render({ model, el }) {
  const data = model.get("data");
  const chosen = () => data.distributions.find(({ name }) => name === model.get("distribution"));
  const sizeIndex = () => data.tasks.indexOf(model.get("tasks"));
  const name = group();

  // Triangle
  const dots = make("g", { class: "mtl-draws" });
  const mean = make("g", { class: "mtl-mean" });
  const corners = [[1, 0], [0, 1], [0, 0]].map(corner);
  const middles = [[0, 0.5], [0.5, 0], [0.5, 0.5]].map(corner);
  const triangle = make("svg", { viewBox: `0 0 ${SIDE + 2 * LEFT} ${HEIGHT + 2 * TOP}`, role: "img" },
    ...corners.map(([x, y], i) => make("line", { class: "mtl-ring", x1: x, y1: y, x2: middles[i][0], y2: middles[i][1] })),
    make("path", { class: "mtl-edge", d: `M${corners.join("L")}Z` }), dots, mean,
    ...corners.map(([x, y], i) => make("text", { x, y: y + (i ? 34 : -25), "text-anchor": "middle" }, `task ${i + 1} only`)));

  function drawTriangle() {
    const shown = chosen().draws.slice(0, model.get("count"));
    const piles = new Map();
    shown.forEach((draw) => piles.set(`${draw}`, [draw, (piles.get(`${draw}`)?.[1] ?? 0) + 1]));
    dots.replaceChildren(...[...piles.values()].map(([draw, height]) => {
      const [cx, cy] = corner(draw);
      return make("circle", { cx, cy, r: 1.4 * Math.sqrt(height + 2) },
        make("title", {}, `${height} of ${shown.length} draws`));
    }));
    const [x, y] = corner([1 / 3, 1 / 3]);
    const [mx, my] = corner([0, 1].map((axis) => shown.reduce((sum, w) => sum + w[axis], 0) / shown.length));
    const below = my >= y - 6;
    mean.replaceChildren(
      make("path", { class: "mtl-cross", d: `M${x - 9} ${y}H${x + 9}M${x} ${y - 9}V${y + 9}` }),
      make("circle", { cx: mx, cy: my, r: 6 }),
      make("text", { x: mx + (mx > LEFT + SIDE - 60 ? -10 : 10), y: my + (below ? 20 : -10),
        "text-anchor": mx > LEFT + SIDE - 60 ? "end" : null }, shown.length > 1 ? `mean of ${shown.length}` : "the draw"));
    triangle.setAttribute("aria-label",
      `${shown.length} draws of the weights of three tasks, ${chosen().label}, and their mean near one third each`);
  }

  // Distributions and their noise
  const rows = data.distributions.map((distribution) => {
    const radio = make("input", { type: "radio", name,
      onchange: () => store(model, "distribution", distribution.name) });
    const value = make("td");
    const bar = make("td", { class: "mtl-bar", "aria-hidden": "true" });
    const row = make("tr", {}, make("th", { scope: "row" }, make("label", {}, radio, distribution.label)), value, bar);
    return { distribution, radio, value, bar, row };
  });
  const equal = make("td");
  const equalBar = make("td", { class: "mtl-bar", "aria-hidden": "true" });
  const table = make("table", {},
    make("thead", {}, make("tr", {}, make("td"), make("th", { scope: "col" }, "noise E Σ λ²"), make("td", { class: "mtl-wide" }))),
    make("tbody", {}, ...rows.map(({ row }) => row),
      make("tr", {}, make("th", { scope: "row" }, make("span", { class: "mtl-plain" }, "Equal weights")), equal, equalBar)));

  function readTable() {
    const at = sizeIndex();
    for (const { distribution, radio, value, bar, row } of rows) {
      radio.checked = distribution === chosen();
      row.classList.toggle("mtl-chosen", radio.checked);
      value.textContent = (distribution.exact ? "" : "≈ ") + number(distribution.noise[at], 3);
      bar.style.setProperty("--w", distribution.noise[at]);
    }
    equal.textContent = number(1 / model.get("tasks"), 3);
    equalBar.style.setProperty("--w", 1 / model.get("tasks"));
  }

  // Histogram of one weight
  const width = 340;
  const height = 140;
  const histogram = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });

  function drawHistogram() {
    const shares = chosen().shares[sizeIndex()];
    const bins = shares.length - 1;
    const step = (width - 60) / bins;
    const most = Math.max(...shares);
    const floor = height - 36;
    const bars = shares.map((share, i) => make("rect", { class: "mtl-column", x: i * step + (i === bins ? 18 : 0) + 1,
      width: i === bins ? 34 : step - 1, y: floor - (share / most) * (floor - 18), height: (share / most) * (floor - 18) },
    make("title", {}, `${number(100 * share, 1)} %`)));
    const peak = shares.indexOf(most);
    const unit = (value) => (value * bins * step) / data.widest;
    // The share of the tallest column, kept off the line at the mean.
    const share = (bin, text) => {
      const left = bin === bins ? bins * step + 18 : bin * step;
      const crowded = Math.abs(left - unit(1)) < 45;
      return make("text", { x: crowded ? unit(1) - 6 : Math.max(2, left), y: 13, "text-anchor": crowded ? "end" : null }, text);
    };
    histogram.replaceChildren(...bars,
      make("line", { class: "mtl-edge", x1: 0, x2: bins * step, y1: floor, y2: floor }),
      make("line", { class: "mtl-edge", x1: bins * step + 18, x2: width - 8, y1: floor, y2: floor }),
      ...[0, 1, 2, 3].map((value) => make("text", { x: Math.max(4, unit(value)), y: floor + 15, "text-anchor": "middle" }, value)),
      make("text", { x: bins * step + 36, y: floor + 15, "text-anchor": "middle" }, `≥ ${data.widest}`),
      make("text", { x: (bins * step) / 2, y: floor + 31, "text-anchor": "middle" }, "weight of one task, in units of 1/T"),
      make("line", { class: "mtl-cross", x1: unit(1), x2: unit(1), y1: 4, y2: floor }),
      make("text", { x: unit(1) + 6, y: 13 }, "mean"),
      share(peak, `${number(100 * most, most < 0.1 ? 1 : 0)} %`));
    histogram.setAttribute("aria-label",
      `Histogram of one weight of ${model.get("tasks")} in units of 1/T, ${chosen().label}; its mean is 1`);
  }

  // Sliders
  const counts = chosen().draws.map((_, i) => i + 1);
  const count = slider("draws", counts, (value) => store(model, "count", value));
  const tasks = slider("tasks T", data.tasks, (value) => store(model, "tasks", value));

  function readSliders() {
    count.show(model.get("count"), `${model.get("count")} draws`);
    tasks.show(model.get("tasks"), `${model.get("tasks")} tasks`);
  }

  function update() {
    drawTriangle();
    readTable();
    drawHistogram();
    readSliders();
  }

  el.replaceChildren(root("simplex", "Simplex of the random weights", data.accent,
    make("div", { class: "mtl-plane" }, triangle, count.node),
    make("div", { class: "mtl-panel" }, table, tasks.node, histogram),
    make("p", { class: "mtl-note" }, `Triangle: three tasks. ≈ mean of ${data.simulated.toLocaleString("en")} draws, the others exact.`)));
  return bind(model, ["distribution", "tasks", "count"], update);
}

export default { render };
