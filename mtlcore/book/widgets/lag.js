const PAUSE = 50; // milliseconds from step to step

// Undo the differences along the steps that Python took to make the runs small.
async function unpacked(text, length) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = planes.length / 2;
  const values = Int16Array.from({ length: count }, (_, i) => planes[i] | (planes[count + i] << 8));
  values.forEach((value, i) => { if (i % length) values[i] += values[i - 1]; });
  return values;
}

async function render({ model, el }) {
  const data = model.get("data");
  const length = data.steps + 1;
  const values = await unpacked(data.runs, length);
  const steps = Array.from({ length }, (_, step) => step);

  // The two tasks' numbers of a series at every step, in the run that is chosen.
  function read(name) {
    const alpha = data.alphas.findIndex(([value]) => value === model.get("alpha"));
    const event = data.events.findIndex(([value]) => value === model.get("event"));
    const run = (alpha * data.rates.length + data.rates.indexOf(model.get("rate"))) * data.events.length + event;
    return [0, 1].map((task) => {
      const start = ((run * data.series.length + data.series.indexOf(name)) * 2 + task) * length;
      return Array.from(values.subarray(start, start + length), (value) => Math.exp(value / data.unit));
    });
  }

  const alphas = choice("asymmetry α", data.alphas, (value) => store(model, "alpha", value));
  const events = choice("Event", data.events, (value) => store(model, "event", value));
  const rate = slider("rate of w", data.rates, (value) => store(model, "rate", value));
  const step = slider("step", steps, (value) => { play.stop(); store(model, "step", value); });
  const table = taskTable(["loss / first", "w‖g‖", "target", "w", "exact w"], data.tasks);
  const status = make("p", { class: "mtl-status" });
  const play = player({ model, el }, "step", data.steps, PAUSE, status);
  const frame = (ticks, label, logarithmic) => chart({ x: data.stepTicks, y: ticks, labels: ["step", label], height: 210, logarithmic });
  const weights = frame(data.weightTicks, "weight by GradNorm (line), exact (dashes)", "");
  const norms = frame(data.normTicks, "weighted norm (line), its target (dashes)", "y");

  // Lines and dashes of the two tasks, their names at the ends, and a mark at the step.
  function draw(target, solid, dashed) {
    const dots = make("g");
    const mark = make("path", { class: "mtl-edge" });
    const timed = (series) => series.map((value, i) => [i, value]);
    const ends = solid.map((series) => target.Y(series.at(-1)));
    target.layer.replaceChildren(...solid.map((series, task) => {
      const other = target.line(timed(dashed[task]));
      other.setAttribute("stroke-dasharray", "5 4");
      other.setAttribute("class", "mtl-curve mtl-thin");
      const above = ends[task] < ends[1 - task];
      return make("g", { class: "mtl-rule", style: colours(data.tasks[task]) }, other, target.line(timed(series)),
        make("text", { class: "mtl-halo mtl-task", x: target.right, y: ends[task] + (above ? -12 : 20), "text-anchor": "end" }, `task ${task + 1}`));
    }), mark, dots);
    return (t) => {
      mark.setAttribute("d", `M${target.X(t)} ${target.top}V${target.bottom}`);
      dots.replaceChildren(...solid.map((series, task) => make("g", { class: "mtl-rule", style: colours(data.tasks[task]) },
        make("circle", { class: "mtl-dot", cx: target.X(t), cy: target.Y(series[t]), r: 5 }))));
    };
  }

  let drawn;
  let series;
  let parts;
  function update() {
    const t = model.get("step");
    const run = ["alpha", "rate", "event"].map((name) => model.get(name)).join(" ");
    if (drawn !== run) {
      drawn = run;
      series = data.series.map(read);
      const [, norm, target, weight, exact] = series;
      parts = [draw(weights, weight, exact), draw(norms, norm, target)];
    }
    parts.forEach((part) => part(t));
    alphas.show(model.get("alpha"));
    events.show(model.get("event"));
    rate.show(model.get("rate"), `learning rate of the weights ${model.get("rate")}`);
    step.show(t, `step ${t}`);
    table.show([0, 1].map((task) => series.map((pair) => number(pair[task][t]))));
    const [, , , weight, exact] = series;
    status.textContent = `Step ${t}: task 1 weighs ${number(weight[0][t])}, the exact weight is ${number(exact[0][t])}.`;
    weights.node.setAttribute("aria-label", `Weights of two tasks over the steps, by GradNorm and exact; ${status.textContent}`);
    norms.node.setAttribute("aria-label", "Weighted gradient norms of two tasks over the steps and their targets; at "
      + `step ${t} ${[0, 1].map((task) => `task ${task + 1} has ${number(series[1][task][t])} for ${number(series[2][task][t])}`).join(", ")}`);
  }

  el.replaceChildren(root("lag", "GradNorm's weights over time", data.accent,
    make("div", { class: "mtl-plane" }, weights.node, status, make("div", { class: "mtl-buttons" }, play.node), step.node),
    make("div", { class: "mtl-panel" }, events.node, alphas.node, rate.node, table.node, norms.node),
    make("p", { class: "mtl-note" }, data.note)));
  const unbind = bind(model, ["alpha", "rate", "event", "step"], update);
  return () => { play.stop(); unbind(); };
}

export default { render };
