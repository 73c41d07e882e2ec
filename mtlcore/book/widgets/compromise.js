function render({ model, el }) {
  const data = model.get("data");
  const { size, reach } = data;
  const centre = size / 2;
  const frame = { x: 0, y: 0, w: size, h: size };
  const entry = () => data.cases[data.lengths.indexOf(model.get("length"))][data.angles.indexOf(model.get("angle"))];
  const at = () => data.radii.indexOf(model.get("c"));
  const coloured = (pair, name, ...children) => make("g", { class: "mtl-rule", style: colours(pair), "data-rule": name }, ...children);

  // Picture
  const picture = make("svg", { viewBox: `0 0 ${size} ${size}`, role: "img" });

  function draw() {
    const { gradients, mean, rules, d } = entry();
    const c = model.get("c");
    const unit = reach / Math.max(...gradients.map((g) => Math.hypot(...g)), (1 + c) * mean);
    const place = ([x, y]) => [centre + unit * x, centre - unit * y];
    const edge = (angle) => place(vector([angle, reach / unit])).join(" ");
    const [cx, cy] = place(rules.Static.d);
    picture.replaceChildren(
      make("path", { class: "mtl-cone", d: `M${centre} ${centre}L${edge(model.get("angle") - 90)}A${reach} ${reach} 0 0 0 ${edge(90)}Z` }),
      make("circle", { class: "mtl-edge", cx, cy, r: unit * c * mean }));
    const arrows = [...data.rules.map((rule) => ({ ...rule, v: rules[rule.name].d })),
      { name: "CAGrad", label: "CAGrad", colours: data.accent, v: d[at()] }];
    const taken = [...gradients, ...arrows.map(({ v }) => v)].flatMap((v) => along([centre, centre], place(v)));
    picture.append(...gradients.map((g) => make("g", { class: "mtl-gradient" }, ...arrow(centre, place(g), g, 4))));
    // Arrows whose tips meet are drawn as one, dashed in turn.
    const groups = [];
    for (const each of arrows) {
      const tip = place(each.v);
      const group = groups.find((other) => Math.hypot(other.tip[0] - tip[0], other.tip[1] - tip[1]) < 1);
      if (group) group.members.push(each);
      else groups.push({ tip, v: each.v, members: [each] });
    }
    groups.forEach(({ tip, v, members }) => members.forEach((each, turn) =>
      picture.append(coloured(each.colours, each.name, ...arrow(centre, tip, v, 2.5, members.length, turn)))));
    const turnOf = (v) => Math.atan2(v[1], v[0]) / RADIAN;
    gradients.forEach((g, task) => label(picture, place(g), turnOf(g), [make("text", { class: "mtl-name" }, ["g₁", "g₂"][task])], taken, frame, 4));
    groups.forEach(({ tip, v, members }) => label(picture, tip, turnOf(v),
      members.map((each) => coloured(each.colours, null, make("text", { class: "mtl-task" }, each.label))), taken, frame));
    picture.setAttribute("aria-label", `Two gradients ${model.get("angle")} degrees apart, the ball of radius ${c} around their mean, and four updates`);
  }

  // Curve
  const curve = chart({ x: data.xTicks, y: data.yTicks, labels: data.axes, height: 220 });
  function drawCurve() {
    const { gain, rules } = entry();
    const flat = (name) => {
      const line = curve.line([[0, rules[name].gain], [1, rules[name].gain]]);
      line.setAttribute("stroke-dasharray", "5 4");
      return coloured(data.rules.find((rule) => rule.name === name).colours, null, line);
    };
    const t = data.radii.map((c) => c / (1 + c));
    curve.layer.replaceChildren(flat("MGDA"), flat("IMTLG"), coloured(data.accent, null,
      curve.line(gain.map((value, i) => [t[i], value])),
      make("circle", { class: "mtl-dot", cx: curve.X(t[at()]), cy: curve.Y(gain[at()]), r: 5 })));
    curve.node.setAttribute("aria-label",
      `Gain of the worse-off task against c: from ${number(gain[0])} at the mean to ${number(rules.MGDA.gain)} for MGDA; here ${number(gain[at()])}`);
  }

  // Controls and numbers
  const radius = slider("radius c", data.radii, (value) => store(model, "c", value));
  const angle = slider("angle", data.angles, (value) => store(model, "angle", value));
  const lengths = choice("Length of g₂", data.lengths.map((value) => [value, String(value)]), (value) => store(model, "length", value));
  const table = taskTable(["dual weight", "⟨d, gᵢ⟩"], data.tasks);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function update() {
    draw();
    drawCurve();
    const { w, products, rules } = entry();
    table.show(products[at()].map((value, task) => [number(w[at()][task]), number(value)]));
    radius.show(model.get("c"), `c = ${model.get("c")}`);
    angle.show(model.get("angle"), `${model.get("angle")} degrees`, `${model.get("angle")}°`);
    lengths.show(model.get("length"));
    const harmed = [0, 1].filter((task) => products[at()][task] < -5e-4);
    const meanHarms = rules.Static.gain < -5e-4;
    status.textContent = harmed.length ? `CAGrad's step makes task ${harmed[0] + 1} worse${meanHarms ? ", as the mean does" : ""}.`
      : meanHarms ? `The mean makes task ${products[0][0] < 0 ? 1 : 2} worse, CAGrad no task.` : "Neither the mean nor CAGrad makes a task worse.";
  }

  el.replaceChildren(root("compromise", "CAGrad between the mean and MGDA", data.accent,
    make("div", { class: "mtl-plane" }, picture, status, radius.node, angle.node),
    make("div", { class: "mtl-panel" }, lengths.node, table.node, curve.node),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["angle", "length", "c"], update);
}

export default { render };
