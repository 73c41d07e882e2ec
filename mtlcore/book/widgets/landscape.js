async function render({ model, el }) {
  const data = structuredClone(model.get("data"));
  const values = await unpacked(data.paths, data.shape);
  const names = data.methods.map(({ name }) => name);
  const [, optimizers, rates, starts, count] = data.shape;
  const setting = (name) => (names.indexOf(name) * optimizers + data.optimizers.indexOf(model.get("optimizer"))) * rates
    + data.rates.indexOf(model.get("lr"));
  const isOn = (name) => model.get("shown").includes(name);

  function path(name, start) {
    const first = (setting(name) * starts + start) * count * 2;
    return Array.from({ length: count }, (_, i) => [values[first + 2 * i] * data.step, values[first + 2 * i + 1] * data.step]);
  }

  const map = ground(data.plane, "Level lines of two losses, their Pareto front, and paths of descent");
  map.show(data.ground);
  const lines = make("g");
  const dots = make("g", {}, ...data.starts.map(([, point]) => {
    const [cx, cy] = map.place(point);
    return make("circle", { class: "mtl-spot", cx, cy, r: 6 });
  }));
  map.layer.append(make("path", { class: "mtl-front", d: data.front }), lines, dots);

  const steppers = choice("Optimiser", data.optimizers.map((name) => [name, name]), (name) => store(model, "optimizer", name));
  const rate = slider("learning rate", data.rates, (value) => store(model, "lr", value));
  const rows = data.methods.map((method) => {
    const box = make("input", { type: "checkbox", onchange: () =>
      store(model, "shown", names.filter((name) => (name === method.name ? box.checked : isOn(name)))) });
    const cells = data.starts.map(() => make("td"));
    return { method, box, cells, row: make("tr", { class: "mtl-rule", style: colours(method.colours), "data-rule": method.name },
      make("th", { scope: "row" }, make("label", {}, box, make("span", { class: "mtl-swatch" }), method.label)), ...cells) };
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "distance"),
    ...data.starts.map(([text]) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows.map(({ row }) => row)));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function update() {
    const paths = data.methods.filter(({ name }) => isOn(name)).flatMap((method) =>
      data.starts.map((_, start) => ({ method, points: path(method.name, start) })));
    map.fit(paths.flatMap(({ points }) => points.map(map.place)));
    lines.replaceChildren(...paths.map(({ method, points }) => {
      const [x, y] = map.place(points.at(-1));
      return make("g", { class: "mtl-rule", style: colours(method.colours), "data-rule": method.name },
        make("path", { class: "mtl-curve", d: map.trace(points), "stroke-dasharray": method.dash.length ? method.dash.join(" ") : null }),
        make("path", { class: "mtl-end", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }));
    }));
    steppers.show(model.get("optimizer"));
    rate.show(model.get("lr"), `learning rate ${model.get("lr")}`);
    rows.forEach(({ method, box, cells }) => {
      box.checked = isOn(method.name);
      data.away[setting(method.name)].forEach((value, start) => {
        cells[start].textContent = number(value, value < 10 ? 2 : 1);
        cells[start].className = value < data.near ? "" : "mtl-worse";
      });
    });
    const all = names.filter((name) => data.away[setting(name)].every((value) => value < data.near)).length;
    status.textContent = `${model.get("optimizer")} at ${model.get("lr")}: ${all} of ${names.length} methods end within ${
      data.near} of the front from all three starts.`;
  }

  el.replaceChildren(root("landscape", "Two valleys and the paths of every method", data.accent,
    make("div", { class: "mtl-plane" }, map.node, status),
    make("div", { class: "mtl-panel" }, steppers.node, rate.node, table),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["optimizer", "lr", "shown"], update);
}

export default { render };
