// What was found so far: the targets of each frame by id, their names, and which of them are removed.

const MOST = 500000; // boxes; those of the oldest frames go

export class Tracks {
  constructor() {
    this.clear();
  }

  clear() {
    this.byFrame = new Map(); // frame -> {time, targets: Map by id}
    this.frames = []; // those with an answer, ascending
    this.names = new Map();
    this.removed = new Set();
    this.known = new Set(); // all ids so far
    this.count = 0;
    this.unsaved = false; // whether there are boxes that no file has
    this.full = false;
  }

  get nextId() {
    return Math.max(-1, ...this.known) + 1;
  }

  get empty() {
    return !this.ids.some((id) => this.known.has(id));
  }

  // Ids that are not removed, ascending.
  get ids() {
    return [...this.known].filter((id) => !this.removed.has(id)).sort((a, b) => a - b);
  }

  // The number of boxes that a table has.
  get boxes() {
    let boxes = 0;
    for (const { targets } of this.byFrame.values()) for (const id of targets.keys()) boxes += !this.removed.has(id);
    return boxes;
  }

  add(frame, targets, time) {
    if (!targets.length) return;
    if (!this.byFrame.has(frame)) {
      this.byFrame.set(frame, { time, targets: new Map() });
      this.frames.splice(this.place(frame), 0, frame);
    }
    const here = this.byFrame.get(frame).targets;
    for (const target of targets) {
      if (!here.has(target.id)) {
        this.count += 1;
        this.unsaved = true;
      }
      here.set(target.id, target);
      this.known.add(target.id);
    }
    while (this.count > MOST) {
      const oldest = this.frames.shift();
      this.count -= this.byFrame.get(oldest).targets.size;
      this.byFrame.delete(oldest);
      this.full = true;
    }
  }

  // Index of the first frame that is not before `frame`.
  place(frame) {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle] < frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // What was found of a target in the last `count` frames up to `frame`, oldest first; undefined where it was not.
  before(frame, id, count) {
    const end = this.place(frame + 1);
    return this.frames.slice(Math.max(0, end - count), end).map((at) => this.byFrame.get(at).targets.get(id));
  }

  name(id) {
    return this.names.get(id) ?? "";
  }
}
