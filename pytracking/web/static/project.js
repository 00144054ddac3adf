// The annotations as the server has them, and the changes that are asked for.

export class Project {
  // handlers: {changed(state), status(open), failed(text)}
  constructor(handlers) {
    this.handlers = handlers;
    this.tracks = new Map();
    this.state = { busy: null, undo: false, redo: false, saved: true, save_error: "", message: "", path: "" };
    const events = new EventSource("/events");
    events.addEventListener("open", () => {
      this.tracks.clear(); // all of them come anew
      handlers.status(true);
    });
    events.addEventListener("error", () => handlers.status(false));
    events.addEventListener("message", ({ data }) => this.take(JSON.parse(data)));
  }

  take({ ids, tracks, ...state }) {
    for (const { id, label, boxes, ends } of tracks) {
      const byFrame = new Map(boxes.map(([frame, x, y, w, h, key, doubt]) => [frame, { box: [x, y, w, h], key: key === 1, doubt }]));
      this.tracks.set(id, { id, label, boxes: byFrame, frames: boxes.map(([frame]) => frame), ends });
    }
    this.tracks = new Map(ids.map((id) => [id, this.tracks.get(id)]));
    this.state = state;
    this.handlers.changed(state);
  }

  // Ask for a change; the id of the target whose box was drawn, undefined if the change was refused.
  async edit(type, fields = {}) {
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch("/edit", { method: "POST", headers, body: JSON.stringify({ type, ...fields }) });
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()).target;
    } catch (error) {
      this.handlers.failed(error instanceof TypeError ? "There is no connection to the server." : error.message);
      return undefined;
    }
  }

  get labels() {
    return [...new Set([...this.tracks.values()].map(({ label }) => label))];
  }

  // The keyframes of a target, ascending.
  keys(id) {
    const { frames, boxes } = this.tracks.get(id);
    return frames.filter((frame) => boxes.get(frame).key);
  }

  // Where to look next: the first frame after `frame` of a run of boxes in doubt, of any target; then, from the start.
  nextDoubt(frame) {
    const starts = [];
    for (const { id, frames, boxes } of this.tracks.values()) {
      for (const at of frames) {
        if (boxes.get(at).doubt >= 0.5 && !(boxes.get(at - 1)?.doubt >= 0.5)) starts.push({ frame: worst(boxes, at), id });
      }
    }
    starts.sort((a, b) => a.frame - b.frame);
    return starts.find((place) => place.frame > frame) ?? starts[0];
  }
}

// The frame in most doubt of the run that begins at `frame`: a correction there helps most.
function worst(boxes, frame) {
  let found = frame;
  for (let at = frame; boxes.get(at)?.doubt >= 0.5; at += 1) if (boxes.get(at).doubt > boxes.get(found).doubt) found = at;
  return found;
}
