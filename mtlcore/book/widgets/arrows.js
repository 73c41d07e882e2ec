// Arrows from the centre of a picture, and labels that keep off them.
const RADIAN = Math.PI / 180;
const wrap = (angle) => ((((angle + 180) % 360) + 360) % 360) - 180;
const mod = (value, base) => ((value % base) + base) % base;
const vector = ([angle, length]) =>
  [length * Math.cos(angle * RADIAN), length * Math.sin(angle * RADIAN)];

const overlap = (a, b) =>
  Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));

// The spot for a w by h label near a tip that covers least of what is there.
function spotFor(tip, away, { w, h }, taken, frame, clear) {
  let best = { cost: Infinity };
  for (const distance of [6, 16, 30, 46, 64]) {
    for (let turn = 0; turn < 360; turn += 30) {
      const [dx, dy] = vector([away + turn, 1]);
      const x = tip[0] + dx * (clear + distance + w / 2) - w / 2;
      const y = tip[1] - dy * (clear + distance + h / 2) - h / 2;
      const box = { x, y, w, h };
      const outside = w * h - overlap(box, frame);
      const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
      const cost = covered + 3 * outside + 2 * distance + 0.15 * Math.abs(wrap(turn));
      if (cost < best.cost) best = { ...box, cost, distance };
    }
  }
  return best;
}

// Boxes along a line, so that labels keep off it.
function along([x0, y0], [x1, y1]) {
  return Array.from({ length: 12 }, (_, i) => {
    const t = (i + 1) / 12;
    return { x: x0 + t * (x1 - x0) - 4, y: y0 + t * (y1 - y0) - 4, w: 8, h: 8 };
  });
}

// Width of a text, measured once: to measure makes the browser lay out the page.
const widths = new Map();
function widthOf(text) {
  const key = `${text.getAttribute("class")} ${text.textContent}`;
  if (!widths.get(key)) widths.set(key, text.getComputedTextLength());
  return widths.get(key);
}

// Lines of text near a tip, with a thin leader where they had to go far; taken are the boxes in use.
function label(layer, tip, angle, lines, taken, frame, clear = 0) {
  const box = make("g", { class: "mtl-label" }, ...lines);
  layer.append(box);
  const texts = [...box.querySelectorAll("text")];
  const w = Math.max(...texts.map(widthOf)) + 4;
  const spot = spotFor(tip, angle, { w, h: 15 * texts.length }, taken, frame, clear);
  texts.forEach((text, i) => {
    text.setAttribute("x", spot.x + 2);
    text.setAttribute("y", spot.y + 12 + 15 * i);
  });
  if (spot.distance > 20) box.prepend(leader(tip, spot));
  taken.push(spot);
}

function leader(tip, box) {
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  return make("line", { class: "mtl-leader", x1: tip[0], y1: tip[1],
    x2: clamp(tip[0], box.x, box.x + box.w), y2: clamp(tip[1], box.y, box.y + box.h) });
}

// An arrow; of several that coincide each has its turn along the shaft.
function arrow(centre, tip, v, width, count = 1, turn = 0) {
  const [x, y] = tip;
  if (Math.hypot(x - centre, y - centre) < 4) {
    return [make("circle", { class: "mtl-head", cx: x, cy: y, r: 2 * width })];
  }
  const direction = Math.atan2(-v[1], v[0]);
  const corner = (side) => `${x - 4 * width * Math.cos(direction + side)} ${y - 4 * width * Math.sin(direction + side)}`;
  const dash = count > 1 && { "stroke-dasharray": `7 ${7 * (count - 1)}`, "stroke-dashoffset": -7 * turn };
  const end = [x - 2 * width * Math.cos(direction), y - 2 * width * Math.sin(direction)];
  return [
    make("line", { class: "mtl-shaft", x1: centre, y1: centre, x2: end[0], y2: end[1], "stroke-width": width, ...dash }),
    make("path", { class: "mtl-head", d: `M${x} ${y}L${corner(0.4)}L${corner(-0.4)}Z` }),
  ];
}
