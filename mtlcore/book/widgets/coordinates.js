const PAUSE = 300; // milliseconds from draw to draw

function render({ model, el }) {
  const data = model.get("data");
  const example = () => data.examples.find(({ name }) => name === model.get("example"));
  const leak = () => data.leaks.findIndex(([value]) => value === model.get("leak"));
  const count = data.examples[0].sum.length;
  const numbers = Array.from({ length: count }, (_, k) => k);
  const tasks = data.tasks.map((_, i) => i);
  const inColour = (pair, ...children) => make("g", { class: "mtl-rule", style: colours(pair) }, ...children);
  // The sign that a draw keeps in a coordinate.
  const sign = (t, k) => (data.uniforms[t - 1][k] < example().purity[k] ? 1 : -1);

  // Picture: the piles, and below them P and U on a scale from 0 to 1.
  const X = (k) => 74 + 54 * k;
  const Y = (value) => 110 - (90 * value) / data.highest;
  const [zero, one] = [310, 240];
  const share = (value) => zero + (one - zero) * value;
  const piles = make("g");
  const marks = make("g");
  const picture = make("svg", { viewBox: "0 0 380 350", role: "img" },
    ...[-2, -1, 0, 1, 2].flatMap((y) => [make("path", { class: y ? "mtl-ring" : "mtl-edge", d: `M40 ${Y(y)}H372` }),
      make("text", { x: 34, y: Y(y) + 4, "text-anchor": "end" }, number(y, 0))]),
    make("text", { x: 4, y: 12 }, "entries of the gradients"),
    make("text", { x: 4, y: one - 12 }, "P (bar) and the draw U (ring)"),
    ...[0, 1].flatMap((y) => [make("path", { class: "mtl-ring", d: `M40 ${share(y)}H372` }),
      make("text", { x: 34, y: share(y) + 4, "text-anchor": "end" }, y)]),
    ...numbers.map((k) => make("text", { x: X(k), y: 330, "text-anchor": "middle" }, k + 1)),
    make("text", { x: 206, y: 347, "text-anchor": "middle" }, "coordinate"), piles, marks);

  function draw() {
    const t = model.get("draw");
    const { rows, purity, sum, means } = example();
    const bars = [];
    const shown = [];
    for (const k of numbers) {
      const tops = { 1: 0, "-1": 0 };
      for (const i of tasks.filter((task) => rows[task][k])) {
        const value = rows[i][k];
        const side = Math.sign(value);
        const from = tops[side];
        tops[side] += value;
        const kept = !t || sign(t, k) === side;
        bars.push(inColour(data.tasks[i], make("rect", { class: "mtl-column", x: X(k) - 16, width: 32,
          y: Math.min(Y(from), Y(from + value)), height: Math.abs(Y(from + value) - Y(from)), opacity: kept ? 1 : 0.25 })));
      }
      bars.push(make("rect", { class: "mtl-column mtl-share", x: X(k) - 16, width: 32, y: share(purity[k]),
        height: zero - share(purity[k]), opacity: 0.5 }));
      shown.push(make("path", { class: "mtl-cross", "stroke-width": 3, d: `M${X(k) - 22} ${Y(sum[k])}H${X(k) + 22}` }));
      if (t) {
        const y = Y(means[leak()][t - 1][k]);
        shown.push(make("path", { class: "mtl-knob mtl-so-far", d: `M${X(k)} ${y - 7}L${X(k) + 7} ${y}L${X(k)} ${y + 7}L${X(k) - 7} ${y}Z` }),
          make("circle", { class: "mtl-knob", cx: X(k), cy: share(data.uniforms[t - 1][k]), r: 5 }));
      }
    }
    piles.replaceChildren(...bars);
    marks.replaceChildren(...shown);
    picture.setAttribute("aria-label", `Entries of three gradients in ${count} coordinates, the share P of the positive ones, `
      + `and what ${t ? `draw ${t} keeps of them` : "they are before the first draw"}`);
  }

  // Controls and numbers
  const examples = choice("Gradients", data.examples.map(({ name, text }) => [name, text]), (name) => store(model, "example", name));
  const leaks = choice("Leak", data.leaks, (value) => store(model, "leak", value));
  const draws = slider("draws", Array.from({ length: data.draws + 1 }, (_, i) => i), (value) => { play.stop(); store(model, "draw", value); });
  const again = make("button", { type: "button", onclick: () => { play.stop(); store(model, "draw", (model.get("draw") % data.draws) + 1); } }, "Draw again");
  const status = make("p", { class: "mtl-status" });
  const play = player({ model, el }, "draw", data.draws, PAUSE, status);
  const cells = numbers.map(() => [0, 1, 2, 3, 4].map(() => make("td")));
  const legend = make("p", { class: "mtl-axis" }, ...tasks.map((i) =>
    make("span", { class: "mtl-name-of mtl-rule", style: `${colours(data.tasks[i])};margin-right:1em` }, make("span", { class: "mtl-swatch" }), `task ${i + 1}`)));
  const table = make("table", {}, make("thead", {}, make("tr", {},
    ...["", "P", "U", "draw", "mean", "sum"].map((text) => make(text ? "th" : "td", text ? { scope: "col" } : {}, text)))),
  make("tbody", {}, ...cells.map((row, k) => make("tr", {}, make("th", { scope: "row" }, `coordinate ${k + 1}`), ...row))));
  const frame = chart({ x: data.xTicks, y: data.yTicks, labels: ["draws", "largest distance of their mean from the sum"], height: 170 });

  function update() {
    const t = model.get("draw");
    const { purity, sum, updates, means, errors } = example();
    draw();
    cells.forEach((row, k) => [purity[k], t && data.uniforms[t - 1][k], t && updates[leak()][t - 1][k], t && means[leak()][t - 1][k], sum[k]]
      .forEach((value, column) => { row[column].textContent = t || column % 4 === 0 ? number(value) : "–"; }));
    const course = errors[leak()].map((value, at) => [at + 1, value]).slice(0, t);
    frame.layer.replaceChildren(...(t ? [frame.line(course), make("circle", { class: "mtl-dot", cx: frame.X(t), cy: frame.Y(course.at(-1)[1]), r: 5 })] : []));
    frame.node.setAttribute("aria-label", `Largest distance of the mean of the draws from the sum of the gradients${t ? `; ${number(course.at(-1)[1])} after ${t} draws` : ""}`);
    const risen = t && numbers.filter((k) => sign(t, k) > 0).map((k) => k + 1);
    status.textContent = !t ? "No draw yet. Press “Draw again”."
      : `Draw ${t}: U < P, the positive pile stays, in ${risen.length ? `coordinate${risen.length > 1 ? "s" : ""} ${risen.join(", ")}` : "no coordinate"}. `
        + `The mean of ${t} is at most ${number(course.at(-1)[1])} from the sum.`;
    examples.show(model.get("example"));
    leaks.show(model.get("leak"));
    draws.show(t, `${t} draws`);
  }

  el.replaceChildren(root("coordinates", "GradDrop, coordinate by coordinate", data.accent,
    make("div", { class: "mtl-plane" }, picture, legend, status, make("div", { class: "mtl-buttons" }, again, play.node), draws.node),
    make("div", { class: "mtl-panel" }, examples.node, leaks.node, table, frame.node),
    make("p", { class: "mtl-note" }, data.note)));
  const unbind = bind(model, ["example", "leak", "draw"], update);
  return () => { play.stop(); unbind(); };
}

export default { render };
