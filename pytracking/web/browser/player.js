// A video file, played so that no frame is left out, however slow the tracker is.

const MOST_WAITING = 2; // pictures that wait for the tracker; then the video pauses
const SLOWEST = 0.25; // of the video's speed
const UNSURE = 5; // frames
const SHORTEST = 0.001; // seconds of a frame

export class Player {
  // handlers: {frame(image, number, seconds) -> Promise, exact() -> whether no frame may be left out, changed()}. The
  // image is an ImageBitmap.
  constructor(video, handlers) {
    Object.assign(this, { video, handlers, loaded: false, playing: false });
    video.addEventListener("ended", () => this.end());
  }

  // Resolves when the first picture is there; rejects with an Error whose message is for the person.
  async open(file) {
    this.close();
    this.url = URL.createObjectURL(file);
    this.video.src = this.url;
    await new Promise((resolve, reject) => {
      this.video.onloadeddata = resolve;
      this.video.onerror = () => reject(new Error(`${file.name}: this browser cannot play it (MP4 with H.264 and WebM mostly work).`));
    });
    if (!this.video.videoWidth) throw new Error(`${file.name}: there is no picture in it.`);
    this.name = file.name;
    this.loaded = true;
    this.restart();
  }

  close() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.video.removeAttribute("src");
    this.session = null;
    Object.assign(this, { loaded: false, playing: false });
  }

  get size() {
    return [this.video.videoWidth, this.video.videoHeight];
  }

  get part() {
    return this.video.duration ? this.video.currentTime / this.video.duration : 0;
  }

  // Count frames from the first picture, which is shown, paused.
  restart() {
    this.session = {};
    Object.assign(this, { playing: false, ended: false, waiting: [], last: null, number: 0, step: Infinity, back: false });
    this.speed = 1;
    this.video.pause();
    this.watch(this.session);
    this.video.currentTime = 0;
    this.handlers.changed();
  }

  setPlaying(playing) {
    if (!this.loaded || this.ended || playing === this.playing) return;
    this.playing = playing;
    if (playing) this.go();
    else this.video.pause();
    this.handlers.changed();
  }

  // Slowly, until it is known how long a frame takes.
  go() {
    this.video.playbackRate = this.number < UNSURE && this.handlers.exact() ? SLOWEST : this.speed;
    this.video.play().catch(() => {}); // a pause may come before it has begun
  }

  watch(session) {
    this.video.requestVideoFrameCallback((now, { mediaTime }) => {
      if (this.session !== session) return;
      this.watch(session);
      if (mediaTime === this.last) return;
      if (this.last !== null && this.steps(mediaTime) > 1 && !this.back && this.handlers.exact()) this.goBack();
      else this.take(session, mediaTime);
    });
  }

  // The browser was too slow to show the next frame: show it now, and play slower from then on.
  goBack() {
    this.video.pause();
    this.back = true;
    if (this.ended) Object.assign(this, { ended: false, playing: true });
    this.speed = Math.max(this.speed / 2, SLOWEST);
    this.video.currentTime = this.last + 1.5 * this.step;
  }

  async take(session, time) {
    if (this.last !== null) this.number += this.steps(time);
    if (this.number === UNSURE) this.video.playbackRate = this.speed;
    this.last = time;
    this.back = false;
    const { waiting } = this;
    waiting.push({ number: this.number, time });
    if (waiting.length >= MOST_WAITING) this.video.pause();
    waiting.at(-1).image = createImageBitmap(this.video);
    if (waiting.length > 1) return; // those are taken in turn
    while (this.session === session && waiting.length) {
      await this.handlers.frame(await waiting[0].image, waiting[0].number, waiting[0].time);
      waiting.shift();
      if (this.session === session && this.playing && this.video.paused && !this.ended) this.go();
    }
    this.handlers.changed();
  }

  // How many frames `time` is after the last one.
  steps(time) {
    this.step = Math.min(this.step, Math.max(time - this.last, SHORTEST));
    return Math.max(1, Math.round((time - this.last) / this.step));
  }

  end() {
    if (this.back) return; // a frame before the last is still to come
    Object.assign(this, { ended: true, playing: false });
    this.handlers.changed();
  }
}
