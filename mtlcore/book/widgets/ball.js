const SIZE = 300;

function render({ model, el }) {
  const data = model.get("data");
  const shown = () => data.losses.find(({ name }) => name === model.get("loss"));
  const at = () => data.radii.indexOf(model.get("radius"));
  const place = ([x, y]) => [(SIZE / 2) * (1 + x / data.side), (SIZE / 2) * (1 - y / data.side)];
  const path = (points) => `M${points.map((point) => place(point).join(" ")).join("L")}`;
  const coloured = (...children) => make("g", { class: "mtl-rule", style: colours(data.accent) }, ...children);

  const lines = make("g");
  const points = make("g", { class: "mtl-rule mtl-draws", style: colours(data.accent) },
    ...data.points.map(() => make("circle", { r: 1.8 })));
  const ring = make("circle", { class: "mtl-edge", cx: SIZE / 2, cy: SIZE / 2 });
  const arrow = make("g", { class: "mtl-gradient" });
  const plane = make("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" }, lines, points, ring, arrow);

  const norms = chart({ x: data.radiusTicks, y: data.normTicks, labels: ["radius δ of the ball", "√(D + 2)/δ · deviation (line), norm ‖g‖ (dashes)"],
    height: 190, logarithmic: "x" });
  const loss = choice("The loss f", data.losses.map(({ name, label }) => [name, label]), (name) => store(model, "loss", name));
  const radius = slider("radius δ", data.radii, (value) => store(model, "radius", value));
  const heads = ["deviation", "scaled", "exact", "norm ‖g‖"];
  const cells = heads.map(() => make("td"));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, make("tr", {}, ...cells)));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });
  const histogram = make("div");

  function drawPlane() {
    const { gradient, norm, lines: levels, label } = shown();
    lines.replaceChildren(...levels.map((level) => make("path", { class: "mtl-level", d: path(level) })));
    data.points.forEach((point, i) => {
      const [cx, cy] = place(point.map((value) => value * model.get("radius")));
      points.children[i].setAttribute("cx", cx);
      points.children[i].setAttribute("cy", cy);
    });
    ring.setAttribute("r", (model.get("radius") * SIZE) / (2 * data.side));
    const [x, y] = place(gradient);
    const angle = Math.atan2(-gradient[1], gradient[0]);
    const corner = (side) => `${x - 12 * Math.cos(angle + side)} ${y - 12 * Math.sin(angle + side)}`;
    arrow.replaceChildren(...(norm === 0 ? [make("circle", { class: "mtl-head", cx: x, cy: y, r: 4 })] : [
      make("path", { class: "mtl-shaft", "stroke-width": 3, d: `M${place([0, 0])}L${x - 8 * Math.cos(angle)} ${y - 8 * Math.sin(angle)}` }),
      make("path", { class: "mtl-head", d: `M${x} ${y}L${corner(0.4)}L${corner(-0.4)}Z` })]),
    make("text", { class: "mtl-halo", x: x + 6, y: y - 6 }, norm === 0 ? "g = 0" : "g"));
    plane.setAttribute("aria-label", `${data.points.length} points in a ball of radius ${model.get("radius")} on the level lines of a loss, ${label}`);
  }

  function drawHistogram() {
    const shares = shown().shares[at()];
    const most = Math.ceil(Math.max(...shares) * 20) / 20;
    const [low, high] = data.range;
    const ticks = Array.from({ length: high - low + 1 }, (_, i) => [low + i, `${low + i}`.replace("-", "−")]);
    const frame = chart({ x: ticks, y: [[0, "0"], [most, `${Math.round(100 * most)} %`]], labels: ["(f − f at the centre) / δ", "share of the points"], height: 170 });
    const width = (frame.right - frame.left) / shares.length;
    const mean = shown().mean[at()];
    const spread = model.get("radius") && shown().deviation[at()] / model.get("radius");
    const y = frame.top + 4;
    frame.layer.append(coloured(...shares.map((share, i) => make("rect", { class: "mtl-column", x: frame.left + i * width + 0.5,
      width: width - 1, y: frame.Y(share), height: frame.bottom - frame.Y(share) }))),
    make("path", { class: "mtl-cross", d: `M${frame.X(mean - spread)} ${y}H${frame.X(mean + spread)}M${frame.X(mean - spread)} ${y - 4}v8M${frame.X(mean + spread)} ${y - 4}v8` }),
    make("text", { class: "mtl-halo", x: frame.X(mean + spread) + 6, y: y + 4 }, "mean ± deviation / δ"));
    frame.node.setAttribute("aria-label", `Histogram of the change of the loss divided by the radius ${model.get("radius")}`);
    histogram.replaceChildren(frame.node);
  }

  function drawNorms() {
    const { exact, sampled, norm } = shown();
    const level = norms.line([[data.radii[0], norm], [data.radii.at(-1), norm]]);
    level.setAttribute("class", "mtl-cross");
    level.setAttribute("stroke-dasharray", "5 4");
    norms.layer.replaceChildren(level, coloured(norms.line(exact.map((value, i) => [data.radii[i], value])),
      make("circle", { class: "mtl-dot", cx: norms.X(model.get("radius")), cy: norms.Y(sampled[at()]), r: 5 })));
    norms.node.setAttribute("aria-label", `Scaled deviation against the radius; ${status.textContent}`);
  }

  function update() {
    const { deviation, sampled, exact, norm } = shown();
    const digits = deviation[at()] < 0.1 ? 4 : 3;
    [number(deviation[at()], digits), number(sampled[at()], 3), number(exact[at()], 3), number(norm, 3)]
      .forEach((text, i) => { cells[i].textContent = text; });
    loss.show(model.get("loss"));
    radius.show(model.get("radius"), `radius ${model.get("radius")}`);
    status.textContent = `Radius ${model.get("radius")}: scaled deviation ${number(exact[at()], 3)}, norm of the gradient ${number(norm, 3)}.`;
    drawPlane();
    drawHistogram();
    drawNorms();
  }

  el.replaceChildren(root("ball", "Deviation of a loss on a ball", data.accent,
    make("div", { class: "mtl-plane" }, plane, radius.node, status),
    make("div", { class: "mtl-panel" }, loss.node, table, histogram, norms.node),
    make("p", { class: "mtl-note" }, `Scaled: deviation of the ${data.points.length} points times √(D + 2)/δ, with D = 2. Exact: the same for the whole ball. `
      + `Level lines are ${data.levels} apart.`)));
  return bind(model, ["loss", "radius"], update);
}

export default { render };
