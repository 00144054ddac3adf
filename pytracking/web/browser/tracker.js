// The worker that tracks, seen from the page.

export class Tracker {
  // handlers: {loading(part), ready(where), failed(message)}
  constructor(handlers) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.waiting = [];
    this.worker.onmessage = ({ data }) => {
      if (data.type === "answer") this.settle(data);
      else handlers[data.type](data.part ?? data.where ?? data.message);
    };
    this.worker.onerror = (event) => handlers.failed(event.message || "The tracker cannot be loaded.");
  }

  settle({ error, ...found }) {
    const { resolve, reject } = this.waiting.shift();
    if (error) reject(new Error(error));
    else resolve(found);
  }

  ask(message) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(message);
    });
  }

  // Learn target `id` in `box` of an ImageBitmap: {targets, seconds}.
  add(image, id, box) {
    return this.ask({ type: "add", id, image, box });
  }

  // Find the targets `ids`: {targets, seconds}.
  track(image, ids) {
    return this.ask({ type: "track", ids, image });
  }
}
