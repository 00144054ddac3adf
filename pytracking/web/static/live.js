// The camera's pictures on their way to the server, and those that wait for an answer.

import { encode } from "./camera.js";

const IN_FLIGHT = 2; // pictures without an answer: one in the tracker, one that waits for it
const REFRESH_MS = 100; // where that takes long, a newer one is sent, which takes the place of the one that waits
const MOST_IN_FLIGHT = 10;

export class Live {
  constructor(camera, link, meter) {
    Object.assign(this, { camera, link, meter });
    this.sending = Promise.resolve();
    this.lastSent = 0; // ms
    this.begin = 0; // ms, when the first picture was sent
    this.times = new Map(); // of the pictures on their way, seconds after the first
    this.pictures = new Map(); // canvases, by number
  }

  clear() {
    this.pictures.clear();
    this.times.clear();
    this.begin = 0;
  }

  // The camera has a picture: send it, unless enough are on their way.
  offer() {
    this.meter.offer();
    const most = performance.now() > this.lastSent + REFRESH_MS ? MOST_IN_FLIGHT : IN_FLIGHT;
    if (this.link.idle && this.pictures.size < most) this.send();
  }

  // Send what the camera sees; the picture.
  send() {
    const { number, canvas } = this.camera.grab();
    this.lastSent = performance.now();
    this.begin ||= this.lastSent;
    this.pictures.set(number, canvas);
    this.times.set(number, (this.lastSent - this.begin) / 1000);
    this.meter.start(number);
    this.sending = this.sending.then(async () => this.link.sendPicture(number, await encode(canvas)));
    return { number, canvas };
  }

  time(number) {
    return this.times.get(number) ?? null;
  }

  // Forget the picture `frame` and those before it, which were replaced.
  settle(frame) {
    for (const number of this.pictures.keys()) if (number <= frame) this.pictures.delete(number);
    for (const number of this.times.keys()) if (number < frame) this.times.delete(number); // a box may still come for it
  }
}
