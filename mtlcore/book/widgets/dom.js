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

// A slider between its name and its value.
function slider(text, attributes, oninput) {
  const output = make("output");
  const input = make("input", { type: "range", ...attributes, oninput: () => oninput(Number(input.value)) });
  return { input, output, node: make("label", { class: "mtl-slider" }, make("span", {}, text), input, output) };
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
