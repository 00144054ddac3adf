// The picture and what is drawn on it. Boxes look as in the videos that run_video writes: a full frame while tracking,
// corners where the tracker is uncertain, red corners and the word LOST where it has lost the target.

export class Stage {
  constructor(frame, picture, overlay) {
    this.frame = frame;
    this.picture = picture;
    this.overlay = overlay;
    this.targets = [];
    this.selection = null;
    this.pending = null; // a dashed box: the one that the server is learning, or one that is offered
    this.name = (id) => `${id}`; // what a target is called
    this.label = (target) => `${this.name(target.id)}  ${target.state === "lost" ? "LOST" : target.score.toFixed(2)}`;
    this.trail = () => []; // its last targets, oldest first; undefined where it was not found
    this.size = [0, 0];
    new ResizeObserver(() => this.fit()).observe(frame);
  }

  // colours: of targets and of lost ones, [r, g, b] each.
  setColours(colours, lost) {
    const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
    this.colours = colours.map(css);
    this.lostColour = css(lost);
  }

  colour(target) {
    return target.state === "lost" ? this.lostColour : this.colours[target.id % this.colours.length];
  }

  // Show image; boxes are in pixels of a picture of `size` [width, height], which image may be a smaller copy of.
  show(image, size) {
    const [width, height] = [image.videoWidth || image.width, image.videoHeight || image.height];
    if (this.picture.width !== width || this.picture.height !== height) {
      Object.assign(this.picture, { width, height });
    }
    if (size[0] !== this.size[0] || size[1] !== this.size[1]) {
      this.size = size;
      document.body.style.setProperty("--ratio", size[0] / size[1]);
      this.fit();
    }
    this.picture.getContext("2d").drawImage(image, 0, 0);
  }

  fit() {
    const { width, height } = this.frame.getBoundingClientRect();
    this.overlay.width = Math.round(width * devicePixelRatio);
    this.overlay.height = Math.round(height * devicePixelRatio);
    this.draw();
  }

  // Pixels of the overlay a pixel of the picture.
  get scale() {
    return this.overlay.width / (this.size[0] || 1);
  }

  // Picture coordinates of a pointer event, inside the picture.
  locate(event) {
    const place = this.overlay.getBoundingClientRect();
    const inside = (value, length) => Math.min(Math.max(value, 0), length);
    return [
      inside(((event.clientX - place.left) / place.width) * this.size[0], this.size[0]),
      inside(((event.clientY - place.top) / place.height) * this.size[1], this.size[1]),
    ];
  }

  draw() {
    const context = this.overlay.getContext("2d");
    context.clearRect(0, 0, this.overlay.width, this.overlay.height);
    for (const target of this.targets) this.drawTrail(context, target);
    for (const target of this.targets) this.drawTarget(context, target);
    if (this.pending) this.drawPending(context, this.pending);
    if (this.selection) this.drawSelection(context, this.selection);
  }

  // The way of a target's middle, thinner with age, with gaps where it was lost.
  drawTrail(context, target) {
    const middle = ({ box: [x, y, w, h] }) => [(x + w / 2) * this.scale, (y + h / 2) * this.scale];
    const seen = this.trail(target.id).map((past) => (past && past.state !== "lost" ? middle(past) : null));
    context.strokeStyle = this.colour({ ...target, state: "tracking" });
    context.lineCap = "round";
    for (let i = 1; i < seen.length; i += 1) {
      if (!seen[i] || !seen[i - 1]) continue;
      context.lineWidth = (1 + (2 * i) / seen.length) * devicePixelRatio;
      context.beginPath();
      context.moveTo(...seen[i - 1]);
      context.lineTo(...seen[i]);
      context.stroke();
    }
  }

  drawTarget(context, target) {
    const box = target.box.map((value) => value * this.scale);
    const colour = this.colour(target);
    const path = target.state === "tracking" ? frameOf(box) : cornersOf(box);
    const thick = target.selected ? 2 : 0;
    for (const [style, width] of [["rgb(0 0 0 / 65%)", 5 + thick], [colour, 2.5 + thick]]) {
      context.strokeStyle = style;
      context.lineWidth = width * devicePixelRatio;
      context.stroke(path);
    }
    this.drawLabel(context, box, this.label(target), colour);
  }

  drawLabel(context, [x, y], text, colour) {
    const unit = devicePixelRatio;
    context.font = `600 ${13 * unit}px system-ui, sans-serif`;
    const [width, height] = [context.measureText(text).width + 12 * unit, 21 * unit];
    const left = Math.min(Math.max(x - 1.25 * unit, 0), Math.max(0, this.overlay.width - width));
    const top = Math.min(Math.max(y - height, 0), this.overlay.height - height);
    context.fillStyle = colour;
    context.fillRect(left, top, width, height);
    context.fillStyle = readableOn(colour);
    context.textBaseline = "middle";
    context.fillText(text, left + 6 * unit, top + height / 2);
  }

  drawPending(context, box) {
    const path = frameOf(box.map((value) => value * this.scale));
    const unit = devicePixelRatio;
    for (const [style, width, dashes] of [["rgb(0 0 0 / 65%)", 5, []], ["#fff", 2.5, [7 * unit, 5 * unit]]]) {
      context.strokeStyle = style;
      context.lineWidth = width * unit;
      context.setLineDash(dashes);
      context.stroke(path);
    }
    context.setLineDash([]);
  }

  drawSelection(context, box) {
    const [x, y, w, h] = box.map((value) => value * this.scale);
    context.fillStyle = "rgb(4 8 10 / 50%)";
    const shade = new Path2D();
    shade.rect(0, 0, this.overlay.width, this.overlay.height);
    shade.rect(x, y, w, h);
    context.fill(shade, "evenodd");
    context.strokeStyle = "#fff";
    context.lineWidth = 2 * devicePixelRatio;
    context.stroke(frameOf([x, y, w, h]));
  }
}

function frameOf([x, y, w, h]) {
  const path = new Path2D();
  path.rect(x, y, w, h);
  return path;
}

function cornersOf([x, y, w, h]) {
  const path = new Path2D();
  const arm = Math.max(3, Math.min(w, h) / 4);
  for (const [left, right] of [[x, 1], [x + w, -1]]) {
    for (const [top, down] of [[y, 1], [y + h, -1]]) {
      path.moveTo(left + right * arm, top);
      path.lineTo(left, top);
      path.lineTo(left, top + down * arm);
    }
  }
  return path;
}

// Black or white, whichever is easier to read on a colour "rgb(r g b)".
function readableOn(colour) {
  const [r, g, b] = colour.match(/\d+/g).map(Number);
  return 0.3 * r + 0.59 * g + 0.11 * b > 110 ? "#000" : "#fff";
}
