// The records of the sample: filtered, searched, drawn as they are asked for.
(() => {
  const data = pageData();
  const t = data.texts;
  const list = document.getElementById("records");
  const status = document.getElementById("shown");
  const object = document.getElementById("object");
  const search = document.getElementById("search");
  const chips = [...document.querySelectorAll(".chip[data-verdict]")];
  const tone = { same: "good", normalised: "info", lost: "bad", not_migrated: "mute" };
  let wanted = "", verdicts = new Set();

  const searchable = record => {
    if (record.text === undefined) {
      const parts = [record.id, record.title, record.rid];
      for (const line of record.f) {
        const field = data.fields[line.i];
        parts.push(field.name, field.label, line.sent || "", line.stored || "");
        for (const cell of line.src) parts.push(cell[0], cell[1] || "", cell[2] || "");
      }
      record.text = fold(parts.join("\n"));
    }
    return record.text;
  };
  const verdictsOf = record => record.set || (record.set = new Set(record.f.map(line => line.v)));
  const fits = record =>
    (object.value === "" || record.o === Number(object.value)) &&
    (verdicts.size === 0 || [...verdicts].some(verdict => verdictsOf(record).has(verdict))) &&
    (wanted === "" || searchable(record).includes(wanted));

  const value = (text, extra) => {
    const cell = make("td", { class: `value ${extra}` });
    cell.append(text ? marked(text, wanted) : make("span", { class: "blank", text: t.empty }));
    return cell;
  };
  const labelled = (cell, label) => { cell.dataset.label = label; return cell; };
  const badge = verdict => make("span", { class: `badge ${tone[verdict]}`, text: t.verdicts[verdict] });

  function fieldRow(line) {
    const field = data.fields[line.i];
    const name = make("th", { scope: "row" },
      make("span", { class: "field-name", text: field.label }),
      make("span", { class: "field-code", text: `${field.name} · ${field.type}` }));
    const sources = make("td", { class: "value" });
    for (const [head, text, understood] of line.src) {
      const box = make("div", { class: "source" }, make("span", { class: "head", text: head }));
      box.append(text ? marked(text, wanted) : make("span", { class: "blank", text: text === null ? t.no_column : t.empty }));
      if (understood !== undefined) {
        box.append(make("div", { class: "understood" }, make("span", { class: "head", text: t.understood }),
          understood ? marked(understood, wanted) : make("span", { class: "blank", text: t.nothing })));
      }
      sources.append(box);
    }
    if (!line.src.length) sources.append(make("span", { class: "blank", text: t.no_source }));
    const moved = line.v !== "not_migrated";
    const stored = line.stored === undefined ? line.sent : line.stored;
    const extra = line.v === "lost" ? "lost" : line.v === "normalised" ? "changed" : "same-as";
    const verdict = make("td", {}, badge(line.v));
    if (line.why) verdict.append(make("p", { class: "small muted", text: line.why }));
    return make("tr", { class: line.v === "lost" ? "bad" : null }, name,
      labelled(sources, t.source), labelled(make("td", { class: "small", text: field.says }), t.transformation),
      moved ? labelled(value(line.sent, ""), t.sent) : labelled(make("td", { class: "blank", text: "–" }), t.sent),
      moved ? labelled(value(stored, extra), t.stored) : labelled(make("td", { class: "blank", text: "–" }), t.stored),
      labelled(verdict, t.verdict));
  }

  function body(record) {
    const lines = verdicts.size ? record.f.filter(line => verdicts.has(line.v)) : record.f;
    const head = make("tr", {}, ...[t.field, t.source, t.transformation, t.sent, t.stored, t.verdict]
      .map(text => make("th", { scope: "col", text })));
    const inside = make("div", { class: "inside" });
    if (record.why) inside.append(make("div", { class: "note warn" }, make("p", { text: record.why })));
    if (record.url) inside.append(make("p", {}, make("a", { href: record.url, rel: "noreferrer", text: t.open })));
    const table = make("table", { class: "diff" }, make("thead", {}, head), make("tbody", {}, ...lines.map(fieldRow)));
    inside.append(make("div", { class: "scroll stack", tabindex: "0", role: "region", "aria-label": record.title }, table));
    return inside;
  }

  function draw(record) {
    const counts = {};
    for (const line of record.f) counts[line.v] = (counts[line.v] || 0) + 1;
    const summary = make("summary", {},
      make("span", { class: "grow" }, marked(record.title || record.id, wanted),
        make("span", { class: "sub", text: `  ${data.objects[record.o]} · ${record.id}` })));
    for (const verdict of ["lost", "not_migrated", "normalised", "same"]) {
      if (counts[verdict]) {
        summary.append(make("span", { class: `badge ${tone[verdict]}`, text: `${counts[verdict]} ${t.verdicts[verdict]}` }));
      }
    }
    if (record.why) summary.append(make("span", { class: "badge warn", text: t.not_landed }));
    const box = make("details", {}, summary);
    box.addEventListener("toggle", () => {
      if (box.open && box.childElementCount === 1) box.append(body(record));
    });
    return box;
  }

  const grown = growing(list, document.getElementById("more"), 40, draw);
  let current = [];
  function update() {
    wanted = fold(search.value.trim());
    current = data.records.filter(fits);
    grown.show(current);
    status.textContent = filled(t.shown, { n: current.length, all: data.records.length });
    document.getElementById("nothing").hidden = current.length > 0;
    if (verdicts.size && current.length <= 10) open(true);
  }
  const open = how => { for (const box of list.querySelectorAll("details")) box.open = how; };

  object.addEventListener("change", update);
  search.addEventListener("input", later(120, update));
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(on));
      if (on) verdicts.add(chip.dataset.verdict); else verdicts.delete(chip.dataset.verdict);
      update();
    });
  }
  document.getElementById("open-all").addEventListener("click", () => open(true));
  document.getElementById("close-all").addEventListener("click", () => open(false));
  update();
})();
