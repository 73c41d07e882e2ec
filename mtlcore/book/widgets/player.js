// A button that plays and pauses a whole number of the model's state, up to the last one; the pause from one to the
// next is in milliseconds. While it plays, the text of status is not read aloud.
function player({ model, el }, name, last, pause, status) {
  const node = make("button", { type: "button", onclick: () => (timer ? stop() : start()) });
  let timer = null;
  function stop() {
    if (timer) model.save_changes();
    clearInterval(timer);
    timer = null;
    show();
  }
  function start() {
    if (model.get(name) === last) store(model, name, 0, false);
    timer = setInterval(() => {
      if (!el.isConnected || model.get(name) === last) stop();
      else store(model, name, model.get(name) + 1, false);
    }, pause);
    show();
  }
  function show() {
    node.textContent = timer ? "❚❚ Pause" : "▶ Play";
    node.setAttribute("aria-label", timer ? "pause" : `play the ${name}s`);
    status.setAttribute("aria-live", timer ? "off" : "polite");
  }
  show();
  return { node, stop };
}
