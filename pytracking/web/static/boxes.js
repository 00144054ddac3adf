// The boxes so far, to be saved as a CSV with the first columns of run_video's.

const HEADER = "frame,id,x,y,w,h,score,state";
const MOST = 500000; // rows; the oldest go

export class Boxes {
  constructor() {
    this.rows = new Map();
    this.clear();
  }

  clear() {
    this.rows.clear();
    this.unsaved = false; // whether there are boxes that no file has
    this.nextId = 0; // above all ids so far
  }

  get empty() {
    return this.rows.size === 0;
  }

  // What was said first of a target in a frame stands.
  add(frame, targets) {
    for (const { id, box, score, state } of targets) {
      this.nextId = Math.max(this.nextId, id + 1);
      const key = `${frame},${id}`;
      if (this.rows.has(key)) continue;
      this.rows.set(key, [key, ...box.map((value) => value.toFixed(4)), score.toFixed(4), state].join(","));
      this.unsaved = true;
      if (this.rows.size > MOST) this.rows.delete(this.rows.keys().next().value);
    }
  }

  save(name) {
    const text = [HEADER, ...this.rows.values(), ""].join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    this.unsaved = false;
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}
