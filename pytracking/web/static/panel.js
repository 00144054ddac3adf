// The list of targets: state, score, and how the score went.

const HISTORY = 160; // frames
const WORDS = { tracking: "Tracking", uncertain: "Uncertain", lost: "Lost" };

export class Panel {
  // onRemove: called with the id of a target. announce: called with what a screen reader should say.
  constructor(list, template, stage, onRemove, announce) {
    Object.assign(this, { list, template, stage, onRemove, announce });
    this.rows = new Map();
  }

  // One frame's targets; frames without a result of their own (a target was added or removed) leave the curves alone.
  update(targets, isNewFrame) {
    const ids = new Set(targets.map((target) => target.id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) {
        const hadFocus = row.item.contains(document.activeElement);
        row.item.remove();
        this.rows.delete(id);
        if (hadFocus) (this.list.querySelector("button") ?? this.stage.overlay).focus({ preventScroll: true });
      }
    }
    for (const target of targets) {
      const row = this.rows.get(target.id) ?? this.addRow(target);
      this.show(row, target);
      if (isNewFrame) {
        row.history.push(target);
        if (row.history.length > HISTORY) row.history.shift();
        this.drawHistory(row);
      }
    }
  }

  addRow(target) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const find = (selector) => item.querySelector(selector);
    const row = { item, state: find(".state"), score: find("output"), canvas: find("canvas"), history: [], last: "" };
    find("strong").textContent = `Target ${target.id}`;
    find("button").setAttribute("aria-label", `Remove target ${target.id}`);
    find("button").addEventListener("click", () => this.onRemove(target.id));
    item.style.setProperty("--colour", this.stage.colour({ id: target.id, state: "tracking" }));
    this.list.append(item);
    this.rows.set(target.id, row);
    this.announce(`Following target ${target.id}`);
    return row;
  }

  show(row, target) {
    row.score.textContent = target.score.toFixed(2);
    if (row.last === target.state) return;
    row.state.textContent = WORDS[target.state];
    row.item.dataset.state = target.state;
    if (target.state === "lost") this.announce(`Target ${target.id} lost`);
    if (row.last === "lost") this.announce(`Target ${target.id} found again`);
    row.last = target.state;
  }

  drawHistory({ canvas, history }) {
    const width = canvas.clientWidth * devicePixelRatio;
    const height = canvas.clientHeight * devicePixelRatio;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const edge = (i) => Math.round((width * (HISTORY - history.length + i)) / HISTORY);
    history.forEach((target, i) => {
      const bar = Math.max(target.score * height, 2 * devicePixelRatio);
      context.fillStyle = this.stage.colour(target);
      context.globalAlpha = target.state === "uncertain" ? 0.5 : 0.9;
      context.fillRect(edge(i), height - bar, edge(i + 1) - edge(i), bar);
    });
  }
}

