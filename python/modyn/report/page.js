"use strict";
// Draws the figures of the page. Their data is JSON in <script type="application/json"> elements; colours are
// names of roles ("var(--ink)") that the style sheet resolves, so that a change of light and dark only redraws.
(() => {
  const style = () => getComputedStyle(document.documentElement);
  const mix = (one, other, share) => "#" + [1, 3, 5].map((at) => Math.round(
    share * parseInt(one.slice(at, at + 2), 16) + (1 - share) * parseInt(other.slice(at, at + 2), 16),
  ).toString(16).padStart(2, "0")).join("");
  const resolve = (value, look) => {
    if (typeof value === "string") {
      const role = /^(var|pale)\((--[a-z0-9-]+)\)$/.exec(value);
      if (!role) return value;
      const colour = look.getPropertyValue(role[2]).trim();
      return role[1] === "pale" ? mix(colour, look.getPropertyValue("--surface").trim(), 0.35) : colour;
    }
    if (Array.isArray(value)) return value.length > 64 ? value : value.map((item) => resolve(item, look));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, look)]));
    }
    return value;
  };

  const themed = (layout, look) => {
    const colour = (role) => look.getPropertyValue(role).trim();
    const axes = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"),
      tickcolor: colour("--line"), tickfont: { color: colour("--muted"), size: 12 } };
    for (const key of Object.keys(layout)) {
      if (!/^[xy]axis\d*$/.test(key)) continue;
      layout[key] = { ...axes, zeroline: false, ...layout[key] };
      if (layout[key].title) layout[key].title = { standoff: 10, font: { color: colour("--muted"), size: 12.5 }, ...layout[key].title };
    }
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...layout,
      font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("--ink") },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--ink") },
      hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--muted"), align: "left",
        font: { color: colour("--ink"), size: 12.5 } },
    };
  };

  const config = { responsive: true, displaylogo: false, displayModeBar: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"] };
  const drawn = new Set();
  const draw = (place) => {
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const look = style();
    drawn.add(place);
    return Plotly.react(place, resolve(figure.data, look), themed(resolve(figure.layout, look), look), config);
  };

  // A figure is drawn when it comes near the window: a page of many large matrices opens at once.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "800px" });
  const places = [...document.querySelectorAll("[data-figure]")];
  places.forEach((place) => near.observe(place));
  const redraw = () => drawn.forEach(draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.addEventListener("beforeprint", () => places.forEach((place) => place.offsetParent && draw(place)));

  const choice = document.getElementById("measure");
  const choose = () => document.querySelectorAll("[data-measure]").forEach((part) => {
    part.hidden = part.dataset.measure !== choice.value;
  });
  if (choice) { choice.addEventListener("change", choose); choose(); }
})();
