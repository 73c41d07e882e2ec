function render({ model, el }) {
  const data = model.get("data");
  const stream = () => data.streams.find(({ name }) => name === model.get("stream"));
  const at = () => data.temperatures.indexOf(model.get("temperature"));

  const losses = chart({ x: data.epochTicks, y: data.lossTicks, labels: ["epoch", "loss, mean of each epoch"], height: 200, logarithmic: "y" });
  const weights = chart({ x: data.epochTicks, y: data.weightTicks, labels: ["epoch", "weight"] });
  const streams = choice("Losses", data.streams.map(({ name, label }) => [name, label]), (name) => store(model, "stream", name));
  const pace = choice("Ratio of", data.paces, (name) => store(model, "pace", name));
  const temperature = slider("temperature τ", data.temperatures, (value) => store(model, "temperature", value));
  const table = taskTable(["least weight", "largest weight"], data.tasks);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function draw(target, times, tasks) {
    target.layer.replaceChildren(...tasks.map((values, task) => {
      const points = values.map((value, i) => [times[i], value]);
      const [x, y] = points.at(-1);
      const other = tasks[1 - task].at(-1);
      const above = y > other || (y === other && task === 0) || target.Y(y) > target.bottom - 20;
      return make("g", { class: "mtl-rule", style: colours(data.tasks[task]) }, target.line(points),
        make("text", { class: "mtl-halo", x: target.X(x), y: target.Y(y) + (above ? -8 : 18), "text-anchor": "end" }, `task ${task + 1}`));
    }));
  }

  function update() {
    const shown = stream().weights[model.get("pace")][at()];
    draw(losses, stream().losses[0].map((_, epoch) => epoch + 1), stream().losses);
    draw(weights, data.times, shown);
    streams.show(model.get("stream"));
    pace.show(model.get("pace"));
    temperature.show(model.get("temperature"), `τ = ${model.get("temperature")}`);
    table.show(shown.map((values) => [number(Math.min(...values), 3), number(Math.max(...values), 3)]));
    const far = Math.max(...shown.flat().map((value) => Math.abs(value - 1)));
    status.textContent = `No weight is further from 1 than ${number(far, far < 0.1 ? 3 : 2)}.`;
    losses.node.setAttribute("aria-label", `Two losses over the epochs: ${stream().label}`);
    weights.node.setAttribute("aria-label", `DWA's weights over the epochs at τ = ${model.get("temperature")}; ${status.textContent}`);
  }

  el.replaceChildren(root("temperature", "Weights of dynamic weight average", data.accent,
    make("div", { class: "mtl-plane" }, losses.node, weights.node, status),
    make("div", { class: "mtl-panel" }, temperature.node, streams.node, pace.node, table.node)));
  return bind(model, ["stream", "temperature", "pace"], update);
}

export default { render };
