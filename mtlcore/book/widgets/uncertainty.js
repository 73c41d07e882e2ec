function render({ model, el }) {
  const data = model.get("data");
  const nodes = () => data.rules.find(({ name }) => name === model.get("rule")).nodes;
  const shown = (value) => (value < 0.1 ? number(value, 3) : value < 10 ? number(value) : number(value, 1));

  function store(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  const objective = chart({ x: data.sTicks, y: data.heightTicks, labels: ["s", "objective"] });
  const decades = [[0.01, "0.01"], [0.1, "0.1"], [1, "1"], [10, "10"], [100, "100"]];
  const weight = chart({ x: decades, y: decades, labels: ["loss L", "weight at the minimum"], height: 200, logarithmic: "xy" });
  const colours = (task) => `--light:${data.tasks[task][0]};--dark:${data.tasks[task][1]}`;
  const rule = choice("Objective", data.rules.map(({ name }) => [name, name]), (name) => store("rule", name));
  const sliders = [0, 1].map((task) =>
    slider(`loss of task ${task + 1}`, { min: 0, max: data.losses.length - 1 }, (value) =>
      store("losses", model.get("losses").map((loss, i) => (i === task ? data.losses[value] : loss)))));
  const rows = [0, 1].map((task) => {
    const cells = [0, 1, 2].map(() => make("td"));
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), `task ${task + 1}`);
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(task) }, make("th", { scope: "row" }, name), ...cells) };
  });
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function update() {
    const chosen = model.get("losses").map((loss) => nodes()[data.losses.indexOf(loss)]);
    rule.show(model.get("rule"));
    const mark = (task, node) => {
      const [x, y] = [objective.X(node.s), objective.Y(node.height)];
      return make("g", { class: "mtl-rule", style: colours(task) }, objective.line(node.curve),
        make("path", { class: "mtl-cross", d: `M${x} ${y}V${objective.bottom}` }),
        make("circle", { class: "mtl-dot", cx: x, cy: y, r: 6 }),
        make("text", { class: "mtl-halo", x: x + 9, y: y + (task ? 18 : -9) }, `task ${task + 1}`));
    };
    objective.layer.replaceChildren(...chosen.map((node, task) => mark(task, node)));
    const all = data.losses.map((loss, i) => [loss, nodes()[i].weight]).filter(([, w]) => w <= 100 && w >= 0.01);
    weight.layer.replaceChildren(weight.line(all), ...chosen.map((node, task) =>
      make("g", { class: "mtl-rule", style: colours(task) },
        make("circle", { class: "mtl-dot", cx: weight.X(model.get("losses")[task]), cy: weight.Y(Math.max(node.weight, 0.01)), r: 6 }))));
    chosen.forEach((node, task) => {
      const loss = model.get("losses")[task];
      const values = [number(node.s), shown(node.weight), number(loss * node.weight)];
      rows[task].cells.forEach((cell, i) => { cell.textContent = values[i]; });
      sliders[task].input.value = data.losses.indexOf(loss);
      sliders[task].input.setAttribute("aria-valuetext", shown(loss));
      sliders[task].output.textContent = shown(loss);
    });
    const heavier = chosen[0].weight >= chosen[1].weight ? 0 : 1;
    const ratio = chosen[heavier].weight / chosen[1 - heavier].weight;
    status.textContent = ratio < 1.01 ? "Both tasks weigh the same."
      : `Task ${heavier + 1} weighs ${shown(ratio)} times as much as task ${2 - heavier}.`;
    objective.node.setAttribute("aria-label",
      `Objective of s, ${model.get("rule")}: minima at ${chosen.map((node, i) => `s = ${number(node.s)} for task ${i + 1}`).join(" and ")}`);
    weight.node.setAttribute("aria-label", "Weight at the minimum against the loss, logarithmic: a falling straight line");
  }

  el.replaceChildren(make("div", { class: "mtl-widget mtl-uncertainty mtl-rule", role: "group", "aria-label": "Learned weights of two losses",
    style: "--light:#5e6671;--dark:#c3c8cf" },
  make("div", { class: "mtl-plane" }, objective.node, status),
  make("div", { class: "mtl-panel" }, rule.node, ...sliders.map(({ node }, task) => {
    node.classList.add("mtl-rule");
    node.setAttribute("style", colours(task));
    return node;
  }), make("table", {},
    make("thead", {}, make("tr", {}, make("td"), ...["best s", "weight w", "w · L"].map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(({ row }) => row))), weight.node)));
  update();
  const events = ["change:losses", "change:rule"];
  events.forEach((event) => model.on(event, update));
  return () => events.forEach((event) => model.off(event, update));
}

export default { render };
