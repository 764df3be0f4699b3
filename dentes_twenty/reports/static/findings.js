// Rows with a defect, by reason: a reason's table is drawn when it is opened, in parts.
(() => {
  const data = pageData();
  const t = data.texts;
  const object = document.getElementById("object");
  const severity = document.getElementById("severity");
  const search = document.getElementById("search");
  const status = document.getElementById("shown");
  const groups = [...document.querySelectorAll("details[data-code]")];

  const matches = wanted => line =>
    (object.value === "" || line.o === Number(object.value)) &&
    (severity.value === "" || line.s === severity.value) &&
    (wanted === "" || fold(`${line.f} ${line.i || ""} ${line.c || ""}`).includes(wanted));

  function row(line) {
    const cell = (label, text, extra) => make("td", { class: extra || null, "data-label": label, text: text === null ? "–" : text });
    return make("tr", {}, cell(t.object, data.objects[line.o]), cell(t.file, line.f), cell(t.line, line.l, "num"),
      cell(t.source_id, line.i), cell(t.column, line.c));
  }

  for (const group of groups) {
    const body = group.querySelector("tbody");
    const grown = growing(body, group.querySelector("button"), 200, row);
    group.fill = lines => { group.lines = lines; group.drawn = false; if (group.open) group.render(); };
    group.render = () => { group.drawn = true; grown.show(group.lines); };
    group.addEventListener("toggle", () => { if (group.open && !group.drawn) group.render(); });
  }

  function update() {
    const fits = matches(fold(search.value.trim()));
    let found = 0;
    for (const group of groups) {
      const lines = data.findings[group.dataset.code].filter(fits);
      found += lines.length;
      group.hidden = lines.length === 0;
      group.querySelector("[data-count]").textContent = lines.length.toLocaleString(data.language);
      group.fill(lines);
    }
    status.textContent = filled(t.shown, { n: found.toLocaleString(data.language) });
    document.getElementById("nothing").hidden = found > 0;
  }
  object.addEventListener("change", update);
  severity.addEventListener("change", update);
  search.addEventListener("input", later(120, update));
  update();
})();
