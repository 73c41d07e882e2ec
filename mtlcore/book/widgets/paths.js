// Undo the differences along units, starts and steps that Python took to make the paths small.
async function unpacked(text, shape) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = bytes.length / 2;
  const values = Int16Array.from({ length: count }, (_, i) => bytes[i] | (bytes[count + i] << 8));
  for (const axis of [1, 2, 3, 4]) {
    const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    for (let i = 0; i < count; i += 1) if (Math.floor(i / stride) % shape[axis]) values[i] += values[i - stride];
  }
  return values;
}

// A knob at the state's start, on the grid of data.across and data.up.
function startKnob(model, data, map, label) {
  const near = (nodes, value) => nodes.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));
  const move = ([x, y], done) => {
    const next = [near(data.across, x), near(data.up, y)];
    if (String(next) !== String(model.get("start"))) store(model, "start", next, done);
  };
  const node = knob({ "aria-label": label, "aria-valuemin": data.across[0], "aria-valuemax": data.across.at(-1) },
    (event) => move(map.point(event), false),
    (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by) return;
      event.preventDefault();
      move([data.across, data.up].map((nodes, i) => {
        const to = nodes.indexOf(model.get("start")[i]) + by[i];
        return nodes[Math.min(nodes.length - 1, Math.max(0, to))];
      }), true);
    },
    () => model.save_changes());
  const show = () => {
    const [x, y] = model.get("start");
    node.setAttribute("transform", `translate(${map.place([x, y])})`);
    node.setAttribute("aria-valuenow", x);
    node.setAttribute("aria-valuetext", `x ${number(x, 1)}, y ${number(y, 1)}`);
  };
  return { node, show };
}
