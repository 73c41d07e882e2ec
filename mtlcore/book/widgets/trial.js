function render({ model, el }) {
  const data = model.get("data");
  const map = ground(data.plane, "Parameters: level lines of two tasks, two throw-away steps and the weighted step");
  map.show(data.ground);
  const betas = choice("Exponent β", data.betas, (value) => store(model, "beta", value));
  const batch = slider("direction of the batch", data.angles, (value) => store(model, "batch", value));
  const cells = data.names.map(() => [make("td"), make("td")]);
  const table = make("table", {},
    make("thead", {}, make("tr", {}, ...["task", "gain", "weight"].map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...data.names.map((name, task) => make("tr", { class: "mtl-rule", style: colours(data.plane.tasks[task]) },
      make("th", { scope: "row" }, make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), name)), ...cells[task]))));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });
  const frame = chart({ x: data.xTicks, y: data.yTicks, labels: ["direction of the batch in degrees", "gain"], height: 200 });
  const now = make("g");
  const inColour = (task, ...children) => make("g", { class: "mtl-rule", style: colours(data.plane.tasks[task]) }, ...children);
  frame.layer.append(
    ...data.gains.map((gains, task) => inColour(task, frame.line(gains.map((gain, i) => [data.angles[i], gain])))), now);

  function update() {
    const at = data.angles.indexOf(model.get("batch"));
    const weights = data.weights[data.betas.findIndex(([value]) => value === model.get("beta"))][at];
    const step = data.steps[data.betas.findIndex(([value]) => value === model.get("beta"))][at];
    const gains = data.gains.map((values) => values[at]);
    const [cx, cy] = map.place(data.theta);
    const [x, y] = map.place(step);
    map.layer.replaceChildren(
      ...data.ends[at].map((end, task) => {
        const [ex, ey] = map.place(end);
        return inColour(task, make("path", { class: "mtl-curve", d: map.trace([data.theta, end]) }),
          make("circle", { class: "mtl-dot", cx: ex, cy: ey, r: 5 }));
      }),
      make("path", { class: "mtl-cross mtl-dashed", d: map.trace([data.theta, step]) }),
      make("circle", { class: "mtl-knob", cx: x, cy: y, r: 6 }),
      make("circle", { class: "mtl-dot", cx, cy, r: 5 }));
    now.replaceChildren(...gains.map((gain, task) => inColour(task,
      make("circle", { class: "mtl-dot", cx: frame.X(data.angles[at]), cy: frame.Y(gain), r: 5 }))));
    frame.node.setAttribute("aria-label",
      `Gains of both tasks over all directions of the batch; here main ${number(gains[0])}, auxiliary ${number(gains[1])}`);
    cells.forEach(([gain, weight], task) => {
      gain.textContent = number(gains[task]);
      weight.textContent = number(weights[task]);
    });
    betas.show(model.get("beta"));
    batch.show(model.get("batch"), `${model.get("batch")} degrees`, `${model.get("batch")}°`);
    const helpful = gains.filter((gain) => gain > 0).length;
    status.textContent = helpful === 2 ? "Both steps gain: the weights have the ratio of the gains to the power β."
      : helpful === 1 ? `Only the ${data.names[gains[0] > 0 ? 0 : 1]} task gains: it takes all the weight.`
        : "No step gains: equal weights, shrunk.";
  }

  el.replaceChildren(root("trial", "A throw-away step on each task", data.accent,
    make("div", { class: "mtl-plane" }, map.node, status, batch.node, betas.node),
    make("div", { class: "mtl-panel" }, table, frame.node)));
  return bind(model, ["batch", "beta"], update);
}

export default { render };
