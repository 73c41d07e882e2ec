function render({ model, el }) {
  const data = model.get("data");
  const shown = () => data.fronts.find(({ name }) => name === model.get("front"));
  const map = ground(data.plane, "Parameters: level lines of two tasks and the minimum of the weighted sum");
  const losses = make("svg", { viewBox: "0 0 340 320", role: "img" });
  const front = choice("Front", data.fronts.map(({ name }) => [name, name]), (name) => store(model, "front", name));
  const weight = slider("weight w of task 1", data.weights, (value) => store(model, "weight", value));
  const table = taskTable(["weight", "loss"], data.plane.tasks);
  const status = make("p", { class: "mtl-status", "aria-live": "polite" });
  const [left, right, top, bottom] = [48, 328, 20, 280];

  function drawLosses({ highest, cloud, minima, front: edge }, best, w) {
    const X = (loss) => left + (loss / highest) * (right - left);
    const Y = (loss) => bottom - (loss / highest) * (bottom - top);
    const at = ([a, b]) => `${X(a).toFixed(1)} ${Y(b).toFixed(1)}`;
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * highest);
    const [, , l1, l2] = best[0];
    // The line (l1, l2) + s (1 - w, -w), as far as it lies inside the frame.
    const spans = [[l1, 1 - w], [l2, -w]].filter(([, slope]) => slope)
      .map(([from, slope]) => [-from / slope, (highest - from) / slope].sort((a, b) => a - b));
    const ends = [Math.max(...spans.map(([low]) => low)), Math.min(...spans.map(([, high]) => high))];
    const line = ends.map((s) => at([l1 + s * (1 - w), l2 - s * w]));
    losses.replaceChildren(
      ...ticks.map((tick) => make("text", { x: X(tick), y: bottom + 16, "text-anchor": "middle" }, String(tick))),
      ...ticks.map((tick) => make("text", { x: left - 6, y: Y(tick) + 4, "text-anchor": "end" }, String(tick))),
      make("rect", { class: "mtl-frame", x: left, y: top, width: right - left, height: bottom - top }),
      make("text", { x: (left + right) / 2, y: 314, "text-anchor": "middle" }, "loss of task 1"),
      make("text", { x: 4, y: 12 }, "loss of task 2"),
      make("path", { class: "mtl-cloud", d: cloud.map((pair) => `M${at(pair)}h0`).join("") }),
      make("path", { class: "mtl-curve mtl-thin", d: `M${edge.map(at).join("L")}` }),
      ...minima.flat().map(([, , a, b]) => make("circle", { class: "mtl-dot", cx: X(a), cy: Y(b), r: 2.2 })),
      make("path", { class: "mtl-cross mtl-dashed", d: `M${line.join("L")}` }),
      ...best.map(([, , a, b]) => make("circle", { class: "mtl-knob", cx: X(a), cy: Y(b), r: 7 })));
    losses.setAttribute("aria-label", `Losses that can be reached, their front, and the line of equal weighted loss through ${
      best.map(([, , a, b]) => `(${number(a)}, ${number(b)})`).join(" and ")}`);
  }

  function update() {
    const found = shown();
    const w = model.get("weight");
    const best = found.minima[data.weights.indexOf(w)];
    map.show(found.ground);
    map.layer.replaceChildren(
      ...found.minima.flat().map((point) => {
        const [cx, cy] = map.place(point);
        return make("circle", { class: "mtl-dot", cx, cy, r: 2.2 });
      }),
      ...best.map((point) => {
        const [cx, cy] = map.place(point);
        return make("circle", { class: "mtl-knob", cx, cy, r: 7 });
      }));
    drawLosses(found, best, w);
    front.show(model.get("front"));
    weight.show(w, `w = ${number(w)}`, number(w));
    const several = (i) => best.map((point) => number(point[i])).join(" or ");
    table.show([[number(w), several(2)], [number(1 - w), several(3)]]);
    status.textContent = best.length > 1 ? "Two points are equally good: here the minimum jumps from one end of the front to the other."
      : `The minimum is at (${number(best[0][0])}, ${number(best[0][1])}).`;
  }

  el.replaceChildren(root("weightslider", "One weight for two tasks", data.accent,
    make("div", { class: "mtl-plane" }, map.node, status, weight.node, front.node),
    make("div", { class: "mtl-panel" }, losses, table.node)));
  return bind(model, ["front", "weight"], update);
}

export default { render };
