// The video: its transport bar, playing, and seeking.

export class Film {
  // elements: {play, back, forward, seek, place}. changed: called when hints may have to change.
  constructor(elements, link, changed) {
    Object.assign(this, { ...elements, link, changed });
    this.pictures = new Map(); // decoded pictures without a result, by number
    this.close();
    this.play.addEventListener("click", () => this.toggle());
    this.back.addEventListener("click", () => this.step(-1));
    this.forward.addEventListener("click", () => this.step(1));
    this.seek.addEventListener("input", () => this.drag());
    this.seek.addEventListener("change", () => this.drop());
  }

  // message: what the server says of the video; name: of its file.
  open({ width, height, frames, fps, suggestion }, name) {
    this.close();
    Object.assign(this, { loaded: true, frames, fps, name, suggestion, size: [width, height] });
    this.seek.max = Math.max((frames ?? 1) - 1, 0);
    this.seek.disabled = !frames;
    this.show();
  }

  close() {
    this.pictures.clear();
    Object.assign(this, { loaded: false, gone: false, playing: false, ended: false, frame: null, suggestion: null });
    Object.assign(this, { wanted: null, asked: null, goOn: false, dragging: false });
  }

  // The connection has gone, and the video with it.
  lose() {
    this.pictures.clear();
    Object.assign(this, { playing: false, gone: true, wanted: null, asked: null });
    this.show();
  }

  get ready() {
    return this.loaded && !this.gone;
  }

  time(frame) {
    return this.fps ? frame / this.fps : null;
  }

  toggle() {
    this.setPlaying(!this.playing);
  }

  setPlaying(playing) {
    if (!this.ready || playing === this.playing) return;
    this.playing = playing;
    this.ended &&= !playing; // it begins again
    this.link.send(playing ? "play" : "pause");
    this.show();
  }

  step(by) {
    this.setPlaying(false);
    this.goTo((this.wanted ?? this.frame ?? 0) + by);
  }

  // One request at a time; the newest wish is next.
  goTo(frame) {
    if (!this.ready || !this.frames) return;
    this.wanted = Math.min(Math.max(frame, 0), this.frames - 1);
    this.seek.value = this.wanted;
    this.tell(this.wanted);
    if (this.asked === null) this.ask();
  }

  ask() {
    this.asked = this.wanted;
    this.link.send("seek", { frame: this.asked });
  }

  // While the slider is dragged, the video does not play.
  drag() {
    this.goOn ||= this.playing;
    this.dragging = true;
    this.setPlaying(false);
    this.goTo(Number(this.seek.value));
  }

  drop() {
    this.dragging = false;
    if (this.goOn) this.setPlaying(true);
    this.goOn = false;
  }

  // Picture `frame` is on the stage.
  arrived(frame) {
    this.frame = frame;
    this.ended = false;
    if (this.asked === frame) {
      this.asked = null;
      if (this.wanted !== frame) return this.ask();
      this.wanted = null;
    }
    if (this.wanted === null) {
      this.seek.value = frame;
      this.tell(frame);
    }
  }

  end() {
    Object.assign(this, { playing: false, ended: true, wanted: null, asked: null });
    this.show();
  }

  tell(frame) {
    this.place.textContent = this.frames ? `${frame} / ${this.frames - 1}` : `${frame}`;
    this.seek.setAttribute("aria-valuetext", `frame ${frame} of ${this.frames - 1}`);
  }

  show() {
    this.play.textContent = this.playing ? "Pause" : "Play";
    for (const button of [this.play, this.back, this.forward]) button.disabled = this.gone;
    this.seek.disabled = this.gone || !this.frames;
    this.changed();
  }
}
