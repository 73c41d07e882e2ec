function render({ model, el }) {
  const data = model.get("data");
  const shown = () =>
    data.series[`${model.get("stream")} ${model.get("trained_with")} ${model.get("init")} ${model.get("beta")}`];
  const at = () => data.times.indexOf(model.get("step"));
  const digits = (value) => number(value, value < 0.1 ? 3 : value < 10 ? 2 : 1);

  const frame = (ticks, label, logarithmic) =>
    chart({ x: data.stepTicks, y: ticks, labels: ["step", label], height: 190, logarithmic });
  const losses = Object.fromEntries(data.streams.map(([name]) => [name, frame(data.lossTicks[name], "loss, and mean b ± deviation s", "")]));
  const lossPlace = make("div");
  const spreads = frame(data.spreadTicks, "deviation s (line), gradient norm (dashes)", "y");
  const weights = frame(data.weightTicks, "weight by SLAW (line), by gradient norms (dashes)", "");
  const stream = choice("Losses", data.streams, (name) => store(model, "stream", name));
  const trained = choice("Steps follow", data.trained, (name) => store(model, "trained_with", name));
  const init = choice("Averages start from", data.inits, (name) => store(model, "init", name));
  const beta = slider("decay β", data.betas, (value) => store(model, "beta", value));
  const step = slider("step", data.times, (value) => store(model, "step", value));
  const columns = ["loss", "mean", "deviation", "norm", "weight", "true"];
  const table = taskTable(["loss", "b", "s", "‖g‖", "weight", "by ‖g‖"], data.tasks);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  const timed = (values) => values.map((value, i) => [data.times[i], value]);
  const cursor = ({ X, top, bottom }) => make("path", { class: "mtl-edge", d: `M${X(data.times[at()])} ${top}V${bottom}` });

  // Solid and dashed lines of the two tasks, their names at the ends of the solid ones.
  function draw(target, solid, dashed) {
    const ends = solid.map((values) => target.Y(values.at(-1)));
    target.layer.replaceChildren(cursor(target), ...solid.map((values, task) => {
      const above = ends[task] < ends[1 - task] ? ends[task] > target.top + 12 : ends[task] > target.bottom - 18;
      const other = target.line(timed(dashed[task]));
      other.setAttribute("stroke-dasharray", "5 4");
      other.setAttribute("class", "mtl-curve mtl-thin");
      return make("g", { class: "mtl-rule", style: colours(data.tasks[task]) }, other, target.line(timed(values)),
        make("text", { class: "mtl-halo", x: target.right, y: ends[task] + (above ? -7 : 16), "text-anchor": "end" }, `task ${task + 1}`));
    }));
  }

  function drawLosses({ loss, mean, deviation }) {
    const target = losses[model.get("stream")];
    lossPlace.replaceChildren(target.node);
    target.layer.replaceChildren(cursor(target), ...[0, 1].map((task) => {
      const edge = (sign) => timed(mean[task].map((value, i) => value + sign * deviation[task][i]));
      const band = target.line([...edge(1), ...edge(-1).reverse()]);
      band.setAttribute("class", "mtl-band");
      const raw = target.line(timed(loss[task]));
      raw.setAttribute("class", "mtl-curve mtl-thin");
      return make("g", { class: "mtl-rule", style: colours(data.tasks[task]) }, band, raw, target.line(timed(mean[task])));
    }));
  }

  function update() {
    const series = shown();
    drawLosses(series);
    draw(spreads, series.deviation, series.norm);
    draw(weights, series.weight, series.true);
    stream.show(model.get("stream"));
    trained.show(model.get("trained_with"));
    init.show(model.get("init"));
    beta.show(model.get("beta"), `β = ${model.get("beta")}`);
    step.show(model.get("step"), `step ${model.get("step")}`);
    table.show(data.tasks.map((_, task) => columns.map((name) => digits(series[name][task][at()]))));
    const ratio = ([first, second]) => number(second[at()] / first[at()], 1);
    status.textContent = `Step ${model.get("step")}, task 2 against task 1: deviations ${ratio(series.deviation)} to 1, `
      + `gradient norms ${ratio(series.norm)} to 1.`;
    const name = data.streams.find(([value]) => value === model.get("stream"))[1];
    losses[model.get("stream")].node.setAttribute("aria-label", `Two losses over the steps, ${name}, with their moving means and deviations`);
    spreads.node.setAttribute("aria-label", `Deviations of the losses and norms of the gradients; ${status.textContent}`);
    weights.node.setAttribute("aria-label",
      `Weights over the steps, by SLAW and by the gradient norms; at step ${model.get("step")} task 1 has `
      + `${digits(series.weight[0][at()])} by SLAW and ${digits(series.true[0][at()])} by the norms`);
  }

  el.replaceChildren(root("moments", "Moving moments and weights of SLAW", data.accent,
    make("div", { class: "mtl-plane" }, lossPlace, spreads.node),
    make("div", { class: "mtl-panel" }, stream.node, trained.node, init.node, beta.node, step.node, table.node, status, weights.node)));
  return bind(model, ["stream", "trained_with", "init", "beta", "step"], update);
}

export default { render };
