// How many frames a second, and how long one takes.

const WINDOW_MS = 2000;

export class Meter {
  constructor(element) {
    this.element = element;
    this.clear();
  }

  clear() {
    this.sent = new Map();
    this.answers = []; // [time, duration] of the last two seconds, ms
    this.element.textContent = "";
  }

  start(number) {
    this.sent.set(number, performance.now());
  }

  // A frame is done. ms: how long it took; by default, the time since it was started.
  stop(number, size, ms = performance.now() - this.sent.get(number)) {
    const now = performance.now();
    for (const earlier of this.sent.keys()) if (earlier <= number) this.sent.delete(earlier);
    this.answers.push([now, ms]);
    this.answers = this.answers.filter(([time]) => time > now - WINDOW_MS);
    if (this.answers.length < 3) return;
    const rate = ((this.answers.length - 1) / (now - this.answers[0][0])) * 1000;
    const durations = this.answers.map(([, duration]) => duration).sort((a, b) => a - b);
    const median = durations[durations.length >> 1];
    this.element.textContent = `${rate.toFixed(1)} fps · ${median.toFixed(0)} ms · ${size[0]} × ${size[1]}`;
  }
}
