// The boxes so far, to be saved as the CSV that run_video writes.

const HEADER = "frame,id,x,y,w,h,score,state";
const MOST = 500000; // rows; the oldest go

export class Boxes {
  constructor() {
    this.rows = new Map();
  }

  clear() {
    this.rows.clear();
  }

  get empty() {
    return this.rows.size === 0;
  }

  // What was said first of a target in a frame stands.
  add(frame, targets) {
    for (const { id, box, score, state } of targets) {
      const key = `${frame},${id}`;
      if (this.rows.has(key)) continue;
      this.rows.set(key, [key, ...box.map((value) => value.toFixed(4)), score.toFixed(4), state].join(","));
      if (this.rows.size > MOST) this.rows.delete(this.rows.keys().next().value);
    }
  }

  save(name) {
    const text = [HEADER, ...this.rows.values(), ""].join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}
