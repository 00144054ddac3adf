// Which frame is shown, and playing.

const AHEAD = 4; // frames that are fetched before they are shown

export class Player {
  // shown(frame): called when a frame is on the stage; failed(text).
  constructor(frames, stage, handlers) {
    Object.assign(this, { frames, stage, handlers, length: 1, size: [1, 1], period: 40, frame: -1, wanted: null, timer: null });
  }

  open({ frames, size, fps }) {
    Object.assign(this, { length: frames, size, period: 1000 / (fps || 25) });
  }

  get playing() {
    return this.timer !== null;
  }

  // Show a frame: the newest wish wins.
  async go(frame) {
    const busy = this.wanted !== null;
    this.wanted = Math.min(Math.max(frame, 0), this.length - 1);
    if (busy) return;
    while (this.wanted !== null && this.wanted !== this.frame) {
      const next = this.wanted;
      try {
        const image = await this.frames.get(next);
        this.stage.show(image, this.size);
        this.frame = next;
        this.handlers.shown(next);
      } catch (error) {
        this.stop();
        this.wanted = null;
        this.handlers.failed(error instanceof TypeError ? "There is no connection to the server." : error.message);
        return;
      }
    }
    this.wanted = null;
  }

  toggle() {
    if (this.playing) this.stop();
    else this.play();
  }

  play() {
    if (this.frame >= this.length - 1) this.go(0);
    const step = async () => {
      const due = performance.now() + this.period;
      for (let ahead = 1; ahead <= AHEAD && this.frame + ahead < this.length; ahead += 1) this.frames.get(this.frame + ahead).catch(() => {});
      await this.go(this.frame + 1);
      if (!this.playing) return;
      if (this.frame >= this.length - 1) this.stop();
      else this.timer = setTimeout(step, Math.max(0, due - performance.now()));
    };
    this.timer = setTimeout(step, 0);
    this.handlers.playing(true);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.handlers.playing(false);
  }
}
