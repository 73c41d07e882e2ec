const PAUSE = 50; // milliseconds from step to step

function render({ model, el }) {
  const data = model.get("data");
  const run = () => data.runs[data.floors.findIndex(([value]) => value === model.get("floor"))];
  const last = data.runs[0].theta.length - 1;
  const steps = Array.from({ length: last + 1 }, (_, step) => step);

  const raised = (digits) => [...digits].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");
  function short(value) {
    if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4)) return number(value, Math.abs(value) < 0.1 ? 4 : 2);
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits.replace("-", "−")}·10${raised(power.replace("+", ""))}`;
  }

  const places = { bowl: make("div"), loss: make("div"), weight: make("div") };
  const floors = choice("Floor δ of the loss", data.floors, (value) => store(model, "floor", value));
  const step = slider("step", steps, (value) => { play.stop(); store(model, "step", value); });
  const heads = ["parameter θ", "loss L", "weight w"];
  const cells = heads.map(() => make("td"));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, make("tr", {}, ...cells)));
  const status = make("p", { class: "mtl-status" });
  const play = player({ model, el }, "step", last, PAUSE, status);

  // A chart over the steps: the whole run thin, the part until now thick.
  function over(name, ticks, label, extra = () => []) {
    const frame = chart({ x: data.stepTicks, y: ticks, labels: ["step", label], height: 180, logarithmic: "y" });
    const now = make("g", { class: "mtl-rule", style: colours(data.accent) });
    const points = run()[name].map((value, i) => [i, value]);
    const whole = frame.line(points);
    whole.setAttribute("class", "mtl-curve mtl-thin mtl-coming");
    frame.layer.append(make("g", { class: "mtl-rule", style: colours(data.accent) }, whole), ...extra(frame), now);
    places[name].replaceChildren(frame.node);
    return (t) => {
      now.replaceChildren(frame.line(points.slice(0, t + 1)),
        make("circle", { class: "mtl-dot", cx: frame.X(t), cy: frame.Y(points[t][1]), r: 5 }));
      frame.node.setAttribute("aria-label", `${label} against the step; ${short(points[t][1])} at step ${t}`);
    };
  }

  function border(frame) {
    const y = frame.Y(data.border);
    return [make("path", { class: "mtl-cross", "stroke-dasharray": "5 4", d: `M${frame.left} ${y}H${frame.right}` }),
      make("text", { class: "mtl-halo", x: frame.right, y: y - 6, "text-anchor": "end" }, `${data.border}: steps above lead away`)];
  }

  function bowl() {
    const { theta, loss, thetaTicks, bowlTicks } = run();
    const frame = chart({ x: thetaTicks, y: bowlTicks, labels: ["parameter θ", "loss L"] });
    const side = thetaTicks.at(-1)[0];
    const shape = frame.line(Array.from({ length: 81 }, (_, i) => side * (i / 40 - 1))
      .map((x) => [x, model.get("floor") + (data.curvature / 2) * x ** 2]));
    shape.setAttribute("class", "mtl-edge");
    const now = make("g", { class: "mtl-rule", style: colours(data.accent) });
    frame.layer.append(shape, now);
    places.bowl.replaceChildren(frame.node);
    return (t) => {
      const from = Math.max(0, t - 3);
      const trail = frame.line(theta.slice(from, t + 1).map((x, i) => [x, loss[from + i]]));
      trail.setAttribute("class", "mtl-curve mtl-thin");
      now.replaceChildren(trail, make("circle", { class: "mtl-dot", cx: frame.X(theta[t]), cy: frame.Y(loss[t]), r: 6 }));
      frame.node.setAttribute("aria-label", `The loss as a bowl over θ; at step ${t} θ is ${short(theta[t])}, the loss ${short(loss[t])}`);
    };
  }

  let drawn;
  let parts;
  function update() {
    const t = model.get("step");
    if (drawn !== model.get("floor")) {
      drawn = model.get("floor");
      parts = [bowl(), over("loss", run().lossTicks, "loss L"), over("weight", run().weightTicks, "weight w", border)];
    }
    parts.forEach((part) => part(t));
    floors.show(drawn);
    step.show(t, `step ${t}`);
    const { theta, loss, weight } = run();
    [theta, loss, weight].forEach((values, i) => { cells[i].textContent = short(values[t]); });
    const nearer = weight[t] < data.border;
    status.textContent = `Step ${t}: weight ${short(weight[t])}, so the next step leads ${nearer ? "towards" : "away from"} the minimum.`;
  }

  el.replaceChildren(root("rebound", "The weight of a loss that goes to zero", data.accent,
    make("div", { class: "mtl-plane" }, places.bowl, status, make("div", { class: "mtl-buttons" }, play.node), step.node),
    make("div", { class: "mtl-panel" }, floors.node, table, places.loss, places.weight)));
  const unbind = bind(model, ["floor", "step"], update);
  return () => { play.stop(); unbind(); };
}

export default { render };
