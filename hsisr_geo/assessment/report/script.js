for (const swipe of document.querySelectorAll(".swipe")) {
  const pictures = new Map([...document.querySelectorAll("#" + swipe.id + "-pictures img")].map(i => [i.dataset.title, i]));
  const stage = swipe.querySelector(".stage"), range = stage.querySelector("input");
  const largest = [...pictures.values()].reduce((a, b) => b.width * b.height > a.width * a.height ? b : a);
  const cols = largest.getAttribute("width"), rows = largest.getAttribute("height");
  stage.style.aspectRatio = cols + " / " + rows;
  swipe.style.width = "min(100%, calc(min(80vh, 600px) * " + cols + " / " + rows + "))";
  for (const side of ["left", "right"]) {
    const pick = swipe.querySelector(".pick-" + side);
    const show = () => {
      const image = stage.querySelector("img." + side), shown = pictures.get(pick.value);
      image.src = shown.src;
      image.alt = shown.alt;
    };
    pick.value = swipe.dataset[side];
    pick.addEventListener("change", show);
    show();
  }
  range.addEventListener("input", () => stage.style.setProperty("--at", range.value + "%"));
  swipe.hidden = false;
}

// The spectrum of any pixel: out of the packed lattice, drawn as SVG, told in words and as a table.
const packed = document.getElementById("samples");
if (packed) {
  const data = JSON.parse(packed.textContent), section = document.getElementById("pick");
  const bytes = Uint8Array.from(atob(data.values), c => c.charCodeAt(0));
  const steps = new DataView(bytes.buffer), bands = data.x.length, hole = 65535;
  const svg = section.querySelector("svg"), image = section.querySelector("img"), cross = section.querySelector(".cross");
  const rowInput = document.getElementById("pick-row"), colInput = document.getElementById("pick-col");
  const original = [...document.querySelectorAll("#truth-pictures img")].find(i => i.dataset.title === "original");
  const [height, width] = data.shape;
  const known = {"bicubic": "var(--bicubic)", "back-projection": "var(--mixed)"};
  const colors = data.methods.map((name, i) => i === 0 ? "var(--ink)" : known[name] || "var(--better)");
  const left = 66, right = 630, top = 10, bottom = 318;
  const order = [...data.x.keys()].sort((a, b) => data.x[a] - data.x[b]);
  const noisy = new Set(data.noise);
  const first = Math.min(...data.x), last = Math.max(...data.x);
  const gap = 3 * median(order.slice(1).map((band, i) => data.x[band] - data.x[order[i]]));
  const unit = data.unit ? " " + data.unit : "";

  if (!image.getAttribute("src")) image.src = original.src;
  image.width = width;
  image.height = height;
  document.querySelector(".legend").replaceChildren(...data.methods.map((name, i) => {
    const item = document.createElement("span"), line = document.createElement("i");
    line.style.borderColor = colors[i];
    item.append(line, name);
    return item;
  }));

  function median(values) {
    return values.length ? [...values].sort((a, b) => a - b)[values.length >> 1] : 1;
  }

  function spectrum(method, row, col) {
    const start = ((method * data.rows.length + row) * data.cols.length + col) * bands;
    return data.x.map((_, band) => {
      const step = steps.getUint16(2 * (start + band), true);
      return step === hole ? NaN : data.low[band] + step / (hole - 1) * (data.high[band] - data.low[band]);
    });
  }

  function ticks(low, high, wanted) {
    const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
    const size = power * [1, 2, 2.5, 5, 10].find(n => n * power >= rough), found = [];
    for (let i = Math.ceil(low / size); i * size <= high; i++) found.push(+(i * size).toPrecision(12));
    return found;
  }

  function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function limits(spectra) {
    const quiet = spectra.flatMap(values => values.filter((v, band) => Number.isFinite(v) && !noisy.has(band))).sort((a, b) => a - b);
    if (!quiet.length) return [0, 1];
    const low = quiet[Math.floor(0.005 * (quiet.length - 1))], high = quiet[Math.ceil(0.995 * (quiet.length - 1))];
    const pad = 0.08 * (high - low) || Math.abs(high) * 0.1 || 1;
    return [low - pad, high + pad];
  }

  function draw(spectra) {
    const [low, high] = limits(spectra);
    const x = nm => left + (right - left) * (last > first ? (nm - first) / (last - first) : 0.5);
    const y = value => bottom - (bottom - top) * (value - low) / (high - low);
    const parts = [];
    for (const tick of ticks(low, high, 7)) {
      parts.push(element("line", {class: "grid-line", x1: left, x2: right, y1: y(tick), y2: y(tick)}));
      parts.push(element("text", {x: left - 8, y: y(tick) + 4, "text-anchor": "end"}, tick));
    }
    for (const tick of ticks(first, last, 8)) {
      parts.push(element("line", {class: "grid-line", x1: x(tick), x2: x(tick), y1: top, y2: bottom}));
      parts.push(element("text", {x: x(tick), y: bottom + 18, "text-anchor": "middle"}, tick));
    }
    parts.push(element("text", {x: (left + right) / 2, y: bottom + 38, "text-anchor": "middle"}, data.label + (data.unit ? "; values in " + data.unit : "")));
    spectra.forEach((values, method) => {
      let path = "", before = null;
      for (const band of order) {
        const value = values[band];
        if (!Number.isFinite(value)) { before = null; continue; }
        const on = before !== null && data.x[band] - before <= gap;
        path += (on ? "L" : "M") + x(data.x[band]).toFixed(1) + "," + Math.min(Math.max(y(value), top - 6), bottom + 6).toFixed(1);
        before = data.x[band];
      }
      parts.push(element("path", {class: "curve", d: path, stroke: colors[method], "stroke-opacity": method ? 1 : 0.55, style: method ? "" : "stroke-width: 4"}));
    });
    svg.replaceChildren(...parts);
  }

  function apart(values, truth) {
    const pairs = values.map((v, i) => [v, truth[i]]).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
    if (!pairs.length) return null;
    const sum = f => pairs.reduce((total, pair) => total + f(pair), 0);
    const cosine = sum(([a, b]) => a * b) / Math.sqrt(sum(([a]) => a * a) * sum(([, b]) => b * b));
    return {rmse: Math.sqrt(sum(([a, b]) => (a - b) ** 2) / pairs.length), angle: Math.acos(Math.min(1, cosine)) * 180 / Math.PI};
  }

  function tell(row, col, spectra) {
    const place = "Row " + (data.origin[0] + data.rows[row]) + ", column " + (data.origin[1] + data.cols[col]) + " of the scene";
    const errors = data.methods.slice(1).map((name, i) => {
      const found = apart(spectra[i + 1], spectra[0]);
      return found ? name + " is off by " + found.rmse.toPrecision(3) + unit + " and " + found.angle.toFixed(2) + "°" : null;
    }).filter(Boolean);
    document.getElementById("pick-said").textContent = errors.length ? place + ": " + errors.join("; ") + " (root mean square; spectral angle)." : place + " is a hole.";
  }

  function fill(spectra) {
    const head = document.createElement("thead"), body = document.createElement("tbody");
    head.insertRow().append(...[data.label, ...data.methods].map(text => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = text;
      return cell;
    }));
    for (const band of order) {
      const line = body.insertRow(), name = document.createElement("th");
      name.scope = "row";
      name.textContent = data.x[band];
      line.append(name);
      for (const values of spectra) line.insertCell().textContent = Number.isFinite(values[band]) ? values[band].toPrecision(4) : "–";
    }
    document.getElementById("pick-table").replaceChildren(head, body);
  }

  function show() {
    const row = +rowInput.value, col = +colInput.value;
    const spectra = data.methods.map((_, method) => spectrum(method, row, col));
    cross.style.left = 100 * (data.cols[col] + 0.5) / width + "%";
    cross.style.top = 100 * (data.rows[row] + 0.5) / height + "%";
    rowInput.setAttribute("aria-valuetext", "row " + (data.origin[0] + data.rows[row]));
    colInput.setAttribute("aria-valuetext", "column " + (data.origin[1] + data.cols[col]));
    draw(spectra);
    tell(row, col, spectra);
    fill(spectra);
  }

  image.addEventListener("click", event => {
    const box = image.getBoundingClientRect();
    const nearest = (places, at) => places.reduce((best, place, i) => Math.abs(place - at) < Math.abs(places[best] - at) ? i : best, 0);
    rowInput.value = nearest(data.rows, (event.clientY - box.top) / box.height * height - 0.5);
    colInput.value = nearest(data.cols, (event.clientX - box.left) / box.width * width - 0.5);
    show();
  });
  rowInput.addEventListener("input", show);
  colInput.addEventListener("input", show);
  section.hidden = false;
  show();
}
