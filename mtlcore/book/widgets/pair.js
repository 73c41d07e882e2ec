function render({ model, el }) {
  const data = model.get("data");
  const { size, limits } = data;
  const centre = size / 2;
  const frame = { x: 0, y: 0, w: size, h: size };
  const unit = () => data.scales[model.get("view")][data.lambdas.indexOf(model.get("lam"))];
  const at = ([x, y]) => [centre + unit() * x, centre - unit() * y];
  const auxiliary = () => vector([model.get("angle"), model.get("length")]);

  // What is shown of a method: its answer for length 1, from Python, at the length of the gradient.
  function shown({ parts }) {
    const part = parts[model.get("angle")].map((value) => value * model.get("length"));
    return model.get("view") === "auxiliary" ? part : [1 + model.get("lam") * part[0], model.get("lam") * part[1]];
  }

  function move([angle, length], done) {
    model.set("angle", mod(Math.round(angle), 360));
    store(model, "length", Math.min(limits[1], Math.max(limits[0], Math.round(length * 100) / 100)), done);
  }

  // Picture
  const back = make("g");
  const front = make("g");
  const handle = knob({ "aria-label": "Auxiliary gradient", "aria-valuemin": 0, "aria-valuemax": 359 },
    (event) => {
      const place = picture.getBoundingClientRect();
      const x = ((event.clientX - place.left) * size) / place.width - centre;
      const y = centre - ((event.clientY - place.top) * size) / place.height;
      move([Math.atan2(y, x) / RADIAN, Math.hypot(x, y) / unit()], false);
    },
    (event) => {
      const turn = event.shiftKey ? 1 : 5;
      const by = { ArrowLeft: [turn, 0], ArrowRight: [-turn, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
      if (!by) return;
      event.preventDefault();
      move([model.get("angle") + by[0], model.get("length") + by[1]], true);
    },
    () => model.save_changes());
  const picture = make("svg", { viewBox: `0 0 ${size} ${size}`, role: "group",
    "aria-label": "A main and an auxiliary gradient, and an arrow for each method" }, back, front, handle);

  function draw(arrows) {
    const reach = centre - 4;
    back.replaceChildren(
      make("path", { class: "mtl-cone", d: `M${centre} ${centre - reach}A${reach} ${reach} 0 0 1 ${centre} ${centre + reach}Z` }),
      ...[1, 2].filter((r) => r * unit() < centre).map((r) => make("circle", { class: "mtl-ring", cx: centre, cy: centre, r: r * unit() })));
    const gradients = [["gₘ", [1, 0]], ["gₐ", auxiliary()]];
    const taken = gradients.flatMap(([, v]) => along([centre, centre], at(v)));
    taken.push({ x: at(auxiliary())[0] - 12, y: at(auxiliary())[1] - 12, w: 24, h: 24 });
    front.replaceChildren(...gradients.map(([, v]) => make("g", { class: "mtl-gradient" }, ...arrow(centre, at(v), v, 4))));
    const groups = [];
    for (const { method, value } of arrows) {
      const tip = at(value);
      const group = groups.find((other) => Math.hypot(other.tip[0] - tip[0], other.tip[1] - tip[1]) < 1);
      if (group) group.methods.push(method);
      else groups.push({ tip, value, methods: [method] });
    }
    const coloured = (method, ...children) => make("g", { class: "mtl-rule", "data-rule": method.name, style: colours(method.colours) }, ...children);
    for (const { tip, value, methods } of groups) {
      front.append(coloured(methods[0], make("line", { class: "mtl-shadow", x1: tip[0], y1: tip[1], x2: tip[0], y2: centre })));
      methods.forEach((method, turn) => front.append(coloured(method, ...arrow(centre, tip, value, 2.5, methods.length, turn))));
      taken.push(...along([centre, centre], tip));
    }
    gradients.forEach(([name, v]) => label(front, at(v), Math.atan2(v[1], v[0]) / RADIAN, [make("text", { class: "mtl-name" }, name)], taken, frame, 8));
    groups.forEach(({ tip, value, methods }) => label(front, tip, Math.atan2(value[1], value[0]) / RADIAN,
      methods.map((method) => coloured(method, make("text", {}, method.label))), taken, frame));
  }

  // Controls and numbers
  const view = choice("Arrows", data.views, (value) => store(model, "view", value));
  const lam = slider("weight λ", data.lambdas, (value) => store(model, "lam", value));
  const rows = data.methods.map((method) => {
    const cells = [make("td"), make("td")];
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), method.label);
    return { method, cells, row: make("tr", { class: "mtl-rule", "data-rule": method.name, style: colours(method.colours) },
      make("th", { scope: "row" }, name), ...cells) };
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("td"),
    ...["along gₘ", "across gₘ"].map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows.map(({ row }) => row)));
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });

  function read() {
    for (const { method, cells } of rows) {
      const [x, y] = shown(method);
      const worse = x < -0.005;
      cells[0].className = worse ? "mtl-worse" : "";
      cells[0].replaceChildren(...(worse ? [make("span", { class: "mtl-mark", "aria-hidden": "true" }, "▼"), number(x),
        make("span", { class: "mtl-hidden" }, " main loss rises")] : [number(Math.abs(x))]));
      cells[1].textContent = number(Math.abs(y) < 0.005 ? 0 : y);
    }
  }

  function words() {
    const [a, b] = [auxiliary(), model.get("length")];
    const rules = data.methods.filter(({ name }) => name !== data.plain).map(({ label: text, parts }) => ({ text, part: parts[model.get("angle")].map((v) => v * b) }));
    const list = (name, test) => {
      const found = rules.filter(({ part }) => test(part)).map(({ text }) => text);
      return found.length ? ` ${name}: ${found.join(", ")}.` : "";
    };
    const apart = Math.min(model.get("angle"), 360 - model.get("angle"));
    const relation = apart > 90 ? "conflict" : apart < 90 ? "agreement" : "right angle";
    return `${apart}° apart: ${relation}.${list("Kept whole", ([x, y]) => Math.hypot(x - a[0], y - a[1]) < 1e-3)}${
      list("Dropped", ([x, y]) => Math.hypot(x, y) < 1e-3)}`;
  }

  function update() {
    const [x, y] = at(auxiliary());
    handle.setAttribute("transform", `translate(${x} ${y})`);
    handle.setAttribute("aria-valuenow", model.get("angle"));
    handle.setAttribute("aria-valuetext", `angle ${model.get("angle")} degrees, length ${model.get("length").toFixed(2)}`);
    const visible = data.methods.filter(({ name }) => name !== data.plain || model.get("view") === "update");
    draw(visible.map((method) => ({ method, value: shown(method) })));
    read();
    view.show(model.get("view"));
    lam.show(model.get("lam"), `λ = ${model.get("lam")}`);
    lam.node.style.display = model.get("view") === "update" ? "" : "none";
    status.textContent = words();
  }

  el.replaceChildren(root("pair", "Four methods on one pair of gradients", data.accent,
    make("div", { class: "mtl-plane" }, picture, status),
    make("div", { class: "mtl-panel" }, view.node, lam.node, table),
    make("p", { class: "mtl-note" }, data.note)));
  return bind(model, ["angle", "length", "lam", "view"], update);
}

export default { render };
