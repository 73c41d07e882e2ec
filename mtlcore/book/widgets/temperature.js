function render({ model, el }) {
  const data = model.get("data");
  const stream = () => data.streams.find(({ name }) => name === model.get("stream"));
  const at = () => data.temperatures.indexOf(model.get("temperature"));
  const colours = (task) => `--light:${data.tasks[task][0]};--dark:${data.tasks[task][1]}`;

  function store(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  const losses = chart({ x: data.epochTicks, y: data.lossTicks, labels: ["epoch", "loss, mean of each epoch"], height: 200, logarithmic: "y" });
  const weights = chart({ x: data.epochTicks, y: data.weightTicks, labels: ["epoch", "weight"] });
  const streams = choice("Losses", data.streams.map(({ name, label }) => [name, label]), (name) => store("stream", name));
  const pace = choice("Ratio of", data.paces, (name) => store("pace", name));
  const temperature = slider("temperature τ", { min: 0, max: data.temperatures.length - 1 }, (value) =>
    store("temperature", data.temperatures[value]));
  const rows = [0, 1].map((task) => {
    const cells = [0, 1].map(() => make("td"));
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), `task ${task + 1}`);
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(task) }, make("th", { scope: "row" }, name), ...cells) };
  });
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function draw(target, times, tasks) {
    target.layer.replaceChildren(...tasks.map((values, task) => {
      const points = values.map((value, i) => [times[i], value]);
      const [x, y] = points.at(-1);
      const other = tasks[1 - task].at(-1);
      const above = y > other || (y === other && task === 0) || target.Y(y) > target.bottom - 20;
      return make("g", { class: "mtl-rule", style: colours(task) }, target.line(points),
        make("text", { class: "mtl-halo", x: target.X(x), y: target.Y(y) + (above ? -8 : 18), "text-anchor": "end" }, `task ${task + 1}`));
    }));
  }

  function update() {
    const shown = stream().weights[model.get("pace")][at()];
    draw(losses, stream().losses[0].map((_, epoch) => epoch + 1), stream().losses);
    draw(weights, data.times, shown);
    streams.show(model.get("stream"));
    pace.show(model.get("pace"));
    temperature.input.value = at();
    temperature.input.setAttribute("aria-valuetext", `τ = ${model.get("temperature")}`);
    temperature.output.textContent = model.get("temperature");
    shown.forEach((values, task) => {
      [Math.min(...values), Math.max(...values)].forEach((value, i) => { rows[task].cells[i].textContent = number(value, 3); });
    });
    const far = Math.max(...shown.flat().map((value) => Math.abs(value - 1)));
    status.textContent = `No weight is further from 1 than ${number(far, far < 0.1 ? 3 : 2)}.`;
    losses.node.setAttribute("aria-label", `Two losses over the epochs: ${stream().label}`);
    weights.node.setAttribute("aria-label", `DWA's weights over the epochs at τ = ${model.get("temperature")}; ${status.textContent}`);
  }

  el.replaceChildren(make("div", { class: "mtl-widget mtl-temperature mtl-rule", role: "group", "aria-label": "Weights of dynamic weight average",
    style: "--light:#379cd0;--dark:#8ed4fe" },
  make("div", { class: "mtl-plane" }, losses.node, weights.node, status),
  make("div", { class: "mtl-panel" }, temperature.node, streams.node, pace.node, make("table", {},
    make("thead", {}, make("tr", {}, make("td"), ...["least weight", "largest weight"].map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(({ row }) => row))))));
  update();
  const events = ["change:stream", "change:temperature", "change:pace"];
  events.forEach((event) => model.on(event, update));
  return () => events.forEach((event) => model.off(event, update));
}

export default { render };
