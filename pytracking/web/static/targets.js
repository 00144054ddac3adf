// The list of annotated targets: select, rename, remove.

export class TargetList {
  // handlers: {select(id), label(id, label), remove(id)}
  constructor(list, template, stage, project, handlers) {
    Object.assign(this, { list, template, stage, project, handlers });
    this.rows = new Map();
  }

  update(frame, selected) {
    for (const [id, row] of this.rows) if (!this.project.tracks.has(id)) this.drop(id, row);
    for (const track of this.project.tracks.values()) {
      const row = this.rows.get(track.id) ?? this.addRow(track.id);
      if (row.name !== document.activeElement) row.name.value = track.label;
      row.select.setAttribute("aria-pressed", track.id === selected);
      row.state.textContent = state(track, frame);
    }
  }

  addRow(id) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const find = (selector) => item.querySelector(selector);
    const row = { item, name: find(".name"), select: find(".select"), state: find(".state") };
    row.select.textContent = id;
    row.select.setAttribute("aria-label", `Select target ${id}`);
    row.name.setAttribute("aria-label", `Label of target ${id}`);
    find(".remove").setAttribute("aria-label", `Remove target ${id}`);
    item.style.setProperty("--colour", this.stage.colour({ id, state: "tracking" }));
    item.addEventListener("click", ({ target }) => target.closest(".remove") || this.handlers.select(id));
    row.name.addEventListener("change", () => this.handlers.label(id, row.name.value));
    row.name.addEventListener("keydown", ({ key }) => key === "Enter" && this.stage.overlay.focus({ preventScroll: true }));
    find(".remove").addEventListener("click", () => this.handlers.remove(id));
    this.list.append(item);
    this.rows.set(id, row);
    return row;
  }

  drop(id, row) {
    const hadFocus = row.item.contains(document.activeElement);
    row.item.remove();
    this.rows.delete(id);
    if (hadFocus) (this.list.querySelector("button") ?? this.stage.overlay).focus({ preventScroll: true });
  }
}

function state({ boxes }, frame) {
  const box = boxes.get(frame);
  if (!box) return "Not here";
  if (box.key) return "Keyframe";
  return box.doubt < 0.5 ? "Filled" : "In doubt";
}
