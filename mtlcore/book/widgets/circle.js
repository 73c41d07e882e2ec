async function render({ model, el }) {
  const data = structuredClone(model.get("data"));
  const values = await unpacked(data.paths, data.shape);
  const count = data.shape[4];

  function path(rule) {
    const [x, y] = model.get("start");
    const place = [rule, data.optimizers.indexOf(model.get("optimizer")), data.up.indexOf(y), data.across.indexOf(x), 0, 0];
    const first = place.reduce((sum, index, axis) => sum * data.shape[axis] + index, 0);
    return Array.from({ length: count }, (_, i) => [values[first + 2 * i] * data.step, values[first + 2 * i + 1] * data.step]);
  }

  const map = ground(data.plane, "Level lines of the two losses, and paths");
  const lines = make("g");
  const handle = startKnob(model, data, map, "Start of the paths");
  map.layer.append(lines, handle.node);
  map.show(data.ground);

  const optimizers = choice("Optimiser", data.optimizers.map((name) => [name, name]), (name) => store(model, "optimizer", name));
  const rows = data.rules.map((rule) => {
    const cells = [make("td"), make("td")];
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), rule.label);
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(rule.colours), "data-rule": rule.name },
      make("th", { scope: "row" }, name), ...cells) };
  });
  const table = make("table", {}, make("thead", {}, make("tr", {},
    ...["method", "ends at", "main loss"].map((text) => make("th", { scope: "col" }, text)))),
  make("tbody", {}, ...rows.map(({ row }) => row)));

  function update() {
    handle.show();
    map.fit(data.rules.flatMap((_, index) => path(index).map(map.place)));
    optimizers.show(model.get("optimizer"));
    lines.replaceChildren(...data.rules.map((rule, index) => {
      const points = path(index);
      const [x, y] = points.at(-1);
      const [right, down] = map.place([x, y]);
      const cells = [`(${number(x)}, ${number(y)})`, number((Math.hypot(x, y) - 1) ** 2, 4)];
      rows[index].cells.forEach((cell, i) => { cell.textContent = cells[i]; });
      return make("g", { class: "mtl-rule", style: colours(rule.colours), "data-rule": rule.name },
        make("path", { class: "mtl-curve", d: map.trace(points), "stroke-dasharray": rule.dash.length ? rule.dash.join(" ") : null }),
        make("path", { class: "mtl-end", d: `M${right - 5} ${down - 5}l10 10m0 -10l-10 10` }));
    }));
  }

  el.replaceChildren(root("circle", "Paths to the circle", data.accent,
    make("div", { class: "mtl-plane" }, map.node),
    make("div", { class: "mtl-panel" }, optimizers.node, table),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["start", "optimizer"], update);
}

export default { render };
