const SUBSCRIPTS = "₁₂₃";
const PRESETS = {
  Agreement: [[[20, 1.4], [62, 1]], [[15, 1], [45, 2], [75, 1]]],
  Conflict: [[[10, 2], [135, 0.95]], [[15, 2], [120, 1], [150, 1]]],
  Dominance: [[[20, 2], [125, 0.25]], [[15, 2], [120, 0.5], [135, 0.5]]],
  Opposite: [[[25, 1.6], [205, 0.8]], [[15, 2], [195, 1], [105, 1]]],
};
const combine = (weights, vectors) =>
  [0, 1].map((axis) => vectors.reduce((sum, v, i) => sum + weights[i] * v[axis], 0));
const cosine = (a, b) => {
  const norm = Math.hypot(...a) * Math.hypot(...b);
  return Math.hypot(...a) < 1e-3 ? 0 : (a[0] * b[0] + a[1] * b[1]) / norm;
};

// ---- look-up: the tables that Python made, and nothing else ----

async function unpack(data) {
  const packed = Uint8Array.from(atob(data.block), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const view = new DataView(await new Response(stream).arrayBuffer());
  let at = 0;
  const take = (count, step) => {
    const values = Float64Array.from({ length: count }, (_, i) => step * view.getInt16(at + 2 * i, true));
    at += 2 * count;
    return values;
  };
  const ranks = new Map();
  for (const rule of data.rules) {
    if (rule.draws) continue;
    rule.two = take(data.angles.length * data.places.length * 2, rule.steps[0]);
    if (rule.steps.length === 1) continue;
    const key = JSON.stringify(rule.alike);
    if (!ranks.has(key)) ranks.set(key, rank(rule.alike, data));
    rule.rank = ranks.get(key);
    rule.three = take(rule.rank.size * (rule.whole ? 2 : 3), rule.steps[1]);
  }
}

// Three gradients as [step of length, step of angle] each, and their key up to rotation.
function keyOf(states, directions) {
  const [first, second, third] = states;
  const size = (first[0] * 3 + second[0]) * 3 + third[0];
  const turn = ([, steps]) => mod(steps - first[1], directions);
  return (size * directions + turn(second)) * directions + turn(third);
}

function canonical(states, alike, directions) {
  let best = { key: Infinity };
  for (const order of alike) {
    for (const mirror of [1, -1]) {
      const key = keyOf(order.map((i) => [states[i][0], mirror * states[i][1]]), directions);
      if (key < best.key) best = { key, order, mirror };
    }
  }
  return best;
}

// Row of the table of every canonical key.
function rank(alike, { directions }) {
  const rows = new Map();
  for (let key = 0; key < 27 * directions ** 2; key += 1) {
    const size = Math.floor(key / directions ** 2);
    const lengths = [Math.floor(size / 9), Math.floor(size / 3) % 3, size % 3];
    const steps = [0, Math.floor(key / directions) % directions, key % directions];
    const states = lengths.map((length, i) => [length, steps[i]]);
    if (Math.min(...lengths) === 0 && canonical(states, alike, directions).key === key) {
      rows.set(key, rows.size);
    }
  }
  return rows;
}

// Where the gap of two lengths lies on the scale that the table's nodes are on.
function place(angle, gap, { angles, widest, edge }) {
  const half = (Math.min(angles.at(-2), Math.max(angles[1], angle)) * RADIAN) / 2;
  const near = Math.min(Math.tan(half) ** 2, edge * Math.cos(half));
  const size = Math.abs(gap);
  return Math.sign(gap) * (size <= near ? size / near : Math.min(2, 1 + (size - near) / (widest - near)));
}

function answerTwo(rule, [[angle1, length1], [angle2, length2]], data) {
  const { angles, places } = data;
  const total = length1 + length2;
  const turn = Math.round(wrap(angle2 - angle1) * 1e6) / 1e6;
  const cell = (grid, value) => {
    const i = Math.max(1, grid.findIndex((node) => node >= value - 1e-9));
    return [i - 1, Math.min(1, Math.max(0, (value - grid[i - 1]) / (grid[i] - grid[i - 1])))];
  };
  const [i, u] = cell(angles, Math.abs(turn));
  const [j, v] = cell(places, place(Math.abs(turn), (length1 - length2) / total, data));
  const corner = (row, column, k) => rule.two[(row * places.length + column) * 2 + k];
  const [a, b] = [0, 1].map((k) =>
    (1 - u) * ((1 - v) * corner(i, j, k) + v * corner(i, j + 1, k)) +
    u * ((1 - v) * corner(i + 1, j, k) + v * corner(i + 1, j + 1, k)));
  if (!rule.whole) return { weights: [(a * total) / length1, (b * total) / length2] };
  return { update: turned([a * total, b * total], angle1, turn < 0 ? -1 : 1) };
}

function answerThree(rule, gradients, { directions, lengths }) {
  const least = Math.min(...gradients.map(([, length]) => length));
  const states = gradients.map(([angle, length]) =>
    [lengths.indexOf((length / least) * lengths[0]), Math.round((angle * directions) / 360)]);
  const { key, order, mirror } = canonical(states, rule.alike, directions);
  const total = gradients.reduce((sum, [, length]) => sum + length, 0);
  const width = rule.whole ? 2 : 3;
  const row = rule.three.subarray(rule.rank.get(key) * width, (rule.rank.get(key) + 1) * width);
  if (rule.whole) {
    return { update: turned([...row].map((x) => x * total), gradients[order[0]][0], mirror) };
  }
  const weights = [];
  order.forEach((task, place) => { weights[task] = (row[place] * total) / gradients[task][1]; });
  return { weights };
}

function turned([x, y], angle, mirror) {
  const [c, s] = vector([angle, 1]);
  return [c * x - s * mirror * y, s * x + c * mirror * y];
}

function answer(rule, gradients, data) {
  const vectors = gradients.map(vector);
  if (rule.draws) {
    const fan = rule.draws[gradients.length - 2];
    const weights = vectors.map((_, i) => fan.reduce((sum, w) => sum + w[i] / fan.length, 0));
    return { weights, update: combine(weights, vectors), fan: fan.length > 1 && fan.map((w) => combine(w, vectors)) };
  }
  if (gradients.length === 3 && !rule.three) return {};
  const found = (gradients.length === 2 ? answerTwo : answerThree)(rule, gradients, data);
  return { update: found.update ?? combine(found.weights, vectors), ...found };
}

// ---- geometry of the picture ----

function cone(gradients) {
  const turns = gradients.map(([angle]) => wrap(angle - gradients[0][0]));
  const [low, high] = [Math.max(...turns) - 90, Math.min(...turns) + 90];
  return low < high - 1e-6 ? [gradients[0][0] + low, gradients[0][0] + high] : null;
}

// ---- the widget ----

async function render({ model, el }) {
  const data = structuredClone(model.get("data"));
  await unpack(data);
  const { size, limits } = data;
  const centre = size / 2;
  const frame = { x: 0, y: 0, w: size, h: size };
  let { scale } = data;
  const at = ([x, y]) => [centre + scale * x, centre - scale * y];
  const gradients = () => model.get("gradients");
  const shown = () => model.get("shown");

  function onGrid(polar, count) {
    const [angle, length] = polar;
    if (count === 2) {
      return [mod(Math.round(angle), 360),
        Math.min(limits[1], Math.max(limits[0], Math.round(length * 100) / 100))];
    }
    const step = 360 / data.directions;
    const near = (a) => Math.abs(Math.log(length / a));
    return [mod(Math.round(angle / step) * step, 360),
      data.lengths.reduce((a, b) => (near(b) < near(a) ? b : a))];
  }

  function move(i, polar, done) {
    const all = gradients();
    store(model, "gradients", all.map((old, k) => (k === i ? onGrid(polar, all.length) : old)), done);
  }

  // Picture
  const rings = [1, 2].map((r) => make("circle", { cx: centre, cy: centre, r: r * scale, class: "mtl-ring" }));
  const spots = make("g", { class: "mtl-spots" }, ...data.lengths.flatMap((length) =>
    Array.from({ length: data.directions }, (_, i) => {
      const [cx, cy] = at(vector([(360 / data.directions) * i, length]));
      return make("circle", { class: "mtl-spot", cx, cy, r: 1.2 });
    })));
  const wedge = make("path", { class: "mtl-cone" });
  const back = make("g", {}, ...rings, spots, wedge);
  const front = make("g");
  const handles = [0, 1, 2].map(handle);
  const picture = make("svg", { viewBox: `0 0 ${size} ${size}`, role: "group",
    "aria-label": "Plane of the task gradients and the updates" }, back, front, ...handles);

  function handle(i) {
    return knob({ "aria-label": `Gradient of task ${i + 1}`, "aria-valuemin": 0, "aria-valuemax": 360 },
      (event) => move(i, polarOf(event), false), (event) => key(i, event), () => model.save_changes());
  }

  function polarOf(event) {
    const place = picture.getBoundingClientRect();
    const x = ((event.clientX - place.left) * size) / place.width - centre;
    const y = centre - ((event.clientY - place.top) * size) / place.height;
    return [Math.atan2(y, x) / RADIAN, Math.max(0.01, Math.hypot(x, y) / scale)];
  }

  function key(i, event) {
    const [angle, length] = gradients()[i];
    const third = gradients().length === 3;
    const turn = third ? 360 / data.directions : event.shiftKey ? 1 : 5;
    const grow = (sign) => (third ? length * 2 ** sign : length + 0.1 * sign);
    const next = {
      ArrowLeft: [angle + turn, length],
      ArrowRight: [angle - turn, length],
      ArrowUp: [angle, grow(1)],
      ArrowDown: [angle, grow(-1)],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    move(i, next, true);
  }

  // The picture shrinks where an arrow would leave it.
  function fit(results) {
    const all = results.flatMap(({ update, fan }) => [...(fan || []), ...(update && !model.get("unit") ? [update] : [])]);
    const longest = Math.max(...all.map((v) => Math.hypot(...v)), 0);
    scale = Math.min(data.scale, (centre - 4) / longest);
  }

  function draw(results) {
    const polar = gradients();
    const vectors = polar.map(vector);
    const taken = polar.map((_, i) => {
      const [x, y] = at(vectors[i]);
      return { x: x - 12, y: y - 12, w: 24, h: 24 };
    });
    vectors.forEach((v) => taken.push(...along([centre, centre], at(v))));

    rings.forEach((ring, i) => ring.setAttribute("r", (i + 1) * scale));
    spots.style.display = polar.length === 3 ? "" : "none";
    const opening = cone(polar);
    const reach = 2.25 * data.scale;
    if (!opening) wedge.remove();
    else {
      back.append(wedge);
      const [from, to] = opening.map((angle) => at(vector([angle, reach / scale])));
      wedge.setAttribute("d", `M${centre} ${centre}L${from}A${reach} ${reach} 0 0 0 ${to}Z`);
    }

    front.replaceChildren();
    const groups = [];
    for (const { rule, update, fan } of results.filter((result) => result.update)) {
      const length = Math.hypot(...update);
      const stretch = (v) => {
        const norm = model.get("unit") ? Math.max(Math.hypot(...v), 1e-3) : 1;
        return at(length < 1e-3 ? [0, 0] : v.map((x) => x / norm));
      };
      const tip = stretch(update);
      if (fan) {
        const ends = fan.map((v) => stretch(v).map((x) => x.toFixed(1)).join(" "));
        front.append(ruleNode(rule, "mtl-fan",
          make("path", { class: "mtl-rays", d: ends.map((end) => `M${centre} ${centre}L${end}`).join("") }),
          make("path", { class: "mtl-tips", d: ends.map((end) => `M${end}h0`).join("") })));
      }
      const group = groups.find((g) => Math.hypot(g.tip[0] - tip[0], g.tip[1] - tip[1]) < 3);
      if (group) group.rules.push(rule);
      else groups.push({ tip, update, rules: [rule] });
    }
    vectors.forEach((v, i) => front.append(make("g", { class: "mtl-gradient" },
      ...arrow(centre, at(v), v, 4))));
    for (const { tip, update, rules } of groups) {
      rules.forEach((rule, i) => front.append(ruleNode(rule, "",
        ...arrow(centre, tip, update, 2.5, rules.length, i))));
      taken.push(...along([centre, centre], tip));
    }
    vectors.forEach((v, i) => label(front, at(v), polar[i][0],
      [make("text", { class: "mtl-name" }, `g${SUBSCRIPTS[i]}`)], taken, frame, 8));
    for (const { tip, update, rules } of groups) {
      const angle = Math.atan2(update[1], update[0]) / RADIAN;
      label(front, tip, angle, rules.map((rule) => ruleNode(rule, "", make("text", {}, rule.label))), taken, frame);
    }
    if (opening && opening[1] - opening[0] > 30) hint((opening[0] + opening[1]) / 2);

    function hint(angle) {
      const w = 124;
      const boxes = [1.85, 1.6, 1.35, 2.05].map((r) => at(vector([angle, r])))
        .map(([x, y]) => ({ x: Math.min(size - w, Math.max(0, x - w / 2)), y: y - 8, w, h: 16 }));
      const covered = boxes.map((box) => taken.reduce((sum, other) => sum + overlap(box, other), 0));
      const best = covered.indexOf(Math.min(...covered));
      if (covered[best] > 200) return;
      front.append(make("text", { class: "mtl-hint", x: boxes[best].x + w / 2, y: boxes[best].y + 13,
        "text-anchor": "middle" }, "every task improves"));
    }
  }

  function ruleNode(rule, extra, ...children) {
    return make("g", { class: `mtl-rule ${extra}`, "data-rule": rule.name,
      style: colours(rule.colours) }, ...children);
  }

  // Read-out
  const head = make("thead");
  const rows = data.rules.map((rule) => {
    const box = make("input", { type: "checkbox", onchange: () => {
      const on = new Set(shown());
      if (box.checked) on.add(rule.name);
      else on.delete(rule.name);
      store(model, "shown", data.rules.map(({ name }) => name).filter((name) => on.has(name)));
    } });
    const name = make("label", { title: rule.note + (rule.draws?.[0].length > 1 ? " Mean of random draws, and the draws." : "") },
      box, make("span", { class: "mtl-swatch" }), rule.label + (rule.starred ? "*" : ""));
    const row = make("tr", { class: "mtl-rule", "data-rule": rule.name,
      style: colours(rule.colours) }, make("th", { scope: "row" }, name));
    return { rule, box, row };
  });
  const button = (text, onclick, attributes = {}) => make("button", { type: "button", onclick, ...attributes }, text);
  const families = [...new Set(data.rules.map(({ family }) => family))].map((family) => {
    const title = make("th", { scope: "rowgroup" }, family);
    return { title, body: make("tbody", {}, make("tr", { class: "mtl-family" }, title),
      ...rows.filter(({ rule }) => rule.family === family).map(({ row }) => row)) };
  });
  const axis = make("p", { class: "mtl-axis" });
  const table = make("table", {}, head, ...families.map(({ body }) => body));

  // The cells of every row, for a number of tasks; a step only fills them.
  let tasks = 0;
  function layOut(count) {
    tasks = count;
    const names = [...SUBSCRIPTS.slice(0, count)].map((index) => `g${index}`);
    head.replaceChildren(
      make("tr", {}, make("td"), make("th", { colspan: count, scope: "colgroup" }, "weight of"),
        make("th", { colspan: count, scope: "colgroup" }, "cosine with")),
      make("tr", {}, make("td"), ...[...names, ...names].map((name) => make("th", { scope: "col" }, name))));
    table.classList.toggle("mtl-three", count === 3);
    families.forEach(({ title }) => title.setAttribute("colspan", 1 + 2 * count));
    for (const row of rows) {
      row.weights = names.map(() => make("td", {}, ""));
      row.effects = names.map((_, i) => {
        const value = document.createTextNode("");
        const marks = [make("span", { class: "mtl-mark", "aria-hidden": "true" }, "▼"), make("span", { class: "mtl-hidden" }, " made worse")];
        return { value, marks, cell: make("td", { class: i ? null : "mtl-first" }, marks[0], value, marks[1]) };
      });
      const open = make("td", { class: "mtl-open", colspan: 2 * count,
        title: "However little one of three gradients leaves their plane, this rule's answer is another one." }, "no answer in a plane");
      row.cells = { open: [open], full: [...row.weights, ...row.effects.map(({ cell }) => cell)] };
      row.kind = null;
    }
  }

  function read(results) {
    const vectors = gradients().map(vector);
    if (vectors.length !== tasks) layOut(vectors.length);
    const found = new Map(results.map((result) => [result.rule, result]));
    const weights = results.flatMap((result) => result.weights ?? []);
    const [low, high] = [Math.min(0, ...weights), Math.max(1, ...weights)];
    const part = (value) => ((value - low) / (high - low)).toFixed(4);
    axis.textContent = `Bars of weights: from ${number(low)} to ${number(high)}, with a mark at 0.`;
    if (table.style.getPropertyValue("--zero") !== part(0)) table.style.setProperty("--zero", part(0));
    for (const row of rows) {
      const result = found.get(row.rule);
      row.box.checked = Boolean(result);
      row.row.classList.toggle("mtl-off", !result);
      const kind = result && !result.update ? "open" : "full";
      if (kind !== row.kind) row.row.replaceChildren(row.row.firstChild, ...row.cells[kind]);
      row.kind = kind;
      if (kind === "open") continue;
      row.weights.forEach((cell, i) => {
        const weight = result?.weights?.[i];
        const text = weight === undefined ? (result ? "–" : "") : number(weight);
        if (cell.textContent !== text) cell.textContent = text;
        cell.classList.toggle("mtl-weight", weight !== undefined);
        if (weight === undefined) return;
        cell.style.setProperty("--from", part(Math.min(0, weight)));
        cell.style.setProperty("--to", part(Math.max(0, weight)));
      });
      row.effects.forEach((effect, i) => show(effect, result, vectors[i]));
    }
  }

  function show({ value, marks, cell }, result, v) {
    const product = result ? cosine(result.update, v) : 0;
    const worse = product < -0.005;
    value.data = result ? number(Math.abs(product) < 0.005 ? 0 : product) : "";
    marks.forEach((mark) => { mark.hidden = !worse; });
    cell.classList.toggle("mtl-worse", worse);
    cell.title = result?.fan ? `made worse by ${result.fan.filter((draw) => cosine(draw, v) < 0).length} of ${result.fan.length} draws` : "";
  }

  // Controls and words
  const third = button("Third task", () => {
    const all = gradients();
    const next = all.length === 3 ? all.slice(0, 2) : [...all, [all[1][0] + 15, 1]];
    store(model, "gradients", next.map((polar) => onGrid(polar, next.length)));
  });
  const unit = button("Unit length", () => store(model, "unit", !model.get("unit")));
  const presets = Object.entries(PRESETS).map(([name, sets]) =>
    button(name, () => store(model, "gradients", sets[gradients().length - 2])));
  const status = make("p", { class: "mtl-status" });
  const live = make("p", { class: "mtl-hidden", role: "status" });

  function describe(results) {
    const polar = gradients();
    const opening = cone(polar);
    const improves = opening
      ? `Every task improves in the shaded cone, ${Math.round(opening[1] - opening[0])}° wide.`
      : "No update improves every task.";
    if (polar.length === 3) return improves;
    const apart = Math.abs(wrap(polar[1][0] - polar[0][0]));
    const relation = apart > 179.5 ? "opposite" : apart > 90 ? "conflict" : apart < 90 ? "agreement" : "orthogonal";
    return `${Math.round(apart)}° apart: ${relation}. ${improves}`;
  }

  let announcement;
  function announce(text, results) {
    const harmed = gradients().map((polar, i) => {
      const names = results.filter(({ update }) => update && cosine(update, vector(polar)) < -0.005).map(({ rule }) => rule.label);
      return names.length ? ` Task ${i + 1} is made worse by ${names.join(", ")}.` : "";
    });
    clearTimeout(announcement);
    announcement = setTimeout(() => { live.textContent = text + harmed.join(""); }, 600);
  }

  function update() {
    const polar = gradients();
    const on = new Set(shown());
    const results = data.rules.filter(({ name }) => on.has(name))
      .map((rule) => ({ rule, ...answer(rule, polar, data) }));
    fit(results);
    handles.forEach((node, i) => {
      node.style.display = i < polar.length ? "" : "none";
      if (i >= polar.length) return;
      const [angle, length] = polar[i];
      node.setAttribute("transform", `translate(${at(vector(polar[i]))})`);
      node.setAttribute("aria-valuenow", Math.round(angle));
      node.setAttribute("aria-valuetext", `angle ${Math.round(angle)} degrees, length ${length.toFixed(2)}`);
    });
    third.setAttribute("aria-pressed", polar.length === 3);
    unit.setAttribute("aria-pressed", model.get("unit"));
    draw(results);
    read(results);
    status.textContent = describe(results);
    announce(status.textContent, results);
  }

  el.replaceChildren(make("div", { class: "mtl-widget mtl-explorer", role: "group", "aria-label": "Gradient explorer" },
    make("div", { class: "mtl-buttons" }, ...presets, third, unit),
    make("div", { class: "mtl-plane" }, picture, status),
    make("div", { class: "mtl-panel" }, make("div", { class: "mtl-scroll" }, table), axis,
      make("div", { class: "mtl-buttons" },
        button("All", () => store(model, "shown", data.rules.map(({ name }) => name)), { "aria-label": "show all methods" }),
        button("None", () => store(model, "shown", []), { "aria-label": "hide all methods" }))),
    make("p", { class: "mtl-note" }, data.notes.join(" ")), live));
  // The descent hands over the gradients at a point of a path.
  const take = ({ detail }) => store(model, "gradients", detail.map((polar) => onGrid(polar, 2)));
  document.addEventListener("mtl-gradients", take);
  const end = bind(model, ["gradients", "shown", "unit"], update);
  return () => {
    document.removeEventListener("mtl-gradients", take);
    end();
  };
}

export default { render };
