function render({ model, el }) {
  const data = model.get("data");
  const nodes = () => data.rules.find(({ name }) => name === model.get("rule")).nodes;
  const shown = (value) => (value < 0.1 ? number(value, 3) : value < 10 ? number(value) : number(value, 1));

  const objective = chart({ x: data.sTicks, y: data.heightTicks, labels: ["s", "objective"] });
  const decades = [[0.01, "0.01"], [0.1, "0.1"], [1, "1"], [10, "10"], [100, "100"]];
  const weight = chart({ x: decades, y: [[0.001, "0.001"], ...decades], labels: ["loss L", "weight at the minimum"], height: 200, logarithmic: "xy" });
  const rule = choice("Objective", data.rules.map(({ name }) => [name, name]), (name) => store(model, "rule", name));
  const sliders = [0, 1].map((task) =>
    slider(`loss of task ${task + 1}`, data.losses, (value) =>
      store(model, "losses", model.get("losses").map((loss, i) => (i === task ? value : loss)))));
  const table = taskTable(["best s", "weight w", "w · L"], data.tasks);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function update() {
    const chosen = model.get("losses").map((loss) => nodes()[data.losses.indexOf(loss)]);
    rule.show(model.get("rule"));
    const mark = (task, node) => {
      const [x, y] = [objective.X(node.s), objective.Y(node.height)];
      return make("g", { class: "mtl-rule", style: colours(data.tasks[task]) }, objective.line(node.curve),
        make("path", { class: "mtl-cross", d: `M${x} ${y}V${objective.bottom}` }),
        make("circle", { class: "mtl-dot", cx: x, cy: y, r: 6 }),
        make("text", { class: "mtl-halo", x: x + 9, y: y + (task ? 18 : -9) }, `task ${task + 1}`));
    };
    objective.layer.replaceChildren(...chosen.map((node, task) => mark(task, node)));
    const all = data.losses.map((loss, i) => [loss, nodes()[i].weight]);
    weight.layer.replaceChildren(weight.line(all), ...chosen.map((node, task) =>
      make("g", { class: "mtl-rule", style: colours(data.tasks[task]) },
        make("circle", { class: "mtl-dot", cx: weight.X(model.get("losses")[task]), cy: weight.Y(node.weight), r: 6 }))));
    table.show(chosen.map((node, task) => [number(node.s), shown(node.weight), number(model.get("losses")[task] * node.weight)]));
    model.get("losses").forEach((loss, task) => sliders[task].show(loss, shown(loss), shown(loss)));
    const heavier = chosen[0].weight >= chosen[1].weight ? 0 : 1;
    const ratio = chosen[heavier].weight / chosen[1 - heavier].weight;
    status.textContent = ratio < 1.01 ? "Both tasks weigh the same."
      : `Task ${heavier + 1} weighs ${shown(ratio)} times as much as task ${2 - heavier}.`;
    objective.node.setAttribute("aria-label",
      `Objective of s, ${model.get("rule")}: minima at ${chosen.map((node, i) => `s = ${number(node.s)} for task ${i + 1}`).join(" and ")}`);
    weight.node.setAttribute("aria-label", "Weight at the minimum against the loss, logarithmic: a falling straight line");
  }

  sliders.forEach(({ node }, task) => {
    node.classList.add("mtl-rule");
    node.setAttribute("style", colours(data.tasks[task]));
  });
  el.replaceChildren(root("uncertainty", "Learned weights of two losses", data.accent,
    make("div", { class: "mtl-plane" }, objective.node, status),
    make("div", { class: "mtl-panel" }, rule.node, ...sliders.map(({ node }) => node), table.node, weight.node)));
  return bind(model, ["losses", "rule"], update);
}

export default { render };
