function render({ model, el }) {
  const data = model.get("data");
  const { reach } = data;
  const [width, height] = data.size;
  const centre = width / 2;
  const frame = { x: 0, y: 0, w: width, h: height };
  const entry = () => data.sets.find(({ name }) => name === model.get("gradients"));
  const at = () => data.alphas.indexOf(model.get("alpha")) + 1;
  const coloured = (pair, name, ...children) => make("g", { class: "mtl-rule", style: colours(pair), "data-rule": name }, ...children);

  // Picture
  const picture = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });

  function draw() {
    const { gradients, cone, d, marks } = entry();
    const unit = reach / Math.max(...gradients.map((g) => Math.hypot(...g)));
    const place = ([x, y]) => [centre + unit * x, centre - unit * y];
    const [start, end] = cone.map((angle) => place(vector([angle, reach / unit])).join(" "));
    const tips = gradients.map(place);
    const found = d[at()];
    picture.replaceChildren(
      make("path", { class: "mtl-cone", d: `M${centre} ${centre}L${start}A${reach} ${reach} 0 0 0 ${end}Z` }),
      make("path", { class: "mtl-frame", d: `M${tips.join("L")}Z` }),
      ...gradients.map((g, task) => coloured(data.tasks[task], null, ...arrow(centre, tips[task], g, 4))),
      coloured(data.accent, null, make("path", { class: "mtl-curve", d: `M${d.map(place).join("L")}` })),
      ...marks.map((mark, i) => coloured(data.marks[i].colours, data.marks[i].name,
        make("circle", { class: "mtl-dot", cx: place(mark)[0], cy: place(mark)[1], r: 5 }))),
      coloured(data.accent, "FairGrad", ...arrow(centre, place(found), found, 2.5)));
    const taken = [...gradients, found].flatMap((v) => along([centre, centre], place(v)));
    taken.push(...marks.map((mark) => ({ x: place(mark)[0] - 6, y: place(mark)[1] - 6, w: 12, h: 12 })));
    const name = (v, text, pair, kind, clear) => label(picture, place(v), Math.atan2(v[1], v[0]) / RADIAN,
      [coloured(pair, null, make("text", { class: kind }, text))], taken, frame, clear);
    gradients.forEach((g, task) => name(g, ["g₁", "g₂", "g₃"][task], data.tasks[task], "mtl-name mtl-task", 4));
    name(found, "FairGrad", data.accent, "mtl-task", 4);
    marks.forEach((mark, i) => name(mark, data.marks[i].label, data.marks[i].colours, "mtl-task", 4));
    picture.setAttribute("aria-label", `Three gradients, ${entry().label}, and FairGrad's update at α = ${model.get("alpha")}, between the mean and MGDA`);
  }

  // Curves
  const curves = chart({ x: data.xTicks, y: data.yTicks, labels: data.axes, height: 220 });
  function drawCurves() {
    const { gains } = entry();
    curves.layer.replaceChildren(...data.tasks.map((pair, task) => coloured(pair, null,
      curves.line(gains.map((row, i) => [data.places[i], row[task]])),
      make("circle", { class: "mtl-dot", cx: curves.X(data.places[at()]), cy: curves.Y(gains[at()][task]), r: 5 }))));
    const ends = [gains[0], gains.at(-1)].map((row) => row.map((value) => number(value)).join(", "));
    curves.node.setAttribute("aria-label", `Gains of the three tasks against α: from ${ends[0]} to ${ends[1]}`);
  }

  // Controls and numbers
  const sets = choice("Gradients", data.sets.map(({ name, label: text }) => [name, text]), (name) => store(model, "gradients", name));
  const alpha = slider("fairness α", data.alphas, (value) => store(model, "alpha", value));
  const table = taskTable(["weight λ", "gain", ""], data.tasks);
  const bars = [...table.node.querySelectorAll("tbody td:last-child")];
  bars.forEach((bar) => {
    bar.className = "mtl-bar mtl-wide";
    bar.setAttribute("aria-hidden", "true");
  });
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function update() {
    draw();
    drawCurves();
    const { w, gains, harmed } = entry();
    const now = gains[at()];
    const least = Math.min(...now);
    table.show(now.map((gain, task) => [number(w[at()][task]), number(gain), ""]));
    bars.forEach((bar, task) => bar.style.setProperty("--w", now[task] / data.yTicks.at(-1)[0]));
    sets.show(model.get("gradients"));
    alpha.show(model.get("alpha"), `α = ${model.get("alpha")}`);
    const mean = harmed.length ? ` The mean would harm task ${harmed.map((task) => task + 1).join(" and ")}.` : "";
    status.textContent = `The gains add up to ${number(now.reduce((a, b) => a + b))}; the least is ${
      number(least)}, of task ${now.indexOf(least) + 1}.${mean}`;
  }

  el.replaceChildren(root("fairness", "FairGrad between the mean and MGDA", data.accent,
    make("div", { class: "mtl-plane" }, picture, status, alpha.node, table.node),
    make("div", { class: "mtl-panel" }, sets.node, curves.node),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["gradients", "alpha"], update);
}

export default { render };
