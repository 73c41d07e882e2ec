for (const root of document.querySelectorAll(".mtl-static:not([data-live])")) {
  root.dataset.live = "";
  const { module, state } = JSON.parse(root.querySelector("script").textContent);
  let listeners = [];
  const model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      listeners.filter(([event]) => event === `change:${name}`).forEach(([, call]) => call());
    },
    on: (event, call) => listeners.push([event, call]),
    off(event, call) {
      listeners = listeners.filter(([e, c]) => e !== event || c !== call);
    },
    save_changes() {},
  };
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  import(address).then((loaded) =>
    loaded.default.render({ model, el: root.querySelector(".mtl-view") }));
}
