// Axes whose first and last ticks are their ends, a layer to draw in, and the places of values in it.
function chart({ x, y, labels, height = 240, logarithmic = "" }) {
  const [left, right, top, bottom] = [48, 345, 20, height - 45];
  const scale = (ticks, from, to, axis) => {
    const bend = logarithmic.includes(axis) ? Math.log : Number;
    const [low, high] = [bend(ticks[0][0]), bend(ticks.at(-1)[0])];
    return (value) => from + ((bend(value) - low) / (high - low)) * (to - from);
  };
  const [X, Y] = [scale(x, left, right, "x"), scale(y, bottom, top, "y")];
  const layer = make("g");
  const node = make("svg", { viewBox: `0 0 360 ${height}`, role: "img" },
    ...x.map(([value, text]) => make("text", { x: X(value), y: bottom + 18, "text-anchor": "middle" }, text)),
    ...y.map(([value]) => make("path", { class: "mtl-ring", d: `M${left} ${Y(value)}H${right}` })),
    ...y.map(([value, text]) => make("text", { x: left - 6, y: Y(value) + 4, "text-anchor": "end" }, text)),
    make("text", { x: (left + right) / 2, y: height - 8, "text-anchor": "middle" }, labels[0]),
    make("text", { x: 4, y: 12 }, labels[1]), layer);
  const line = (points) => make("path", { class: "mtl-curve", d: `M${points.map(([a, b]) => `${X(a)} ${Y(b)}`).join("L")}` });
  return { node, layer, X, Y, line, left, right, top, bottom };
}
