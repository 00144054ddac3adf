// A row for each target: where it has boxes, how doubtful they are, and its keyframes. A click goes to a frame.

const ROW = 22; // pixels
const PAD = 8;

export class Timeline {
  // handlers: {go(frame), select(id)}
  constructor(canvas, stage, project, handlers) {
    Object.assign(this, { canvas, stage, project, handlers, length: 1, frame: 0, selected: null });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.touch(event, true);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && this.touch(event, false));
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(canvas.parentElement); // drawing may resize it
  }

  touch(event, first) {
    const place = this.canvas.getBoundingClientRect();
    const part = (event.clientX - place.left - PAD) / (place.width - 2 * PAD);
    const row = Math.floor((event.clientY - place.top) / ROW);
    const id = [...this.project.tracks.keys()][row];
    if (first && id !== undefined) this.handlers.select(id);
    this.handlers.go(Math.round(Math.min(Math.max(part, 0), 1) * (this.length - 1)));
  }

  show(frame, selected) {
    Object.assign(this, { frame, selected });
    this.draw();
  }

  draw() {
    const tracks = [...this.project.tracks.values()];
    const unit = devicePixelRatio;
    const height = Math.max(tracks.length, 1) * ROW;
    this.canvas.style.height = `${height}px`;
    const width = this.canvas.clientWidth;
    Object.assign(this.canvas, { width: width * unit, height: height * unit });
    const context = this.canvas.getContext("2d");
    context.scale(unit, unit);
    const step = (width - 2 * PAD) / Math.max(this.length - 1, 1);
    const x = (frame) => PAD + frame * step;
    tracks.forEach((track, row) => this.drawTrack(context, track, row * ROW, x, Math.max(step, 1)));
    context.fillStyle = "#fff";
    context.fillRect(x(this.frame) - 1, 0, 2, height);
  }

  drawTrack(context, { id, frames, boxes }, top, x, step) {
    const middle = top + ROW / 2;
    context.fillStyle = id === this.selected ? "#2a3338" : "#171d21";
    context.fillRect(0, top + 1, this.canvas.clientWidth, ROW - 2);
    const colour = this.stage.colour({ id, state: "tracking" });
    for (const frame of frames) {
      const { doubt } = boxes.get(frame);
      context.globalAlpha = 0.8;
      context.fillStyle = colour;
      context.fillRect(x(frame) - step / 2, middle - 2, step + 0.5, 4);
      if (doubt < 0.5) continue; // marks where to look: higher where it is more doubtful
      context.globalAlpha = 1;
      context.fillStyle = this.stage.lostColour;
      const tall = (ROW - 4) * doubt;
      context.fillRect(x(frame) - step / 2, middle - tall / 2, step + 0.5, tall);
    }
    context.globalAlpha = 1;
    for (const frame of frames) if (boxes.get(frame).key) diamond(context, x(frame), middle, colour);
  }
}

function diamond(context, x, y, colour) {
  const path = new Path2D();
  path.moveTo(x, y - 7);
  path.lineTo(x + 5, y);
  path.lineTo(x, y + 7);
  path.lineTo(x - 5, y);
  path.closePath();
  context.fillStyle = colour;
  context.strokeStyle = "#0c0f11";
  context.lineWidth = 1.5;
  context.fill(path);
  context.stroke(path);
}
