// Drawing a box with a mouse, a finger or the arrow keys.

const SMALLEST = 8; // pixels of the picture; less is a tap
const KEY_STEP = 0.02; // of the picture's longer side

export class Selector {
  // handlers: {begin() -> whether a box may be drawn now, done(box), cancel(), short(point)}
  constructor(stage, handlers) {
    this.stage = stage;
    this.handlers = handlers;
    this.keyboard = false;
    const overlay = stage.overlay;
    overlay.addEventListener("pointerdown", (event) => this.press(event));
    overlay.addEventListener("pointermove", (event) => this.move(event));
    overlay.addEventListener("pointerup", (event) => this.release(event));
    overlay.addEventListener("pointercancel", () => this.cancel());
    overlay.addEventListener("blur", () => this.keyboard && this.cancel());
  }

  get active() {
    return this.stage.selection !== null;
  }

  press(event) {
    if (event.button !== 0 || !event.isPrimary || (!this.active && !this.handlers.begin())) return;
    this.stage.overlay.setPointerCapture(event.pointerId);
    this.keyboard = false;
    this.start = this.stage.locate(event);
    this.set([...this.start, 0, 0]);
  }

  move(event) {
    if (!this.active || this.keyboard || !event.isPrimary) return;
    const [x, y] = this.stage.locate(event);
    const [x0, y0] = this.start;
    this.set([Math.min(x, x0), Math.min(y, y0), Math.abs(x - x0), Math.abs(y - y0)]);
  }

  release(event) {
    if (!this.active || this.keyboard || !event.isPrimary) return;
    this.move(event);
    const [, , w, h] = this.stage.selection;
    if (Math.min(w, h) >= SMALLEST) this.finish();
    else {
      this.cancel();
      this.handlers.short(this.start);
    }
  }

  // A box, by default in the middle, to be moved by the arrow keys.
  startKeyboard(box = null) {
    if (this.active || !this.handlers.begin()) return;
    const [width, height] = this.stage.size;
    const side = Math.min(width, height) / 4;
    this.stage.overlay.focus({ preventScroll: true });
    this.keyboard = true;
    this.set(box ?? [(width - side) / 2, (height - side) / 2, side, side]);
  }

  // Whether the key was one of ours.
  key(event) {
    if (!this.active) return false;
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Enter" && this.keyboard) this.finish();
    else if (event.key.startsWith("Arrow") && this.keyboard) this.nudge(event);
    else return false;
    return true;
  }

  nudge(event) {
    const [width, height] = this.stage.size;
    const step = event.altKey ? 1 : Math.max(1, Math.round(KEY_STEP * Math.max(width, height)));
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    let [x, y, w, h] = this.stage.selection;
    if (event.shiftKey) {
      w = Math.min(Math.max(w + by[0], SMALLEST), width - x);
      h = Math.min(Math.max(h + by[1], SMALLEST), height - y);
    } else {
      x = Math.min(Math.max(x + by[0], 0), width - w);
      y = Math.min(Math.max(y + by[1], 0), height - h);
    }
    this.set([x, y, w, h]);
  }

  set(box) {
    this.stage.selection = box;
    this.stage.draw();
  }

  finish() {
    const box = this.stage.selection;
    this.set(null);
    this.handlers.done(box);
  }

  cancel() {
    if (!this.active) return;
    this.set(null);
    this.handlers.cancel();
  }
}
