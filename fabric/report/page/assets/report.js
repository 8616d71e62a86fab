// The drawing of a report: zoom, search, details of a device, and what is laid over it. Without this script the drawing and
// all tables are there all the same.
"use strict";

const drawings = JSON.parse(document.getElementById("drawings").textContent);
document.querySelectorAll(".picture").forEach((picture, index) => animate(picture, drawings[index]));
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));

function animate(picture, data) {
  const canvas = picture.querySelector(".canvas");
  const svg = canvas.querySelector("svg");
  const devices = new Map([...svg.querySelectorAll("[data-device]")].map((node) => [node.dataset.device, node]));
  const cables = new Map([...svg.querySelectorAll("[data-cable]")].map((path) => [path.dataset.cable, path]));
  const view = viewOf(svg);
  picture.querySelector(".controls").hidden = false;

  zooming(picture, canvas, svg, view);
  choosing(picture, devices, data.devices, (name) => view.around(devices.get(name)));
  picture.querySelector(".overlay").addEventListener("change", (event) => {
    lay(picture, canvas, devices, cables, data.overlays[event.target.value]);
  });
}

// The part of the drawing that is seen, as the SVG's viewBox.
function viewOf(svg) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const view = { x: 0, y: 0, width, height };
  const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  return {
    get width() { return view.width; },
    scale(by, x = view.x + view.width / 2, y = view.y + view.height / 2) {
      const factor = Math.min(Math.max(by, 40 / view.width), (2 * width) / view.width);
      view.x = x - (x - view.x) * factor;
      view.y = y - (y - view.y) * factor;
      view.width *= factor;
      view.height *= factor;
      show();
    },
    move(x, y) { view.x += x; view.y += y; show(); },
    whole() { Object.assign(view, { x: 0, y: 0, width, height }); show(); },
    around(node) {
      const box = node.getBBox();
      view.width = Math.min(width, 900);
      view.height = (view.width * height) / width;
      view.x = box.x + box.width / 2 - view.width / 2;
      view.y = box.y + box.height / 2 - view.height / 2;
      show();
    },
  };
}

function zooming(picture, canvas, svg, view) {
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  picture.querySelector(".closer").addEventListener("click", () => view.scale(0.8));
  picture.querySelector(".farther").addEventListener("click", () => view.scale(1.25));
  picture.querySelector(".whole").addEventListener("click", () => view.whole());
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas && !canvas.contains(document.activeElement)) return;
    event.preventDefault();
    const point = at(event);
    view.scale(event.deltaY > 0 ? 1.15 : 0.87, point.x, point.y);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = view.width / 10;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key === "+" || event.key === "=") view.scale(0.8);
    else if (event.key === "-") view.scale(1.25);
    else if (event.key === "0") view.whole();
    else if (moves[event.key]) view.move(...moves[event.key]);
    else return;
    event.preventDefault();
  });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = at(event); });
  svg.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const point = at(event);
    view.move(held.x - point.x, held.y - point.y);
  });
  svg.addEventListener("pointerup", () => { held = null; });
}

function choosing(picture, devices, details, centre) {
  const panel = picture.querySelector(".device-panel");
  const choose = (name) => {
    devices.forEach((node) => node.classList.toggle("chosen", node.dataset.device === name));
    panel.replaceChildren(...describe(name, details[name]));
    panel.hidden = false;
  };
  devices.forEach((node, name) => {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", `${name}: details`);
    node.addEventListener("click", () => choose(name));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(name); }
    });
  });
  const find = picture.querySelector(".find");
  const told = picture.querySelector(".told");
  find.addEventListener("change", () => {
    const wanted = find.value.trim().toLowerCase();
    const name = [...devices.keys()].find((key) => key === wanted) ?? [...devices.keys()].find((key) => key.includes(wanted));
    told.textContent = name || !wanted ? "" : `No device is called ${wanted}.`;
    if (name && wanted) { centre(name); choose(name); }
  });
}

function describe(name, details) {
  const heading = element("h3", name);
  if (!details) return [heading];
  const facts = element("dl");
  details.facts.forEach(([key, value]) => facts.append(element("dt", key), element("dd", value)));
  const sessions = element("table");
  sessions.append(element("caption", "Sessions"));
  details.sessions.forEach((row) => sessions.append(rowOf(row)));
  const config = element("details");
  config.append(element("summary", "Configuration"), element("pre", details.config));
  return [heading, facts, ...(details.sessions.length ? [sessions] : []), ...(details.config ? [config] : [])];
}

function rowOf(cells) {
  const row = element("tr");
  row.append(...cells.map((cell) => element("td", cell)));
  return row;
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function lay(picture, canvas, devices, cables, overlay) {
  canvas.classList.toggle("overlaid", Boolean(overlay));
  [...devices.values(), ...cables.values()].forEach((node) => {
    node.classList.remove("down", "hurt", "loaded", "load-1", "load-2", "load-3", "load-4");
  });
  picture.querySelector(".told").textContent = overlay?.text ?? "";
  if (!overlay) return;
  overlay.down_devices.forEach((name) => devices.get(name)?.classList.add("down"));
  overlay.hurt.forEach((name) => devices.get(name)?.classList.add("hurt"));
  overlay.down_cables.forEach((name) => cables.get(name)?.classList.add("down"));
  Object.entries(overlay.load).forEach(([name, share]) => {
    const step = 1 + Math.min(3, Math.floor(share * 4));
    cables.get(name)?.classList.add("loaded", `load-${step}`);
  });
}
