// The plane of two parameters with the level lines of two tasks, a layer to draw in, and the places of points.
function ground({ x, y, scale, tasks }, label) {
  const [width, height] = [scale * (x[1] - x[0]), scale * (y[1] - y[0])];
  const back = make("g");
  const layer = make("g");
  const node = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, back,
    make("rect", { class: "mtl-frame", width, height }), layer);
  const place = ([a, b]) => [scale * (a - x[0]), scale * (y[1] - b)];
  const trace = (points) => `M${points.map((point) => place(point).map((value) => value.toFixed(1)).join(" ")).join("L")}`;
  const show = ({ lines, names }) => back.replaceChildren(...lines.map((d, task) =>
    make("g", { class: "mtl-rule", style: colours(tasks[task]) }, make("path", { class: "mtl-contour", d }),
      make("text", { class: "mtl-halo mtl-task", x: Math.min(width - 24, Math.max(24, names[task][0])),
        y: Math.min(height - 6, names[task][1] + 18), "text-anchor": "middle" }, names[task][2]))));
  // The picture grows where something would leave it: places are those of the outermost points.
  let box = { x: 0, y: 0, w: width, h: height };
  const fit = (places) => {
    const [left, top] = [0, 1].map((axis) => Math.min(0, ...places.map((each) => each[axis] - 8)));
    const [right, bottom] = [width, height].map((end, axis) => Math.max(end, ...places.map((each) => each[axis] + 8)));
    box = { x: left, y: top, w: right - left, h: bottom - top };
    node.setAttribute("viewBox", `${left} ${top} ${box.w} ${box.h}`);
    return box;
  };
  const point = (event) => {
    const frame = node.getBoundingClientRect();
    return [x[0] + (box.x + ((event.clientX - frame.left) / frame.width) * box.w) / scale,
      y[1] - (box.y + ((event.clientY - frame.top) / frame.height) * box.h) / scale];
  };
  return { node, layer, place, trace, show, point, fit };
}
