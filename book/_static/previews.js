// Shows beside a link what it refers to; Escape closes it.
(() => {
  const SHOWN = ".proof, .exercise, figure, .math, .citation";
  const root = document.documentElement.dataset.content_root ?? "";
  const box = document.createElement("div");
  Object.assign(box, { id: "preview", className: "preview", hidden: true });
  box.setAttribute("role", "tooltip");
  let link = null;
  let timer = 0;

  const later = (action, delay) => {
    clearTimeout(timer);
    timer = setTimeout(action, delay);
  };

  const elsewhere = () =>
    new Promise((resolve) => {
      if (typeof PREVIEWS !== "undefined") return resolve();
      const script = document.createElement("script");
      script.src = `${root}_static/previews-elsewhere.js`;
      script.onload = script.onerror = resolve;
      document.head.append(script);
    });

  async function content(anchor) {
    const url = new URL(anchor.href);
    const id = decodeURIComponent(url.hash.slice(1));
    if (url.pathname === location.pathname) {
      const target = document.getElementById(id);
      return target?.matches(SHOWN) ? target.cloneNode(true) : null;
    }
    if (anchor.dataset.source) {
      const text = document.createElement("p");
      text.textContent = anchor.dataset.source;
      return text;
    }
    await elsewhere();
    if (typeof PREVIEWS === "undefined") return null;
    const top = new URL(root || ".", location.href).pathname;
    const html = PREVIEWS[`${decodeURIComponent(url.pathname.slice(top.length))}#${id}`];
    if (!html) return null;
    const node = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    for (const image of node.querySelectorAll("img")) image.src = root + image.getAttribute("src");
    return node;
  }

  async function show(anchor) {
    const node = await content(anchor);
    if (!node || anchor !== link) return;
    for (const part of [node, ...node.querySelectorAll("[id]")]) part.removeAttribute("id");
    for (const part of node.querySelectorAll("a, button, .headerlink")) {
      if (part.matches(".headerlink, button")) part.remove();
      else part.replaceWith(...part.childNodes);
    }
    box.replaceChildren(node);
    box.hidden = false;
    if (!node.querySelector("mjx-container")) await window.MathJax?.typesetPromise?.([box]);
    const at = anchor.getBoundingClientRect();
    const below = at.bottom + box.offsetHeight + 8 < innerHeight || at.top < box.offsetHeight + 8;
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8));
    box.style.left = `${scrollX + left}px`;
    box.style.top = `${scrollY + (below ? at.bottom + 4 : at.top - box.offsetHeight - 4)}px`;
    anchor.setAttribute("aria-describedby", box.id);
  }

  function hide() {
    clearTimeout(timer);
    link?.removeAttribute("aria-describedby");
    link = null;
    box.hidden = true;
  }

  function enter(anchor, delay) {
    if (anchor === link) return clearTimeout(timer);
    hide();
    link = anchor;
    later(() => show(anchor), delay);
  }

  document.body.append(box);
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", () => later(hide, 200));
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  for (const anchor of document.querySelectorAll("article a.internal[href*='#']")) {
    // The bibliography's own tooltip
    if (anchor.title) {
      anchor.dataset.source = anchor.title;
      anchor.removeAttribute("title");
    }
    anchor.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && enter(anchor, 200));
    anchor.addEventListener("pointerleave", () => anchor === link && later(hide, 200));
    anchor.addEventListener("focus", () => anchor.matches(":focus-visible") && enter(anchor, 0));
    anchor.addEventListener("blur", hide);
  }
})();
