// How many frames a second, how long one takes, and whether the tracker keeps up with the camera.

const WINDOW_MS = 2000;
const FEWEST = 3; // answers that a rate is made of
const SLOW = 0.75; // of the camera's pictures: fewer are answered
const FAST = 0.9; // so many are answered: that is over

export class Meter {
  // pace: what is shown while the tracker is slower than the camera.
  constructor(element, pace) {
    this.element = element;
    this.pace = pace;
    this.clear();
  }

  clear() {
    this.sent = new Map();
    this.answers = []; // [time, duration] of the last two seconds, ms
    this.offered = []; // when the camera had a picture, ms
    this.element.textContent = "";
    this.pace.hidden = true;
  }

  // The camera has a picture.
  offer() {
    const now = performance.now();
    this.offered.push(now);
    if (this.offered[0] < now - WINDOW_MS) this.offered.shift();
  }

  start(number) {
    this.sent.set(number, performance.now());
  }

  // A frame is done. ms: how long it took; by default, the time since it was started.
  stop(number, size, ms = performance.now() - this.sent.get(number)) {
    const now = performance.now();
    for (const earlier of this.sent.keys()) if (earlier <= number) this.sent.delete(earlier);
    this.answers.push([now, ms]);
    this.answers = this.answers.filter(([time], i, all) => time > now - WINDOW_MS || i >= all.length - FEWEST);
    if (this.answers.length < FEWEST) return;
    const rate = perSecond(this.answers.map(([time]) => time));
    const durations = this.answers.map(([, duration]) => duration).sort((a, b) => a - b);
    const median = durations[durations.length >> 1];
    this.element.textContent = `${rate.toFixed(1)} fps · ${median.toFixed(0)} ms · ${size[0]} × ${size[1]}`;
    if (now - this.offered[0] > WINDOW_MS / 2) {
      this.pace.hidden = rate > (this.pace.hidden ? SLOW : FAST) * perSecond(this.offered);
    }
  }
}

function perSecond(times) {
  return ((times.length - 1) / (times.at(-1) - times[0])) * 1000;
}
