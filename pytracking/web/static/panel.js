// The list of targets: name, state, score, and how the score went.

const HISTORY = 160; // frames
const WORDS = { tracking: "Tracking", uncertain: "Uncertain", lost: "Lost" };

export class Panel {
  // handlers: {remove(id), rename(id, name), announce(text)}
  constructor(list, template, stage, tracks, handlers) {
    Object.assign(this, { list, template, stage, tracks, handlers });
    this.rows = new Map();
  }

  // ids: of the targets that are followed. targets: those found in `frame`.
  update(ids, targets, frame) {
    for (const [id, row] of this.rows) if (!ids.includes(id)) this.drop(id, row);
    const found = new Map(targets.map((target) => [target.id, target]));
    for (const id of ids) {
      const row = this.rows.get(id) ?? this.addRow(id);
      this.show(row, id, found.get(id));
      this.drawHistory(row, frame === null ? [] : this.tracks.before(frame, id, HISTORY));
    }
  }

  drop(id, row) {
    const hadFocus = row.item.contains(document.activeElement);
    row.item.remove();
    this.rows.delete(id);
    if (hadFocus) (this.list.querySelector("button") ?? this.stage.overlay).focus({ preventScroll: true });
  }

  addRow(id) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const find = (selector) => item.querySelector(selector);
    const row = { item, name: find(".name"), state: find(".state"), score: find("output"), canvas: find("canvas"), last: "" };
    row.name.setAttribute("aria-label", `Name of target ${id}`);
    row.name.placeholder = `Target ${id}`;
    row.name.addEventListener("change", () => this.handlers.rename(id, row.name.value.trim()));
    row.name.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") row.name.value = this.tracks.name(id);
      if (key === "Enter" || key === "Escape") this.stage.overlay.focus({ preventScroll: true });
    });
    const remove = find("button");
    remove.setAttribute("aria-label", `Remove target ${id} and its boxes`);
    remove.title = "Remove it and its boxes";
    remove.addEventListener("click", () => this.handlers.remove(id));
    item.style.setProperty("--colour", this.stage.colour({ id, state: "tracking" }));
    const after = [...this.rows].find(([other]) => other > id)?.[1].item ?? null;
    this.list.insertBefore(item, after);
    this.rows.set(id, row);
    this.rows = new Map([...this.rows].sort(([a], [b]) => a - b));
    this.handlers.announce(`Following target ${id}`);
    return row;
  }

  show(row, id, target) {
    const name = this.tracks.name(id);
    if (row.name !== document.activeElement) row.name.value = name;
    row.score.textContent = target ? target.score.toFixed(2) : "";
    const state = target?.state ?? "absent";
    if (row.last === state) return;
    row.state.textContent = WORDS[state] ?? "No box in this frame";
    row.item.dataset.state = state;
    if (state === "lost") this.handlers.announce(`${name || `Target ${id}`} lost`);
    if (row.last === "lost" && target) this.handlers.announce(`${name || `Target ${id}`} found again`);
    row.last = state;
  }

  drawHistory({ canvas }, history) {
    const width = canvas.clientWidth * devicePixelRatio;
    const height = canvas.clientHeight * devicePixelRatio;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const edge = (i) => Math.round((width * (HISTORY - history.length + i)) / HISTORY);
    history.forEach((target, i) => {
      if (!target) return;
      const bar = Math.max(target.score * height, 2 * devicePixelRatio);
      context.fillStyle = this.stage.colour(target);
      context.globalAlpha = target.state === "uncertain" ? 0.5 : 0.9;
      context.fillRect(edge(i), height - bar, edge(i + 1) - edge(i), bar);
    });
  }
}
