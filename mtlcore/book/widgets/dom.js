const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "line", "circle", "rect", "text", "tspan", "title"]);

// make("line", {x1: 0, onclick: call}, child, "text"): an element; attributes that are null or false stay out.
function make(tag, attributes = {}, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");

// A slider between its name and its value, over the values of a list. show takes a value, its words for a
// screen reader, and its text if that is not the value itself.
function slider(text, values, onvalue) {
  const output = make("output");
  const input = make("input", { type: "range", min: 0, max: values.length - 1, oninput: () => onvalue(values[input.value]) });
  const show = (value, words, shown = value) => {
    input.value = values.indexOf(value);
    input.setAttribute("aria-valuetext", words);
    output.textContent = shown;
  };
  return { input, output, show, node: make("label", { class: "mtl-slider" }, make("span", {}, text), input, output) };
}

// A name that no other group of radio buttons on the page has.
const group = () => `mtl-${Math.random()}`;

// Radio buttons for choices [value, text].
function choice(legend, choices, onchoice) {
  const name = group();
  const radios = choices.map(([value, text]) => {
    const input = make("input", { type: "radio", name, onchange: () => onchoice(value) });
    return { value, input, label: make("label", {}, input, text) };
  });
  const node = make("fieldset", { class: "mtl-choice" }, make("legend", {}, legend), ...radios.map(({ label }) => label));
  return { node, show: (value) => radios.forEach((radio) => { radio.input.checked = radio.value === value; }) };
}

// Set a value of the model; while a drag goes on (done = false) Python is not told yet.
function store(model, name, value, done = true) {
  model.set(name, value);
  if (done) model.save_changes();
}

// A knob that mouse, finger and keys move: drag takes a pointer's events while it holds the knob, key those of keys.
function knob(attributes, drag, key, done) {
  const node = make("g", { class: "mtl-handle", role: "slider", tabindex: 0, ...attributes,
    onkeydown: key,
    onpointerdown: (event) => {
      if (event.button) return;
      node.setPointerCapture(event.pointerId);
      node.focus({ focusVisible: false, preventScroll: true });
      event.preventDefault();
    },
    onpointermove: (event) => { if (node.hasPointerCapture(event.pointerId)) drag(event); },
    onpointerup: done },
  make("circle", { r: 24, fill: "transparent" }), make("circle", { r: 15, class: "mtl-focus" }), make("circle", { r: 8, class: "mtl-knob" }));
  node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  return node;
}

// Call update now and whenever one of the named values changes; what comes back ends that.
function bind(model, names, update) {
  update();
  const events = names.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  return () => events.forEach((event) => model.off(event, update));
}

// Style of an element in the colours [light page, dark page]; its class is mtl-rule.
const colours = ([light, dark]) => `--light:${light};--dark:${dark}`;

// The widget's root; its controls have the colours of data.accent.
const root = (name, label, accent, ...children) => make("div", { class: `mtl-widget mtl-${name} mtl-rule`,
  role: "group", "aria-label": label, style: colours(accent) }, ...children);

// A table with one row a task, in the tasks' colours; show takes a list of texts a task.
function taskTable(heads, pairs) {
  const rows = pairs.map((pair, task) => {
    const cells = heads.map(() => make("td"));
    const name = make("span", { class: "mtl-name-of" }, make("span", { class: "mtl-swatch" }), `task ${task + 1}`);
    return { cells, row: make("tr", { class: "mtl-rule", style: colours(pair) }, make("th", { scope: "row" }, name), ...cells) };
  });
  const node = make("table", {},
    make("thead", {}, make("tr", {}, make("td"), ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(({ row }) => row)));
  return { node, show: (texts) => rows.forEach(({ cells }, task) => cells.forEach((cell, i) => { cell.textContent = texts[task][i]; })) };
}
