function render({ model, el }) {
  const data = model.get("data");
  const shown = () =>
    data.series[`${model.get("stream")} ${model.get("trained_with")} ${model.get("init")} ${model.get("beta")}`];
  const at = () => data.times.indexOf(model.get("step"));
  const colours = (task) => `--light:${data.tasks[task][0]};--dark:${data.tasks[task][1]}`;
  const digits = (value) => number(value, value < 0.1 ? 3 : value < 10 ? 2 : 1);

  function store(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  const frame = (ticks, label, logarithmic) =>
    chart({ x: data.stepTicks, y: ticks, labels: ["step", label], height: 190, logarithmic });
  const losses = frame(data.lossTicks, "loss, and mean b ± deviation s", "y");
  const spreads = frame(data.spreadTicks, "deviation s (line), gradient norm (dashes)", "y");
  const weights = frame(data.weightTicks, "weight by SLAW (line), by gradient norms (dashes)", "");
  const stream = choice("Losses", data.streams, (name) => store("stream", name));
  const trained = choice("Steps follow", data.trained, (name) => store("trained_with", name));
  const init = choice("Averages start from", data.inits, (name) => store("init", name));
  const beta = slider("decay β", { min: 0, max: data.betas.length - 1 }, (value) => store("beta", data.betas[value]));
  const step = slider("step", { min: 0, max: data.times.length - 1 }, (value) => store("step", data.times[value]));
  const columns = ["loss", "mean", "deviation", "norm", "weight", "true"];
  const rows = [0, 1].map((task) => {
    const cells = columns.map(() => make("td"));
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), `task ${task + 1}`);
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(task) }, make("th", { scope: "row" }, name), ...cells) };
  });
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  const timed = (values) => values.map((value, i) => [data.times[i], value]);
  const inside = (ticks) => (value) => Math.min(Math.max(value, ticks[0][0]), ticks.at(-1)[0]);
  const cursor = ({ X, top, bottom }) => make("path", { class: "mtl-edge", d: `M${X(data.times[at()])} ${top}V${bottom}` });

  // Solid and dashed lines of the two tasks, their names at the ends of the solid ones.
  function draw(target, solid, dashed) {
    const ends = solid.map((values) => target.Y(values.at(-1)));
    target.layer.replaceChildren(cursor(target), ...solid.map((values, task) => {
      const above = ends[task] < ends[1 - task] ? ends[task] > target.top + 12 : ends[task] > target.bottom - 18;
      const other = target.line(timed(dashed[task]));
      other.setAttribute("stroke-dasharray", "5 4");
      other.setAttribute("class", "mtl-curve mtl-thin");
      return make("g", { class: "mtl-rule", style: colours(task) }, other, target.line(timed(values)),
        make("text", { class: "mtl-halo", x: target.right, y: ends[task] + (above ? -7 : 16), "text-anchor": "end" }, `task ${task + 1}`));
    }));
  }

  function drawLosses({ loss, mean, deviation }) {
    const clip = inside(data.lossTicks);
    losses.layer.replaceChildren(cursor(losses), ...[0, 1].map((task) => {
      const edge = (sign) => timed(mean[task].map((value, i) => clip(value + sign * deviation[task][i])));
      const band = losses.line([...edge(1), ...edge(-1).reverse()]);
      band.setAttribute("class", "mtl-band");
      const raw = losses.line(timed(loss[task].map(clip)));
      raw.setAttribute("class", "mtl-curve mtl-thin");
      return make("g", { class: "mtl-rule", style: colours(task) }, band, raw,
        losses.line(timed(mean[task].map(clip))));
    }));
  }

  function update() {
    const series = shown();
    const clip = inside(data.spreadTicks);
    drawLosses(series);
    draw(spreads, series.deviation.map((values) => values.map(clip)), series.norm);
    draw(weights, series.weight, series.true);
    stream.show(model.get("stream"));
    trained.show(model.get("trained_with"));
    init.show(model.get("init"));
    beta.input.value = data.betas.indexOf(model.get("beta"));
    beta.input.setAttribute("aria-valuetext", `β = ${model.get("beta")}`);
    beta.output.textContent = model.get("beta");
    step.input.value = at();
    step.input.setAttribute("aria-valuetext", `step ${model.get("step")}`);
    step.output.textContent = model.get("step");
    rows.forEach(({ cells }, task) => cells.forEach((cell, i) => { cell.textContent = digits(series[columns[i]][task][at()]); }));
    const ratio = ([first, second]) => number(second[at()] / first[at()], 1);
    status.textContent = `Step ${model.get("step")}, task 2 against task 1: deviations ${ratio(series.deviation)} to 1, `
      + `gradient norms ${ratio(series.norm)} to 1.`;
    const name = data.streams.find(([value]) => value === model.get("stream"))[1];
    losses.node.setAttribute("aria-label", `Two losses over the steps, ${name}, with their moving means and deviations`);
    spreads.node.setAttribute("aria-label", `Deviations of the losses and norms of the gradients; ${status.textContent}`);
    weights.node.setAttribute("aria-label",
      `Weights over the steps, by SLAW and by the gradient norms; at step ${model.get("step")} task 1 has `
      + `${digits(series.weight[0][at()])} by SLAW and ${digits(series.true[0][at()])} by the norms`);
  }

  const heads = ["loss", "b", "s", "‖g‖", "weight", "by ‖g‖"];
  el.replaceChildren(make("div", { class: "mtl-widget mtl-moments mtl-rule", role: "group", "aria-label": "Moving moments and weights of SLAW",
    style: "--light:#3a5be4;--dark:#7e9fff" },
  make("div", { class: "mtl-plane" }, losses.node, spreads.node),
  make("div", { class: "mtl-panel" }, stream.node, trained.node, init.node, beta.node, step.node, make("table", {},
    make("thead", {}, make("tr", {}, make("td"), ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(({ row }) => row))), status, weights.node)));
  update();
  const events = ["stream", "trained_with", "init", "beta", "step"].map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  return () => events.forEach((event) => model.off(event, update));
}

export default { render };
